import { parseTask } from "./task_codec.ts";
import { taskShard } from "./task_keys.ts";
import { taskHost } from "./task_model.ts";

/** The host of a url, and its shard. */
export interface UrlHost {
  /** As {@linkcode taskHost} names it. */
  host: string;
  /** Which part of the ready tasks is its own. */
  shard: number;
}

const KNOWN_AT_MOST = 2000;
/** Nothing behind such a beginning can change the host. */
const PLAIN_BEGINNING = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#\\]+\/$/i;

/** The host of the task that a text of the list stands for, without reading all of it if its beginning is known. */
export function textHost(text: string): string {
  const from = text.indexOf('"') + 1;
  if (text.startsWith(lastBeginning, from)) return last.host;
  const beginning = text.slice(from, text.indexOf("/", text.indexOf("://", from) + 3) + 1);
  return (remembered(beginning) ?? urlHost(parseTask(text).url)).host;
}

/** The latest: neighbours are often of one host. */
let lastBeginning = "\0";
let last: UrlHost = { host: "", shard: 0 };

function remembered(beginning: string): UrlHost | undefined {
  const found = known.get(beginning);
  if (found !== undefined) {
    lastBeginning = beginning;
    last = found;
  }
  return found;
}

/** By the beginnings of urls: a list has many urls and few hosts, and parsing a url costs more than all else here. */
const known = new Map<string, UrlHost>();

/**
 * The host of a url, and its shard.
 *
 * @param url Any url; of one that is none, the host is empty.
 */
export function urlHost(url: string): UrlHost {
  if (url.startsWith(lastBeginning)) return last;
  const beginning = url.slice(0, url.indexOf("/", url.indexOf("://") + 3) + 1);
  const found = remembered(beginning);
  if (found !== undefined) return found;
  const host = taskHost(url);
  const result = { host, shard: taskShard(host) };
  if (!PLAIN_BEGINNING.test(beginning)) return result;
  if (known.size >= KNOWN_AT_MOST) known.clear();
  known.set(beginning, result);
  return result;
}
