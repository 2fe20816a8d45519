/**
 * The options about where the task list is.
 *
 * @module
 */
import { type CfgCommand, type CfgRows, CONTROLLING } from "./cfg_field.ts";
import { duration, integer, SHARD, SWITCH, textOf, textThat } from "./cfg_kinds.ts";
import type { Parsed } from "./cfg_parse.ts";
import { isRedisAddress, parseRedisAddress } from "./redis_address.ts";

/** The commands that open a list. */
const OPENING: readonly CfgCommand[] = [
  ...["run", "add", "check", "list", "why", "status"] as const,
  ...CONTROLLING,
  ...["gc", "clean", "doctor"] as const,
];
const NAMESPACE = /^[A-Za-z0-9._-]{1,64}$/;

/** These options, in the order of the help. */
export const CFG_QUEUE_FIELDS = {
  queue: {
    flag: "queue",
    group: "list",
    common: true,
    placeholder: "URL",
    kind: textOf(parseQueue),
    default: "kv:.corehaul/queue.db",
    help:
      "where the task list is: kv:FILE, redis://HOST/0, rediss://, redis+sentinel://, redis+cluster://, https:// (KV Connect)",
    commands: OPENING,
  },
  namespace: {
    flag: "namespace",
    group: "list",
    placeholder: "NAME",
    kind: textOf((value) => NAMESPACE.test(value) ? { value } : { must: "be 1 to 64 letters, digits, dots, _ or -" }),
    default: "default",
    help: "which of the lists on a Redis",
    commands: OPENING,
  },
  queueCa: {
    flag: "queue-ca",
    group: "list",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "whom the system trusts",
    help: "the certificates (PEM) that vouch for a Redis with TLS",
    commands: OPENING,
  },
  queueCert: {
    flag: "queue-cert",
    group: "list",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "none",
    help: "the client certificate (PEM) for a Redis with TLS",
    commands: OPENING,
  },
  queueKey: {
    flag: "queue-key",
    group: "list",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "in the file of --queue-cert",
    help: "the private key of --queue-cert",
    commands: OPENING,
  },
  waitQueue: {
    flag: "wait-queue",
    group: "list",
    kind: SWITCH,
    default: "false",
    help: "wait for a Redis that does not answer yet, instead of giving up",
    commands: OPENING,
  },
  queueTimeoutMs: {
    flag: "queue-timeout",
    group: "list",
    placeholder: "D",
    kind: duration(),
    defaultNote: "10m for run, else 10; 30 for a file",
    help:
      "how long to go on without a Redis that does not answer any more, or a file that is locked; downloads that run go on meanwhile",
    commands: OPENING,
  },
  leaseMs: {
    flag: "lease",
    group: "list",
    placeholder: "D",
    kind: duration(1000, 86_400_000),
    default: "15",
    help: "how long a run may be silent before others take its tasks, at least 3 heartbeats (advanced)",
    commands: ["run"],
  },
  heartbeatMs: {
    flag: "heartbeat",
    group: "list",
    placeholder: "D",
    kind: duration(100, 3_600_000),
    default: "2",
    help: "how often a run tells the list that it is alive; after 2.5 of them it looks for dead ones (advanced)",
    commands: ["run"],
  },
  fleetPerHost: {
    flag: "fleet-per-host",
    group: "speed",
    placeholder: "N",
    kind: integer(0, 1_000_000),
    default: "0",
    help: "downloads from one host at a time, of all machines that share a list on Redis; 0: any number",
    commands: ["run"],
  },
  shard: {
    flag: "shard",
    group: "what",
    placeholder: "K/N",
    kind: SHARD,
    defaultNote: "all",
    help: "take only the K-th of N parts of the entries, by their urls: for lists that are spread over several Redis",
    commands: ["run", "add"],
  },
} as const satisfies CfgRows;

function parseQueue(value: string): Parsed<string> {
  const must = "be kv:FILE, kv::memory:, redis://HOST:6379/0 or https://HOST/PATH";
  if (isRedisAddress(value)) {
    const parsed = parseRedisAddress(value);
    return parsed.type === "address" ? { value } : { must: parsed.reason.replace(/^must /, "") };
  }
  if (/^https?:\/\//.test(value)) return URL.canParse(value) ? { value } : { must };
  const file = value.replace(/^kv:/, "");
  if (file !== value && isRedisAddress(file)) return { must: "be redis://HOST:6379/0 without kv: before it" };
  return /^kv:./.test(value) ? { value } : { must };
}
