/**
 * The entry of a download worker. It pins itself before anything else runs: threads that this one makes later inherit
 * its mask, and loading the rest of the program makes some.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { bindProc } from "./bind_proc.ts";

const hello = bindProc(self.name);
const { startWorker } = await import("./worker_body.ts");
startWorker(self, hello);
