import { dirname, fromFileUrl } from "@std/path";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { ThreadPermissions } from "./proc_thread.ts";

/** Deno lets only code with all permissions touch these. */
const GUARDED = /^\/(proc|sys|dev)(\/|$)/;

/** What a thread needs. */
export interface ThreadNeeds {
  /** Files and folders to read, as the system resolves them; `all` is everything. */
  read: readonly string[] | "all";
  /** What of it to write too. */
  write: readonly string[];
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
  if ([...write, ...(read === "all" ? [] : read)].some((folder) => GUARDED.test(folder))) return "inherit";
  return {
    net,
    read: read === "all" ? true : [...read],
    write: write.length === 0 ? false : [...write],
    env: false,
    run: false,
    sys: false,
    ffi: library === undefined ? false : [library],
    import: "inherit",
  } as Deno.PermissionOptionsObject;
}

/**
 * What a download worker reads and writes: the download folder; the socket of the SSH agent, if there is one; the folder of
 * each driver of the user; and all files, if the user allows `file:` urls.
 *
 * @param settings The settings.
 * @param root The download folder.
 */
export function workerNeeds(
  { allowFile, protocols = [] }: Pick<CfgSettings, "allowFile" | "protocols">,
  root: string,
): Pick<ThreadNeeds, "read" | "write"> {
  const modules = protocols.map(({ module }) => module).filter((module) => module.startsWith("file:"));
  const agent = Deno.permissions.querySync({ name: "env", variable: "SSH_AUTH_SOCK" }).state === "granted"
    ? Deno.env.get("SSH_AUTH_SOCK")
    : undefined;
  const shared = agent === undefined || agent === "" ? [root] : [root, agent];
  return { read: allowFile ? "all" : [...shared, ...modules.map((url) => dirname(fromFileUrl(url)))], write: shared };
}
