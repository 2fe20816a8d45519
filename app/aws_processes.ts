import { externalDataInterceptor } from "@smithy/shared-ini-file-loader";
import { AsyncLocalStorage } from "node:async_hooks";
import { exec } from "node:child_process";

/** Starts a process; what starts it is given, and does so at once. */
export type StartProcess = <T>(spawn: () => T) => T;

/** What starts the processes of a call; calls of others, in the same program, are left alone. */
const starting = new AsyncLocalStorage<StartProcess>();
let isTaken = false;

/**
 * Lets Amazon's library start processes, such as the `credential_process` of a profile, in a way of ours.
 *
 * @param start Starts them.
 * @param run Calls the library.
 * @returns What `run` returns.
 */
export function startingAwsProcesses<T>(start: StartProcess, run: () => Promise<T>): Promise<T> {
  if (!isTaken) {
    isTaken = true;
    // The library takes its `exec` from here, by promisify, where there is one.
    externalDataInterceptor.interceptToken("exec", execute as never);
  }
  return starting.run(start, run);
}

function execute(command: string, done: (error: Error | null, output: { stdout: string; stderr: string }) => void) {
  const run = () => exec(command, (error, stdout, stderr) => done(error, { stdout, stderr }));
  return (starting.getStore() ?? ((spawn) => spawn()))(run);
}
