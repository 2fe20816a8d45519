import type { ThreadPermissions } from "./proc_thread.ts";

/** Deno lets only code with all permissions touch these. */
const GUARDED = /^\/(proc|sys|dev)(\/|$)/;

/** What a thread needs. */
export interface ThreadNeeds {
  /** Folders to read, as the system resolves them. */
  read: readonly string[];
  /** Write those folders too. */
  write: boolean;
  /** Reach the network. */
  net: boolean;
  /** The C library, to pin itself with. */
  library: string | undefined;
}

/**
 * The permissions of a thread: what it needs and nothing else. Below `/dev/shm` and its like Deno asks for all
 * permissions, so a thread that works there has what its parent has.
 *
 * @param needs What it needs.
 * @returns The permissions for `new Worker`.
 */
export function threadPermissions({ read, write, net, library }: ThreadNeeds): ThreadPermissions {
  if (read.some((folder) => GUARDED.test(folder))) return "inherit";
  return {
    net,
    read: [...read],
    write: write ? [...read] : false,
    env: false,
    run: false,
    sys: false,
    ffi: library === undefined ? false : [library],
    import: "inherit",
  } as Deno.PermissionOptionsObject;
}
