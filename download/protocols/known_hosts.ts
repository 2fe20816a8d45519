/**
 * The files in which OpenSSH keeps the keys of the servers that it knows (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
 *
 * @module
 */
import { createHmac } from "node:crypto";

/** One line that is about a host. */
interface KnownKey {
  /** `@revoked` or `@cert-authority`; empty for a plain key. */
  marker: string;
  /** Such as `ssh-ed25519`. */
  type: string;
  /** The key in base64. */
  key: string;
}

/** What is known of a server. */
export interface KnownServer {
  /** The types of its keys; empty if it is not known. */
  readonly types: readonly string[];
  /**
   * Judges the key that the server shows.
   *
   * @param key The key in base64.
   * @returns `unknown` if there is no key at all for the server.
   */
  judge(key: string): "known" | "unknown" | "changed" | "revoked";
}

/**
 * Looks up a server: by `[host]:port`, or by the bare name where the port is the usual one; plain, hashed and with
 * wildcards. Lines for certificate authorities are passed over, as certificates are not used here.
 *
 * @param text The files, one behind the other; what makes no sense in them is passed over, as `ssh` does.
 * @param hostname The name or address, without brackets.
 * @param port The port.
 */
export function knownServer(text: string, hostname: string, port: number): KnownServer {
  const name = knownName(hostname, port);
  const keys: KnownKey[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === undefined || words[0] === "" || words[0].startsWith("#")) continue;
    const marker = words[0].startsWith("@") ? words.shift()! : "";
    const [patterns, type, key] = words;
    if (patterns === undefined || type === undefined || key === undefined) continue;
    if (marker !== "@cert-authority" && isMeant(name, patterns)) keys.push({ marker, type, key });
  }
  const plain = keys.filter(({ marker }) => marker === "");
  return {
    types: [...new Set(plain.map(({ type }) => type))],
    judge: (shown) => {
      if (keys.some(({ marker, key }) => marker === "@revoked" && key === shown)) return "revoked";
      if (plain.length === 0) return "unknown";
      return plain.some(({ key }) => key === shown) ? "known" : "changed";
    },
  };
}

/** How a server is written in such a file. */
export function knownName(hostname: string, port: number): string {
  const name = hostname.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

function isMeant(name: string, patterns: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(patterns);
  if (hashed !== null) {
    const [, salt, digest] = hashed;
    return createHmac("sha1", new Uint8Array(decodeBase64(salt!))).update(name).digest("base64") === digest;
  }
  let meant = false;
  for (const pattern of patterns.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!isLike(name, negated ? pattern.slice(1) : pattern)) continue;
    if (negated) return false;
    meant = true;
  }
  return meant;
}

/** `*` stands for any text, `?` for one character. Goes back to the last star only, so that no pattern takes long. */
function isLike(name: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < name.length;) {
    if (pattern[at] === "*") {
      star = at++;
      resume = i;
    } else if (pattern[at] === "?" || pattern[at] === name[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

function decodeBase64(text: string): number[] {
  try {
    return [...atob(text)].map((character) => character.charCodeAt(0));
  } catch {
    return [];
  }
}
