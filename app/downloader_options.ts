import type { Logger } from "../base/logger.ts";
import type { Differing, None } from "../base/differing.ts";
import { CfgError, type CfgProblem } from "../config/cfg_error.ts";
import { cfgResolve } from "../config/cfg_resolve.ts";
import type { CfgOptions, CfgSettings } from "../config/cfg_settings.ts";
import { columnsCfgProblem } from "./task_file_rules.ts";
import { draftMaker } from "../download/task_draft.ts";
import { parseExpectType } from "../download/expect_type.ts";
import { retryOn } from "../queue/retry_on.ts";

/** How a {@linkcode Downloader} works; everything has a default. Durations are in milliseconds. */
export interface DownloaderOptions {
  /** The download folder. Default `"downloads"`. */
  directory?: string;
  /** The address of the task list; see {@linkcode openTaskList}. Default `"kv::memory:"`: a list that ends with the program. */
  queue?: string;
  /** Which of the lists on a Redis. Default `"default"`. */
  namespace?: string;
  /** The file of the certificates (PEM) that vouch for a Redis with TLS. Default: those that the system trusts. */
  queueCa?: string;
  /** The file of the client certificate for it. Default: none. */
  queueCert?: string;
  /** The file of its key. Default: that of the certificate. */
  queueKey?: string;
  /** Wait for a Redis that does not answer yet. Default false. */
  waitQueue?: boolean;
  /** How long to go on without a Redis that does not answer any more, or a file that is locked. Default 600,000; for a file 30,000. */
  queueTimeoutMs?: number;
  /** How long a run may be silent before others take its tasks, at least 3 heartbeats. Default 15,000. */
  leaseMs?: number;
  /** How often a run tells the list that it is alive. Default 2000. */
  heartbeatMs?: number;
  /** Downloads from one host at a time, of all machines that share a list on Redis. Default 0: any number. */
  fleetPerHost?: number;
  /** Take only the part `index`, from 1 on, `of` so many of all entries, by their urls. Default: all. */
  shard?: { readonly index: number; readonly of: number };
  /** Task files to read, and to watch unless `run` is told `once`: files, folders, patterns. Default: none. */
  tasks?: string | readonly string[];
  /**
   * The column of tables, or the field of JSON, that holds the url: its name, or its number from 1 on. No other one is taken then
   * that `columns` does not name. Default: those that are called like fields of a task.
   */
  urlColumn?: string;
  /** The columns of other fields, such as `{ out: "name", checksum: "sha256" }`. Default: none. */
  columns?: Readonly<Record<string, string>>;
  /** Cancel tasks that have not started when their entries vanish from their task file. Default false. */
  sync?: boolean;
  /** The cores to download on. Default: the allowed ones, all but the first. */
  cores?: readonly number[];
  /** How many download workers. Default: one for each core, within the CPU quota. */
  workers?: number;
  /** Pin every Worker to its core. Default true. */
  pin?: boolean;
  /** Pin the calling thread too, to the first core. Default false. */
  pinMain?: boolean;
  /**
   * Give Workers only the permissions that they need, and drivers of `protocols` nothing but the network and the folder of their
   * module; Deno then must run with `--unstable-worker-options`. Default false: they may do all that the program may.
   */
  restrictWorkers?: boolean;
  /** Downloads at a time, of all workers together. Default: as many as `concurrency` allows. */
  jobs?: number;
  /** Downloads at a time in each worker. Default 64. */
  concurrency?: number;
  /** No new download while the core is busier, in percent. Default 90. */
  cpuThreshold?: number;
  /** How often the load is read. Default 100. */
  admitIntervalMs?: number;
  /** Further attempts after the first. Default 5. */
  retries?: number;
  /** The base of the backoff. Default 1000. */
  retryWaitMs?: number;
  /** The HTTP statuses worth another attempt. Default `"408,425,429,5xx"`. */
  retryOn?: string;
  /**
   * How long a host may ask to be left alone, by `Retry-After` or the fields of rate limits. A task whose host asks for more
   * fails, and the host is not asked again before its time. Default 3600000.
   */
  maxHostWaitMs?: number;
  /** How long a connection may take to come about, once the name is looked up. Default 10000. */
  connectTimeoutMs?: number;
  /** How long the look-up of a name may take; what waits for its turn does not count. Default 10000. */
  lookupTimeoutMs?: number;
  /** How long a download may go without a byte. Default 30000. */
  stallTimeoutMs?: number;
  /** How long one attempt may take. Default: no limit. */
  timeoutMs?: number;
  /**
   * Connections to one host at a time, of all workers together; 0 is any number. `"auto"`: one until the host has answered once,
   * then any number; where it times out or answers 429 or 503 half of what is open, and one more for each answer.
   * Default `"auto"`.
   */
  perHost?: number | "auto";
  /** Requests to one host a second, of all workers together, redirects included. Default 0: any number. */
  perHostRate?: number;
  /** Connections for one file at a time, from 1 to 16; `"auto"`: 4 for files above 64 MiB. Default 1. */
  segments?: number | "auto";
  /** Bytes a second of all workers together. Default 0: no limit. */
  limitRate?: number;
  /** Bytes a second that a download must bring, on the average of a stall timeout. Default 0: no limit. */
  minSpeed?: number;
  /** Refuse larger files, in bytes. Default: no limit. */
  maxSize?: number;
  /**
   * What happens to files that are there already: `"never"` leaves them (a foreign one fails the task, one that the manifest
   * knows is done), `"changed"` asks the server whether it has another one, `"always"` fetches again. Default `"never"`.
   */
  overwrite?: "never" | "changed" | "always";
  /**
   * Ask again for what is done already (the tasks of the list that are done when a run begins, and files that the manifest
   * knows), and replace a file if the server has another version. Files of others stay as `overwrite` says. Default false.
   */
  refresh?: boolean;
  /** Give files the modification time that the server names (Last-Modified). Default true. */
  remoteTime?: boolean;
  /** Start nothing while the download folder has less free space, in bytes. Default 0: always start. */
  minFree?: number;
  /** End a run with `once` when there was no space, or no permission to write, for so long, in milliseconds; 0: never. Default 600,000. */
  diskWaitMs?: number;
  /** Bring each file and its folder to the disk before it counts as done. Default false. */
  fsync?: boolean;
  /** `"auto"`: our own HTTP client where it can, `fetch` for servers of HTTP/2 only, client certificates and proxies. Default `"auto"`. */
  httpClient?: "auto" | "fetch";
  /** How many redirects to follow. Default 20. */
  maxRedirects?: number;
  /**
   * What is done with a body that comes under a Content-Encoding: `"auto"` decodes it, but keeps the bytes of files that are packed
   * by their name or type, and of what is no coding; `"decode"` undoes every coding that is one; `"keep"` stores all bodies as they
   * are sent. Default `"auto"`.
   */
  contentEncoding?: "auto" | "decode" | "keep";
  /** What answers must be: media types such as `image/*,application/zip`, or `"auto"`. Default: anything. */
  expectType?: string;
  /** Where files go whose entries do not say it, such as `{host}/{path}/{name}`. Default: as the server calls them. */
  nameTemplate?: string;
  /** A file of checksums by file name, as sha256sum writes it, read once. Default: none. */
  checksumFile?: string;
  /**
   * Which algorithm the digests of `checksumFile` are of where neither they nor a heading say it, such as `sha-256`. Default: as
   * the name of the file says, else as their length does.
   */
  checksumAlgo?: string;
  /**
   * A shell command that prints a new url for one that has answered 401, 403 or 410 and is in the variable `COREHAUL_URL`.
   * Default: none.
   */
  refreshCmd?: string;
  /** Headers for the origin of each url: the value of each, or several; those of a task win. Default: none. */
  headers?: Readonly<Record<string, string | readonly string[]>>;
  /** The User-Agent header. Default: corehaul and its version. */
  userAgent?: string;
  /** The Referer header, for the origin of each url. Default: none. */
  referer?: string;
  /** A netrc file with user names and passwords, by host. Default: none. */
  netrc?: string;
  /** A cookies.txt file to read; with it, each worker also keeps the cookies that servers set. Default: no cookies. */
  cookies?: string;
  /**
   * The proxy: http, https or socks5, credentials included. What the variable `NO_PROXY` names is asked directly: names with
   * what is below them, addresses, networks such as `10.0.0.0/8`, each with a port or without, and `*` for everything.
   * Default: `http_proxy`, `https_proxy` and `all_proxy` of the environment.
   */
  proxy?: string;
  /** A PEM file of certificates to trust too. Default: none. */
  ca?: string;
  /** The PEM file of a client certificate; not together with `denyPrivate`. Default: none. */
  cert?: string;
  /** The PEM file of its key. Default: the one of `cert`. */
  key?: string;
  /** Trust every certificate; Deno must run with `--unsafely-ignore-certificate-errors`. Default false. */
  insecure?: boolean;
  /** Refuse urls and redirects that lead outside of the public internet; not with a proxy or a client certificate. Default false. */
  denyPrivate?: boolean;
  /** Servers that `denyPrivate` lets pass, each as `host:port`. Default: none. */
  allowPrivate?: string | readonly string[];
  /** Follow redirects from https to http. Default false. */
  allowDowngrade?: boolean;
  /** The files of private keys for SFTP. Default: those that `ssh` would take. */
  sshKey?: string | readonly string[];
  /** The passphrase of private keys that are encrypted. Default: the agent's keys, else what `askPassphrase` gives. */
  sshPassphrase?: string;
  /** The file of the host keys of SFTP servers. Default: those that `ssh` would read. */
  sshKnownHosts?: string;
  /** Take the host key of an SFTP server that is not known, and keep it. Default false. */
  sshAcceptNew?: boolean;
  /** Where S3 urls lead. Default: what the environment says, else Amazon. */
  s3Endpoint?: string;
  /** Pay for what is fetched from S3 buckets whose owners want that. Default false. */
  s3RequestPayer?: boolean;
  /** Ask S3 without credentials, also where there are some. Default false. */
  s3NoSignRequest?: boolean;
  /** Refuse an FTP, SFTP or S3 folder with more files. Default 100000. */
  folderLimit?: number;
  /** Take `file:` urls: a list can then copy what this program may read. Default false. */
  allowFile?: boolean;
  /**
   * Drivers for further schemes: the module of each, by scheme, such as `{ "ipfs:": "./ipfs_driver.ts" }`. Every Worker loads
   * it by itself; see {@linkcode ProtocolDriver}. Default: none.
   */
  protocols?: Readonly<Record<string, string | URL>>;
  /** How long running downloads may go on after a stop. Default 4000. */
  graceMs?: number;
  /** How often `events()` tell how far it is. Default 30000. */
  progressIntervalMs?: number;
  /** Start nothing before: a `Date`, or a time such as `"2026-12-24T22:00:00Z"`, `"22:00"` or `"+2h"`. Default: at once. */
  startAt?: Date | string;
  /** Download only within these hours of the day, such as `["22:00-06:00"]`, in local time. Default: always. */
  window?: string | readonly string[];
  /** Forget what was done or canceled longer ago than this; files stay. Default: never. */
  keepMs?: number;
  /** How long a worker may show no sign of life before another one takes its place. Default 30000. */
  workerTimeoutMs?: number;
  /** The language of the log lines about files. Default `"en"`. */
  lang?: "en" | "zh";
  /** Where log lines go: anything with debug, info, warn and error. Default: nowhere. */
  logger?: Logger;
  /**
   * Asks the user for the passphrase of an encrypted private key: called with the name of its file, and with true if what came
   * before was another one, up to three times. Default: nobody is asked.
   */
  askPassphrase?: (file: string, again: boolean) => Promise<string | undefined>;
  /** Ends a run, as {@linkcode Downloader.stop} does. */
  signal?: AbortSignal;
}

/** What is not in the table of options, as no text can say it or the command line decides it. */
type Own = Pick<DownloaderOptions, "pinMain" | "restrictWorkers" | "logger" | "askPassphrase" | "signal">;
/** An option that only one of the table and the interface has, or that is of another type there, is named by an error here. */
type _EachIsInBoth = None<Differing<CfgOptions, Omit<DownloaderOptions, keyof Own>>>;

const OWN: { readonly [Name in keyof Own]-?: [must: string, fits: (value: unknown) => boolean] } = {
  pinMain: ["be true or false", (value) => typeof value === "boolean"],
  restrictWorkers: ["be true or false", (value) => typeof value === "boolean"],
  logger: ["be an object with the methods debug, info, warn and error", isLogger],
  askPassphrase: ["be a function", (value) => typeof value === "function"],
  signal: ["be an AbortSignal", (value) => value instanceof AbortSignal],
};

/**
 * Checks options. Those that are undefined were not given.
 *
 * @param options What the caller said.
 * @returns The settings.
 * @throws {CfgError} With every option that is wrong, or that a downloader does not have.
 */
export function settingsFromOptions(options: DownloaderOptions): CfgSettings {
  if (typeof options !== "object" || options === null) {
    throw new CfgError([problem("options", `must be an object: current value is ${options}`)]);
  }
  const problems: CfgProblem[] = [];
  const others: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OWN, name)) others[name] = value;
    else {
      const [must, fits] = OWN[name as keyof Own];
      if (value !== undefined && !fits(value)) problems.push(problem(name, `must ${must}`));
    }
  }
  // A list that a program does not name is its own, and ends with it.
  if (others.queue === undefined) others.queue = "kv::memory:";
  let settings: CfgSettings | undefined;
  try {
    settings = cfgResolve({ options: others });
    problems.push(...listProblems(settings));
  } catch (error) {
    if (!(error instanceof CfgError)) throw error;
    problems.push(...error.problems);
  }
  if (settings === undefined || problems.length > 0) throw new CfgError(problems);
  return settings;
}

function problem(field: string, why: string): CfgProblem {
  return { field, source: "options", message: `Cannot use ${field} as it ${why}` };
}

function isLogger(value: unknown): boolean {
  if (value === null || !["object", "function"].includes(typeof value)) return false;
  const methods = value as Record<string, unknown>;
  return ["debug", "info", "warn", "error"].every((name) => typeof methods[name] === "function");
}

/** What is wrong with the options whose form is known above `config/` only. */
function listProblems(settings: CfgSettings): CfgProblem[] {
  const { expectType, nameTemplate, retryOn: statuses } = settings;
  const problems: CfgProblem[] = [];
  const columns = columnsCfgProblem(settings);
  if (columns !== undefined) problems.push(columns);
  const parsed = expectType === undefined ? undefined : parseExpectType(expectType);
  if (parsed?.type === "problem") {
    problems.push({
      field: "expectType",
      source: "options",
      message: `Cannot use --expect-type as it ${parsed.message}`,
    });
  }
  try {
    draftMaker(nameTemplate === undefined ? {} : { nameTemplate });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.push({ field: "nameTemplate", source: "options", message: error.message });
  }
  try {
    retryOn(statuses);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.push({ field: "retryOn", source: "options", message: `--retry-on: ${error.message}` });
  }
  return problems;
}
