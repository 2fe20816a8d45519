/**
 * Which tasks a user means: `status=failed`, `error=http-503`, `host=example.org`, `out=photos/*`, `url=http://…`. One set of words for
 * every command that takes `--where`, and for the module.
 *
 * @module
 */
import { globToRegExp } from "@std/path";
import { redactUrl } from "../base/redact_url.ts";
import { type Task, TASK_STATUSES, type TaskError, type TaskErrorKind, type TaskStatus } from "./task_model.ts";
import { urlHost } from "./url_host.ts";

/** Which tasks are meant: those that match every field that is given. */
export interface TaskFilter {
  /** Only tasks in one of these states. */
  status?: readonly TaskStatus[];
  /** Only tasks whose latest failure is one of these: a kind such as `network`, or `http-` and a status or a class of them, such as `http-404` or `http-5xx`. */
  error?: readonly string[];
  /** Only tasks of one of these hosts, such as `example.org`, or with their port. */
  host?: readonly string[];
  /** Only tasks whose path matches one of these, such as `photos/*` or a name. */
  out?: readonly string[];
  /** Only tasks of one of these urls, credentials aside. */
  url?: readonly string[];
  /** Only tasks that another attempt could cure, or only those that none could. */
  retryable?: boolean;
  /** Only tasks that may be asked for again at this time, by what their hosts said; in milliseconds since the epoch. */
  askableAt?: number;
  /** Only tasks that were settled before this time, in milliseconds since the epoch. */
  finishedBefore?: number;
}

/** A filter from the words of a command line, or what is wrong with them. */
export type ParsedFilter = { type: "filter"; filter: TaskFilter } | { type: "problem"; message: string };

type Reader = (value: string) => Partial<TaskFilter> | string;

const STATUS_CLASS = /^http-([45])xx$/;
/** Every kind: a type error here names one that is missing. */
const IS_ERROR_KIND: Readonly<Record<TaskErrorKind, true>> = {
  http: true,
  network: true,
  timeout: true,
  disk: true,
  name: true,
  protocol: true,
  unsupported: true,
  redirect: true,
  integrity: true,
  size: true,
  security: true,
  auth: true,
  "not-found": true,
  crash: true,
  internal: true,
};

/** What may stand before the = of a word, and how what stands behind it is read. */
const READERS: Readonly<Record<string, Reader>> = {
  status: (value) => {
    const status = TASK_STATUSES.filter((status) => status === value);
    return status.length > 0 ? { status } : `must be one of ${TASK_STATUSES.join(", ")}`;
  },
  error: (value) => {
    const known = Object.hasOwn(IS_ERROR_KIND, value) || /^http-[1-5]\d\d$/.test(value) ||
      STATUS_CLASS.test(value);
    return known ? { error: [value] } : `must be http-404, http-5xx or one of ${Object.keys(IS_ERROR_KIND).join(", ")}`;
  },
  host: (value) => value.includes("/") ? "must be a host such as example.org" : { host: [value.toLowerCase()] },
  out: (value) => ({ out: [value] }),
  url: (value) => ({ url: [redactUrl(value)] }),
};

/**
 * Reads a filter from words. Several words with one key widen it, words with different keys narrow it.
 *
 * @param words Each is `key=value`, with one of the keys `status`, `error`, `host`, `out` and `url`.
 * @returns The filter, or the first word that is wrong and why.
 *
 * @example
 * ```ts
 * import { parseTaskFilter } from "./task_filter.ts";
 *
 * parseTaskFilter(["status=failed", "error=http-503"]);
 * // { type: "filter", filter: { status: ["failed"], error: ["http-503"] } }
 * ```
 */
export function parseTaskFilter(words: readonly string[]): ParsedFilter {
  const filter: Record<string, unknown[]> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    const key = word.slice(0, Math.max(equals, 0));
    const value = word.slice(equals + 1);
    if (!Object.hasOwn(READERS, key)) {
      return { type: "problem", message: `must be ${KEYS} with = and a value: current value is "${redactUrl(word)}"` };
    }
    const read = value === "" ? "must have a value" : READERS[key]!(value);
    if (typeof read === "string") {
      return { type: "problem", message: `${read} after ${key}=: current value is "${redactUrl(word)}"` };
    }
    for (const [field, values] of Object.entries(read)) (filter[field] ??= []).push(...values as unknown[]);
  }
  return { type: "filter", filter: filter as TaskFilter };
}

const KEYS = Object.keys(READERS).join(", ").replace(/, (\w+)$/, " or $1");

/**
 * Says which tasks a filter means.
 *
 * @param filter The filter; an empty one means every task.
 * @returns True for a task that matches every field of it.
 */
export function taskMatcher(filter: TaskFilter): (task: Task) => boolean {
  const { status, error, host, out, retryable, askableAt = Infinity, finishedBefore = Infinity } = filter;
  const urls = filter.url?.map(redactUrl);
  const paths = out?.map((glob) => globToRegExp(glob, { os: "linux" }));
  return (task) => {
    if (status !== undefined && !status.includes(task.status)) return false;
    if (error !== undefined && !error.some((name) => isError(task.error, name))) return false;
    if (retryable !== undefined && (task.error?.retryable === true) !== retryable) return false;
    if ((task.error?.retryAt ?? 0) > askableAt) return false;
    if (finishedBefore !== Infinity && (task.finishedAt ?? 0) >= finishedBefore) return false;
    if (urls !== undefined && !urls.includes(redactUrl(task.url))) return false;
    if (paths !== undefined && !paths.some((path) => path.test(task.out))) return false;
    return host === undefined || hasHost(task.url, host);
  };
}

function isError(error: TaskError | undefined, name: string): boolean {
  if (error === undefined) return false;
  if (error.kind === name) return true;
  const group = STATUS_CLASS.exec(name)?.[1];
  if (group !== undefined) return error.status !== undefined && Math.floor(error.status / 100) === Number(group);
  return name === `http-${error.status}`;
}

function hasHost(url: string, hosts: readonly string[]): boolean {
  const { host } = urlHost(url);
  return hosts.includes(host) || hosts.includes(host.replace(/:\d+$/, ""));
}
