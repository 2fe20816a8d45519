/**
 * The entry of the config worker, which watches the task file and feeds new tasks. Pinned like a download worker.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { bindProc, sealProc } from "./bind_proc.ts";

const hello = bindProc(self.name);
for (const call of Object.values(sealProc(self.name))) call[Symbol.dispose]();
const { startConfig } = await import("./config_body.ts");
startConfig(self, hello);
