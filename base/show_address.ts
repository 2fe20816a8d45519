const SCHEME = /^\s*([a-z][a-z0-9+.-]*:\/\/)(.*)$/is;
/** What was to be a url, but has no `//`. */
const NEARLY = /^\s*(?:rediss?|https?|socks5h?|ftps?|sftp|s3)\b[^:]*:/i;
const HOST = String.raw`(?:\[[\da-f:.]+\]|[^:[\]\s@\\,]+)(?::\d{1,5})?`;
/** Hosts as an address has them: what looks otherwise may be a user and a password without a host. */
const HOSTS = new RegExp(`^${HOST}(?:,${HOST})*$`, "i");
const HIDDEN = "…";

/**
 * An address as a message may show it, however wrong it is: without user, password, query and fragment, and without what may be
 * one of them. The name of a file comes back as it is.
 *
 * @param text What was given as an address.
 * @returns The same; what is hidden of an address that is wrong is `…`.
 *
 * @example
 * ```ts
 * import { showAddress } from "./show_address.ts";
 *
 * showAddress("https://me:secret@example.org/db?token=secret"); // "https://example.org/db"
 * showAddress("redis://:sec/ret@example.org/0"); // "redis://…@example.org/0"
 * showAddress("kv:queue.db"); // "kv:queue.db"
 * ```
 */
export function showAddress(text: string): string {
  const [, scheme, rest = ""] = SCHEME.exec(text) ?? [];
  if (scheme === undefined) return withoutScheme(text);
  if (/^file:/i.test(scheme)) return text;
  const url = /^https?:/i.test(scheme) ? URL.parse(text) : null;
  if (url !== null) {
    const open = url.username === "" && url.password === "" && !/[?#]/.test(rest);
    return open ? text : `${url.protocol}//${url.host}${url.pathname}`;
  }
  const at = rest.lastIndexOf("@");
  if (at < 0) return scheme + bare(rest);
  const mark = rest.search(/[?#]/);
  // A query with an @ in it, or a password with a ? in it: the second only where nothing else can be meant.
  const clear = mark < 0 || mark > at ||
    (/^rediss?\b/i.test(scheme) && isLogin(rest.slice(0, mark), rest.slice(mark, at)));
  return scheme + (clear ? `${HIDDEN}@${bare(rest.slice(at + 1))}` : HIDDEN);
}

/**
 * A message in which each url is as {@linkcode showAddress} has it.
 *
 * @param message What others say, such as an error of a library.
 */
export function hideAddresses(message: string): string {
  return message.replace(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, (found) => {
    const end = /["'`)\]}>,;:.]*$/.exec(found)![0];
    return showAddress(found.slice(0, found.length - end.length)) + end;
  });
}

function withoutScheme(text: string): string {
  if (/^kv:/i.test(text)) return text.includes("://") ? text.slice(0, 3) + showAddress(text.slice(3)) : text;
  const at = text.lastIndexOf("@");
  if (at >= 0) return /[?#]/.test(text.slice(0, at)) ? HIDDEN : `${HIDDEN}@${bare(text.slice(at + 1))}`;
  const nearly = NEARLY.exec(text)?.[0];
  return nearly === undefined ? text.replace(/[?#].*$/s, HIDDEN) : nearly + HIDDEN;
}

/** True if what stands before a ? is no host, and what is behind it no query. */
function isLogin(before: string, behind: string): boolean {
  return !before.includes("@") && !isHost(before) && !behind.includes("=");
}

/** Hosts and path, or nothing where no host can be seen. */
function bare(rest: string): string {
  const shown = rest.replace(/[?#].*$/s, "");
  return isHost(shown) ? shown : HIDDEN;
}

function isHost(rest: string): boolean {
  return HOSTS.test(rest.replace(/\/.*$/s, ""));
}
