/**
 * The entry of a download worker. It pins itself before anything else runs: threads that this one makes later inherit
 * its mask, and loading the rest of the program makes some. And it gives up the permission to load libraries, so that nothing that
 * it loads later has it.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { bindProc, sealProc } from "./bind_proc.ts";

const hello = bindProc(self.name);
const calls = sealProc(self.name);
const { startWorker } = await import("./worker_body.ts");
startWorker(self, hello, calls);
