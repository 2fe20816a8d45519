import { showAddress } from "../base/show_address.ts";

/** Where a Redis is, and as whom it is asked. */
export interface RedisAddress {
  /** One server, a group of Sentinels that know which one, or a cluster. */
  kind: "server" | "sentinel" | "cluster";
  /** True if the connection is encrypted. */
  tls: boolean;
  /** Where to ask: one server, or those of the Sentinels or of the cluster that are known. */
  nodes: readonly { host: string; port: number }[];
  /** The name of the group, for Sentinels. */
  group?: string;
  /** The user; absent: the default one. */
  username?: string;
  /** The password; absent: none. */
  password?: string;
  /** The number of the database. */
  database: number;
  /** The address without user and password, for messages. */
  shown: string;
}

/** An address that was read, or what is wrong with it. */
export type ParsedRedisAddress = { type: "address"; address: RedisAddress } | { type: "problem"; reason: string };

/** A password may have been written with an `@` of its own: only the last one stands before the host. */
const FORM = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:(.*)@)?([^/?#@]*)((?:\/[^?#@]*)?)$/s;
const LOGIN = /^(?:[^@#?/%]|%[\da-f]{2})*$/i;
const NODE = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i;
const DEFAULT_PORTS = { server: 6379, cluster: 6379, sentinel: 26379 };

/** True if an address of a list is one of Redis. */
export function isRedisAddress(address: string): boolean {
  return /^rediss?(\+|:)/.test(address);
}

/**
 * Reads the address of a Redis.
 *
 * @param text `redis://[user:password@]host[:port][/database]`; `rediss://…` with TLS; `redis+sentinel://…` with several hosts
 * between commas, and the name of the group and the database behind them; `redis+cluster://…` with several hosts. With TLS the
 * last two begin with `rediss+`.
 * @returns The address, or what is wrong with it.
 *
 * @example
 * ```ts
 * import { parseRedisAddress } from "./redis_address.ts";
 *
 * const parsed = parseRedisAddress("redis+sentinel://a:26379,b:26379/main/2");
 * // { type: "address", address: { kind: "sentinel", group: "main", database: 2, … } }
 * ```
 */
export function parseRedisAddress(text: string): ParsedRedisAddress {
  const problem = (reason: string): ParsedRedisAddress => ({ type: "problem", reason });
  const [, scheme, special, login = "", hosts = "", path = ""] = FORM.exec(text) ?? [];
  if (scheme === undefined) return problem("must be like redis://user:password@host:6379/0");
  const encoded = "must have user and password percent-encoded: @ is %40, # is %23, % is %25, / is %2F, ? is %3F";
  if (!LOGIN.test(login)) return problem(encoded);
  const kind = (special ?? "server") as RedisAddress["kind"];
  const nodes: { host: string; port: number }[] = [];
  for (const node of hosts.split(",")) {
    const [, host, port = DEFAULT_PORTS[kind]] = NODE.exec(node) ?? [];
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      return problem("must name a host and, if any, a port from 1 to 65535");
    }
    nodes.push({ host: host.replace(/^\[|\]$/g, ""), port: Number(port) });
  }
  if (kind === "server" && nodes.length > 1) {
    return problem("must name one host: several are for redis+sentinel:// and redis+cluster://");
  }
  const parts = path.split("/").slice(1).filter((part) => part !== "");
  const group = kind === "sentinel" ? parts.shift() : undefined;
  if (kind === "sentinel" && group === undefined) {
    return problem("must name the group behind the hosts, like redis+sentinel://host:26379/mymaster/0");
  }
  const [database = "0"] = parts;
  if (parts.length > 1 || !/^\d{1,6}$/.test(database)) return problem("must end with the number of the database");
  if (kind === "cluster" && database !== "0") return problem("must be of database 0: a cluster has no other one");
  const colon = login.indexOf(":");
  const [user, secret] = colon < 0 ? [login, ""] : [login.slice(0, colon), login.slice(colon + 1)];
  const username = decode(user);
  const password = decode(secret);
  if (username === undefined || password === undefined) return problem(encoded);
  const name = group === undefined ? "" : decode(group);
  if (name === undefined) return problem("must have the name of the group percent-encoded");
  const shownNodes = nodes.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join(",");
  const shownPath = [...(group === undefined ? [] : [group]), database].join("/");
  return {
    type: "address",
    address: {
      kind,
      tls: scheme === "rediss",
      nodes,
      ...(group === undefined ? {} : { group: name }),
      ...(username === "" ? {} : { username }),
      ...(password === "" ? {} : { password }),
      database: Number(database),
      shown: `${scheme}${special === undefined ? "" : `+${special}`}://${shownNodes}/${shownPath}`,
    },
  };
}

/** The address of a list as it may be shown: without user and password, and without a query. */
export function shownAddress(address: string): string {
  if (!isRedisAddress(address)) return showAddress(address);
  const parsed = parseRedisAddress(address);
  return parsed.type === "address" ? parsed.address.shown : "redis:";
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
