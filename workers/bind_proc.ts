import { encodeError } from "../base/error_record.ts";
import { procBindToCpu } from "../ffi/proc_bind_to_cpu.ts";
import { ProcAffinityError } from "../ffi/proc_affinity_error.ts";
import { FileSpace } from "../ffi/file_space.ts";
import { RenameNoReplace } from "../ffi/rename_no_replace.ts";
import { decodeIdentity, type FromProcWorker } from "./proc_messages.ts";

/**
 * Pins the calling thread as its name asks.
 *
 * @param name The name of the Worker.
 * @returns The first message to the main thread; with the error if the pin failed, and the thread then runs unpinned.
 */
export function bindProc(name: string): FromProcWorker & { type: "hello" } {
  const { core, library } = decodeIdentity(name);
  if (core === undefined) return { type: "hello" };
  try {
    procBindToCpu(core, library === undefined ? {} : { library });
    return { type: "hello" };
  } catch (error) {
    const errno = error instanceof ProcAffinityError ? { errno: error.errno } : {};
    return { type: "hello", pinError: { ...encodeError(error), ...errno } };
  }
}

/** What a thread uses of the C library. */
export interface LibraryCalls {
  /** The rename. */
  renamer: RenameNoReplace;
  /** The space of files. */
  space: FileSpace;
}

/**
 * Opens what this thread goes on to use of the C library, and then gives up the permission to load any, if the thread has
 * permissions of its own.
 *
 * @param name The name of the Worker.
 * @returns What was opened.
 */
export function sealProc(name: string): LibraryCalls {
  const { library, sealed } = decodeIdentity(name);
  const calls = { renamer: new RenameNoReplace(library), space: new FileSpace(library) };
  // For all libraries: with a path it would change nothing where all of them are allowed. What is open goes on to work.
  if (sealed === true) Deno.permissions.revokeSync({ name: "ffi" });
  return calls;
}
