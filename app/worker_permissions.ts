import type { ThreadPermissions } from "./proc_thread.ts";

/** Deno lets only code with all permissions touch these. */
const GUARDED = /^\/(proc|sys|dev)(\/|$)/;

/**
 * What a download worker may do: reach the network, read and write the download folder, load the C library to pin
 * itself. Below `/dev/shm` and its like Deno asks for all permissions, so a worker there has what its parent has.
 *
 * @param root The download folder, resolved by the system.
 * @param library The C library.
 * @returns The permissions for `new Worker`.
 */
export function workerPermissions(root: string, library: string | undefined): ThreadPermissions {
  if (GUARDED.test(root)) return "inherit";
  return {
    net: true,
    read: [root],
    write: [root],
    env: false,
    run: false,
    sys: false,
    ffi: library === undefined ? false : [library],
    import: "inherit",
  } as Deno.PermissionOptionsObject;
}
