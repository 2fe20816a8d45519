import { fromFileUrl } from "@std/path";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DownloaderPlan } from "./downloader_plan.ts";
import type { ThreadPermissions } from "./proc_thread.ts";

/** Deno lets only code with all permissions touch these. */
const GUARDED = /^\/(proc|sys|dev)(\/|$)/;

/** The rooms that `workers/proc_driver.ts` and what it imports are in. */
const DRIVER_ROOMS = ["base", "download", "workers"];

/** What a thread needs. */
export interface ThreadNeeds {
  /** Files and folders to read, as the system resolves them; `all` is everything. */
  read: readonly string[] | "all";
  /** What of it to write too. */
  write: readonly string[];
  /** Modules to import, and the folders of those that its own threads import. Default: none. */
  code?: readonly string[];
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
export function threadPermissions({ read, write, code = [], net, library }: ThreadNeeds): ThreadPermissions {
  if ([...write, ...(read === "all" ? [] : read)].some((folder) => GUARDED.test(folder))) return "inherit";
  return {
    net,
    read: read === "all" ? true : [...read, ...code],
    write: write.length === 0 ? false : [...write],
    env: false,
    run: false,
    sys: false,
    ffi: library === undefined ? false : [library],
    import: "inherit",
  } as Deno.PermissionOptionsObject;
}

/**
 * The permissions of a download worker: the network, the download folder and the C library; the socket of the SSH agent, if there
 * is one; to read what the threads of drivers of the user are made of; and to read all files, if the user allows `file:` urls.
 *
 * @param plan What is decided.
 * @param root The download folder.
 */
export function workerPermissions(
  { restricted, library, settings: { allowFile, protocols = [] } }: DownloaderPlan,
  root: string,
): ThreadPermissions {
  if (!restricted) return "inherit";
  const agent = Deno.permissions.querySync({ name: "env", variable: "SSH_AUTH_SOCK" }).state === "granted"
    ? Deno.env.get("SSH_AUTH_SOCK")
    : undefined;
  const write = agent === undefined || agent === "" ? [root] : [root, agent];
  return threadPermissions({ read: allowFile ? "all" : write, write, code: driverCode(protocols), net: true, library });
}

/** A thread may start another one only of modules that it may read itself, and let it read only what it may. */
function driverCode(protocols: NonNullable<CfgSettings["protocols"]>): string[] {
  if (protocols.length === 0) return [];
  const own = DRIVER_ROOMS.map((room) => import.meta.resolve(`../${room}/`));
  return [...protocols.map(({ module }) => module), ...own]
    .filter((url) => url.startsWith("file:"))
    .map((url) => fromFileUrl(new URL(".", url)));
}
