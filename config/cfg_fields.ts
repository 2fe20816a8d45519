/**
 * The one table of options. Flags, `CFG_*` variables, keys of the configuration file, defaults, ranges and the help text
 * all come from here.
 *
 * @module
 */
import { type CfgCommand, type CfgRow, type CfgRows, CONTROLLING, DOWNLOADING } from "./cfg_field.ts";
import { CFG_CHECKSUM_FIELDS } from "./cfg_checksum_fields.ts";
import { CFG_HTTP_FIELDS } from "./cfg_http_fields.ts";
import { CFG_LIMIT_FIELDS } from "./cfg_limit_fields.ts";
import { CFG_PROTOCOL_FIELDS } from "./cfg_protocol_fields.ts";
import { CFG_LIST_FIELDS } from "./cfg_list_fields.ts";
import { CFG_QUEUE_FIELDS } from "./cfg_queue_fields.ts";
import { CFG_SCHEDULE_FIELDS } from "./cfg_schedule_fields.ts";
import { CFG_TABLE_FIELDS } from "./cfg_table_fields.ts";
import { CORES, duration, integer, oneOf, SWITCH, textThat } from "./cfg_kinds.ts";

export type { CfgCommand };

const ALL: readonly CfgCommand[] = [
  "run",
  "get",
  "add",
  "check",
  "list",
  "why",
  "status",
  ...CONTROLLING,
  "manifest",
  "collect",
  "gc",
  "doctor",
];
const MAX_WORKERS = 1024;

/** Every option by the name of its setting, in the order of the help. */
export const CFG_TABLE = {
  tasks: {
    flag: "tasks",
    placeholder: "FILE",
    kind: textThat("name a file"),
    default: "code_tasks.json",
    repeatable: true,
    help: "task files to watch: a file, a folder, or a pattern such as 'lists/*.json'; may be repeated",
    commands: ["run"],
  },
  ...CFG_TABLE_FIELDS,
  sync: {
    flag: "sync",
    kind: SWITCH,
    default: "false",
    help: "cancel tasks that have not started when their entries vanish from their task file",
    commands: ["run"],
  },
  once: {
    flag: "once",
    kind: SWITCH,
    default: "false",
    help: "end when nothing is waiting or running",
    commands: ["run"],
    cliOnly: "run({ once: true })",
  },
  dir: {
    flag: "dir",
    short: "d",
    placeholder: "DIR",
    kind: textThat("name a folder"),
    default: "downloads",
    help: "the download folder",
    commands: [...DOWNLOADING, "check", "list", "retry", "manifest", "doctor"],
    option: "directory",
  },
  out: {
    flag: "out",
    short: "o",
    placeholder: "NAME",
    kind: textThat("name a file"),
    defaultNote: "as the server calls it",
    help: "the name of the file, below the download folder; for one url",
    commands: ["get", "add"],
    cliOnly: "the field out of an entry",
  },
  input: {
    flag: "input",
    short: "i",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "none",
    repeatable: true,
    help: "take urls from this file too, in any form of a task file; - is standard input; may be repeated",
    commands: ["get", "add"],
    cliOnly: "add() with what readTaskFile() gives",
  },
  ...CFG_CHECKSUM_FIELDS,
  status: {
    flag: "status",
    placeholder: "STATE",
    kind: oneOf("waiting", "running", "paused", "done", "failed", "canceled"),
    defaultNote: "all",
    help: "only tasks in this state",
    commands: ["list"],
    cliOnly: "list({ status })",
  },
  ...CFG_LIST_FIELDS,
  verify: {
    flag: "verify",
    kind: SWITCH,
    default: "false",
    help: "read every file again and say which are missing or not what they were",
    commands: ["manifest"],
    cliOnly: "verifyManifest()",
  },
  format: {
    flag: "format",
    placeholder: "NAME",
    kind: oneOf("jsonl", "csv"),
    default: "jsonl",
    help: "how the one manifest is written: jsonl (JSON Lines) or csv",
    commands: ["collect"],
    cliOnly: "collectManifests()",
  },
  output: {
    flag: "output",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "standard output",
    help: "write the one manifest to this file",
    commands: ["collect"],
    cliOnly: "collectManifests()",
  },
  ...CFG_QUEUE_FIELDS,
  cores: {
    flag: "cores",
    placeholder: "LIST",
    kind: CORES,
    defaultNote: "the allowed cores, all but the first",
    help: "the cores to download on, such as 1-3,6",
    commands: ["run", "get", "doctor"],
  },
  workers: {
    flag: "workers",
    placeholder: "N",
    kind: integer(1, MAX_WORKERS),
    defaultNote: "one for each of those cores, within the CPU quota",
    help: "how many download workers",
    commands: ["run", "get", "doctor"],
  },
  pin: {
    flag: "pin",
    kind: SWITCH,
    default: "true",
    negatable: true,
    help: "leave it to the system where threads run",
    commands: DOWNLOADING,
  },
  concurrency: {
    flag: "concurrency",
    placeholder: "N",
    kind: integer(1, 10_000),
    default: "64",
    help: "downloads at a time, in each worker",
    commands: DOWNLOADING,
  },
  cpuThreshold: {
    flag: "cpu-threshold",
    placeholder: "N",
    kind: integer(1, 100),
    default: "90",
    help: "no new download while the core is busier, in percent",
    commands: DOWNLOADING,
  },
  admitIntervalMs: {
    flag: "admit-interval",
    placeholder: "D",
    kind: duration(20),
    default: "0.1",
    help: "how often the load of the core is read",
    commands: DOWNLOADING,
  },
  retries: {
    flag: "retries",
    placeholder: "N",
    kind: integer(0, 1_000),
    default: "5",
    help: "further attempts after the first",
    commands: DOWNLOADING,
  },
  retryWaitMs: {
    flag: "retry-wait",
    placeholder: "D",
    kind: duration(1),
    default: "1",
    help: "the base of the growing, random wait between attempts (at most 60 s)",
    commands: DOWNLOADING,
  },
  retryOn: {
    flag: "retry-on",
    placeholder: "LIST",
    kind: textThat("be a list of HTTP statuses such as 408,429,5xx"),
    default: "408,425,429,5xx",
    help: "the HTTP statuses worth another attempt: 429, 500-504, 4xx and 5xx, with commas between them",
    commands: DOWNLOADING,
  },
  maxHostWaitMs: {
    flag: "max-host-wait",
    placeholder: "D",
    kind: duration(0),
    default: "1h",
    help: "how long a host may ask to be left alone (Retry-After, RateLimit); tasks fail whose host asks for more",
    commands: DOWNLOADING,
  },
  connectTimeoutMs: {
    flag: "connect-timeout",
    placeholder: "D",
    kind: duration(1),
    default: "10",
    help: "how long a connection may take to come about, once the name is looked up",
    commands: DOWNLOADING,
  },
  lookupTimeoutMs: {
    flag: "lookup-timeout",
    placeholder: "D",
    kind: duration(1),
    default: "10",
    help: "how long the look-up of a name may take; what waits for its turn does not count",
    commands: DOWNLOADING,
  },
  stallTimeoutMs: {
    flag: "stall-timeout",
    placeholder: "D",
    kind: duration(1),
    default: "30",
    help: "how long a download may go without a byte",
    commands: DOWNLOADING,
  },
  timeoutMs: {
    flag: "timeout",
    placeholder: "D",
    kind: duration(1),
    defaultNote: "none",
    help: "how long one attempt may take in all",
    commands: DOWNLOADING,
  },
  ...CFG_LIMIT_FIELDS,
  ...CFG_SCHEDULE_FIELDS,
  ...CFG_HTTP_FIELDS,
  ...CFG_PROTOCOL_FIELDS,
  nameTemplate: {
    flag: "name-template",
    placeholder: "TEXT",
    kind: textThat("be a path such as {host}/{path}/{name}"),
    defaultNote: "as the server calls them",
    help: "where files go without an out of their own: {host} {port} {path} {name} {stem} {ext} {hash} {hash2}",
    commands: ["run", "get", "add", "check"],
  },
  expectType: {
    flag: "expect-type",
    placeholder: "LIST",
    kind: textThat("be auto, or a comma list of media types"),
    defaultNote: "anything",
    help:
      "what answers must be: media types such as image/*,application/zip; auto: no web page where the name is no page's",
    commands: DOWNLOADING,
  },
  graceMs: {
    flag: "grace",
    placeholder: "D",
    kind: duration(0),
    default: "4",
    help: "how long running downloads may go on after a stop",
    commands: DOWNLOADING,
  },
  workerTimeoutMs: {
    flag: "worker-timeout",
    placeholder: "D",
    kind: duration(1000),
    default: "30",
    help: "how long a worker may show no sign of life before another one takes its place",
    commands: DOWNLOADING,
  },
  progress: {
    flag: "progress",
    placeholder: "MODE",
    kind: oneOf("auto", "bar", "plain", "none"),
    default: "auto",
    help: "auto, bar, plain or none; auto is bar on a terminal that can draw (not TERM=dumb), else plain",
    commands: DOWNLOADING,
    cliOnly: "progress()",
  },
  progressIntervalMs: {
    flag: "progress-interval",
    placeholder: "D",
    kind: duration(100),
    default: "30",
    help: "how often to tell how far it is: by a line where nothing is drawn, and by an event",
    commands: DOWNLOADING,
  },
  json: {
    flag: "json",
    kind: SWITCH,
    default: "false",
    help: "events and answers as JSON on standard output, one a line",
    commands: ALL,
    cliOnly: "events()",
  },
  logLevel: {
    flag: "log-level",
    placeholder: "LEVEL",
    kind: oneOf("debug", "info", "warning", "error"),
    default: "info",
    help: "debug, info, warning or error",
    commands: ALL,
    cliOnly: "logger",
  },
  logFile: {
    flag: "log-file",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "standard error",
    help: "log to this file, each line at once; a regular file is rotated at 10 MiB, 5 kept",
    commands: ALL,
    cliOnly: "logger",
  },
  logFormat: {
    flag: "log-format",
    placeholder: "FORM",
    kind: oneOf("text", "json"),
    default: "text",
    help: "text or json",
    commands: ALL,
    cliOnly: "logger",
  },
  lang: {
    flag: "lang",
    placeholder: "LANG",
    kind: oneOf("en", "zh"),
    defaultFrom: localeLang,
    defaultNote: "from the locale",
    help: "en or zh: the language of screen, summary, lines and errors",
    commands: ALL,
  },
} as const satisfies CfgRows;

/** An option of the table, with its name. */
export interface CfgField extends CfgRow {
  /** The name of its setting. */
  readonly name: keyof typeof CFG_TABLE;
}

/** Every option, in the order of the help. */
export const CFG_FIELDS: readonly CfgField[] = Object.entries<CfgRow>(CFG_TABLE).map(([name, row]) => ({
  ...row,
  name: name as keyof typeof CFG_TABLE,
}));

/** The variable of a field: `--cpu-threshold` is `CFG_CPU_THRESHOLD`. */
export function cfgEnvName(field: CfgRow): string {
  return `CFG_${field.flag.replaceAll("-", "_").toUpperCase()}`;
}

/** The key of a field in the configuration file: `--cpu-threshold` is `cfg_cpu_threshold`. */
export function cfgFileKey(field: CfgRow): string {
  return `cfg_${field.flag.replaceAll("-", "_")}`;
}

/** Chinese if the locale is, English otherwise. */
function localeLang(env: Readonly<Record<string, string | undefined>>): string {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}
