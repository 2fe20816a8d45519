import { basename, dirname, resolve } from "@std/path";
import { showAddress } from "../base/show_address.ts";
import { isRedisAddress, parseRedisAddress } from "../config/redis_address.ts";
import { STATE_FOLDER } from "../download/task_names.ts";
import { makeStateFolder } from "../download/state_folder.ts";
import { LOCAL_KV_LIMITS, REMOTE_KV_LIMITS } from "../queue/kv_store.ts";
import { QueueUnavailableError } from "../queue/queue_unavailable_error.ts";
import { TaskKvList } from "../queue/task_kv_list.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";
import { exposedFiles } from "./exposed_files.ts";

/** How {@linkcode openTaskList} opens. */
export interface OpenTaskListOptions {
  /** Make the list if there is none. Default true. */
  create?: boolean;
  /** Which of the lists on a Redis. Default `"default"`. */
  namespace?: string;
  /** The certificates for a Redis with TLS, in PEM. Default: those that the system trusts, and none of our own. */
  tls?: { ca?: string; cert?: string; key?: string };
  /** Wait for a Redis that does not answer yet, for ever. Default false. */
  wait?: boolean;
  /**
   * How long to go on without a Redis that does not answer any more, in milliseconds, or a file that is locked. Default 10,000;
   * for a file 30,000.
   */
  patienceMs?: number;
  /** How long the answer of a Redis may take before its connection counts as broken, in milliseconds. Default 10,000. */
  answerMs?: number;
  /** How many tasks of one host all machines together may run, on Redis. Default: any number. */
  hostCap?: number;
  /** Told once when a Redis does not answer, with the reason, and without one when it does again. */
  onTrouble?: (reason: string | undefined) => void;
  /** Told what endangers the list, such as a Redis that may drop tasks. Default: nobody is. */
  warn?: (message: string) => void;
}

/**
 * Opens a task list by its address.
 *
 * @param address `kv:FILE`; `kv::memory:` for a list that nobody else sees; `redis://…`, `rediss://…`, `redis+sentinel://…` or
 * `redis+cluster://…` for one that many machines share; `https://…` for one on a KV Connect server, whose token is in the
 * variable `DENO_KV_ACCESS_TOKEN`.
 * @param options What to do if there is none, and how to reach it.
 * @returns The list; dispose of it.
 * @throws {QueueUnavailableError} If there is none, or it cannot be opened.
 *
 * @example
 * ```ts
 * import { openTaskList } from "./open_task_list.ts";
 *
 * await using list = await openTaskList("kv::memory:");
 * await list.counts(); // { waiting: 0, running: 0, … }
 * ```
 */
export async function openTaskList(address: string, options: OpenTaskListOptions = {}): Promise<TaskSharedList> {
  if (isRedisAddress(address)) return await openRedis(address, options);
  const path = address.replace(/^kv:/, "");
  if (path === ":memory:") return await TaskKvList.open(path);
  const patience = options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs };
  if (isRemote(path)) return await TaskKvList.open(path, { limits: REMOTE_KV_LIMITS, ...patience });
  const file = resolve(path);
  if (options.create === false && !(await taskListExists(address))) {
    throw new QueueUnavailableError(`Cannot open the task list as there is none at ${showAddress(address)}`, address);
  }
  try {
    const folder = dirname(file);
    if (basename(folder) === STATE_FOLDER) makeStateFolder(dirname(folder));
    else await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new QueueUnavailableError(`Cannot open the task list ${address}: ${message}`, address, { cause: error });
  }
  // Before it is opened: what SQLite puts beside it then goes by its mode.
  const exposed = options.warn === undefined ? undefined : await exposedFiles({ list: file });
  const list = await TaskKvList.open(file, { limits: LOCAL_KV_LIMITS, ...patience });
  if (exposed !== undefined && exposed.count > 0) {
    const whose = exposed.count === 1 ? "it" : "them";
    options.warn?.(`others can read the task list, which may hold secrets: ${exposed.mend} keeps ${whose} to you`);
  }
  return list;
}

/** Says whether there is a task list at an address already; one on a server is there when the server is. */
export async function taskListExists(address: string): Promise<boolean> {
  if (isOnServer(address)) return true;
  try {
    await Deno.stat(resolve(address.replace(/^kv:/, "")));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** True for the address of a list that is no file of this machine. */
export function isOnServer(address: string): boolean {
  return isRedisAddress(address) || isRemote(address.replace(/^kv:/, ""));
}

function isRemote(path: string): boolean {
  return /^https?:\/\//.test(path);
}

async function openRedis(address: string, options: OpenTaskListOptions): Promise<TaskSharedList> {
  const parsed = parseRedisAddress(address);
  if (parsed.type === "problem") {
    throw new QueueUnavailableError(`Cannot open the task list as its address ${parsed.reason}`, "redis:");
  }
  // The client is a large library: only a list on Redis loads it.
  const { TaskRedisList } = await import("../queue/task_redis_list.ts");
  const list = await TaskRedisList.open(parsed.address, options);
  const policy = options.warn === undefined ? undefined : await list.evicts();
  if (policy !== undefined) options.warn?.(evictionText(policy));
  return list;
}

/** What is wrong with a policy by which a server drops tasks. */
export function evictionText(policy: string): string {
  return "the Redis of the task list may drop tasks when its memory is full: " +
    `its maxmemory-policy is ${policy} and must be noeviction`;
}
