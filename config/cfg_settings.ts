/** How much the log says. */
export type CfgLogLevel = "debug" | "info" | "warning" | "error";

/** A header of every request. */
export interface CfgHeader {
  /** Its name. */
  readonly name: string;
  /** Its value, often a secret. */
  readonly value: string;
}

/** Who fetches the urls of a scheme. */
export interface CfgProtocol {
  /** Such as `ipfs:`. */
  readonly scheme: string;
  /** The module of its driver: a path or a specifier. */
  readonly module: string;
}

/** One of several equal parts. */
export interface CfgShard {
  /** Which one, from 1 on. */
  readonly index: number;
  /** How many there are. */
  readonly of: number;
}

/** Everything that can be set, checked and frozen. Durations are in milliseconds. */
export interface CfgSettings {
  /** The task file that `run` watches. */
  readonly tasks: readonly string[];
  /** Cancel tasks that have not started when their entries vanish. */
  readonly sync: boolean;
  /** End when nothing waits or runs. */
  readonly once: boolean;
  /** The download folder. */
  readonly dir: string;
  /** The name of the one file to fetch. */
  readonly out?: string;
  /** Files of further tasks; `-` is standard input. */
  readonly input?: readonly string[];
  /** The checksum of the one file to fetch. */
  readonly checksum?: string;
  /** A file of checksums by file name. */
  readonly checksumFile?: string;
  /** Which tasks to list; absent: all. */
  readonly status?: "waiting" | "running" | "paused" | "done" | "failed" | "canceled";
  /** Every task of the list. */
  readonly all: boolean;
  /** Which tasks, each as `key=value`; absent: it is not said. */
  readonly where?: readonly string[];
  /** Only tasks that are done and whose file is gone. */
  readonly missing: boolean;
  /** How long the list remembers what is settled. */
  readonly keepMs?: number;
  /** Tasks that failed, too. */
  readonly failed: boolean;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  /** How many tasks to show; absent: all. */
  readonly limit?: number;
  /** The file for the tasks that failed. */
  readonly saveFailed?: string;
  /** Compare the files with the manifest. */
  readonly verify: boolean;
  /** How the one manifest is written. */
  readonly format: "jsonl" | "csv";
  /** The file for the one manifest; absent: standard output. */
  readonly output?: string;
  /** The address of the task list, with its password if it has one. */
  readonly queue: string;
  /** Which of the lists on a Redis. */
  readonly namespace: string;
  /** The file of the certificates that vouch for a Redis; absent: whom the system trusts. */
  readonly queueCa?: string;
  /** The file of the client certificate for it. */
  readonly queueCert?: string;
  /** The file of its key; absent: the one of the certificate. */
  readonly queueKey?: string;
  /** Wait for a Redis that does not answer yet. */
  readonly waitQueue: boolean;
  /** How long to go on without a Redis that does not answer any more; absent: as the command needs it. */
  readonly queueTimeoutMs?: number;
  /** Downloads from one host at a time of all machines; 0: any number. */
  readonly fleetPerHost: number;
  /** Which part of the entries to take; absent: all. */
  readonly shard?: CfgShard;
  /** The cores of the download workers; absent: the default layout. */
  readonly cores?: readonly number[];
  /** The number of download workers; absent: the default layout. */
  readonly workers?: number;
  /** Pin threads to cores. */
  readonly pin: boolean;
  /** Downloads at a time in each worker. */
  readonly concurrency: number;
  /** The load in percent above which a core starts no further download. */
  readonly cpuThreshold: number;
  /** How often the load is read. */
  readonly admitIntervalMs: number;
  /** Further attempts after the first. */
  readonly retries: number;
  /** The base of the backoff. */
  readonly retryWaitMs: number;
  /** The HTTP statuses that are worth another attempt. */
  readonly retryOn: string;
  /** How long a connection may take to come about. */
  readonly connectTimeoutMs: number;
  /** How long a download may go without a byte. */
  readonly stallTimeoutMs: number;
  /** How long one attempt may take; absent: for ever. */
  readonly timeoutMs?: number;
  /** Connections to one host at a time, of all workers together; 0: any number. */
  readonly perHost: number;
  /** Requests to one host a second, of all workers together; 0: any number. */
  readonly perHostRate: number;
  /** Connections for one file at a time; `auto`: by its length. */
  readonly segments: number | "auto";
  /** Bytes a second of all workers together; 0: no limit. */
  readonly limitRate: number;
  /** Bytes a second that a download must bring; 0: no limit. */
  readonly minSpeed: number;
  /** Larger files are refused; absent: none is too large. */
  readonly maxSize?: number;
  /** What happens to files that are there already. */
  readonly overwrite: "never" | "changed" | "always";
  /** Ask again for what is done already, and replace what has changed. */
  readonly refresh: boolean;
  /** Give files the modification time that the server names. */
  readonly remoteTime: boolean;
  /** Bytes that are to stay free in the download folder; 0: any number. */
  readonly minFree: number;
  /** Bring files to the disk before they count as done. */
  readonly fsync: boolean;
  /** Nothing starts before this time, after ISO 8601; absent: at once. */
  readonly startAt?: string;
  /** The hours of the day in which downloads run, such as `22:00-06:00`; absent: all. */
  readonly window?: readonly string[];
  /** Which HTTP client serves. */
  readonly httpClient: "auto" | "fetch";
  /** How many redirects to follow. */
  readonly maxRedirects: number;
  /** The shell command that gives a new url for a link that has expired; absent: links are not renewed. */
  readonly refreshCmd?: string;
  /** Where files go whose entries do not say it; absent: to the name of the url. */
  readonly nameTemplate?: string;
  /** What answers must be: media types with commas between them, or `auto`; absent: anything. */
  readonly expectType?: string;
  /** Headers for the origin of each url. */
  readonly headers?: readonly CfgHeader[];
  /** The User-Agent header. */
  readonly userAgent?: string;
  /** The Referer header. */
  readonly referer?: string;
  /** The netrc file. */
  readonly netrc?: string;
  /** The cookies.txt file. */
  readonly cookies?: string;
  /** The url of the proxy, credentials included; absent: what the environment says. */
  readonly proxy?: string;
  /** A file of certificates to trust. */
  readonly ca?: string;
  /** The file of the client certificate. */
  readonly cert?: string;
  /** The file of its key; absent: the one of the certificate. */
  readonly key?: string;
  /** Trust every certificate. */
  readonly insecure: boolean;
  /** Refuse addresses outside of the public internet. */
  readonly denyPrivate: boolean;
  /** Servers that are let pass all the same, as `host:port`. */
  readonly allowPrivate?: readonly string[];
  /** Follow redirects from https to http. */
  readonly allowDowngrade: boolean;
  /** The files of the private keys for SFTP; absent: those that SSH would take. */
  readonly sshKey?: readonly string[];
  /** The file of the host keys; absent: those that SSH would read. */
  readonly sshKnownHosts?: string;
  /** Take the host key of a server that is not known, and keep it. */
  readonly sshAcceptNew: boolean;
  /** Where S3 urls lead; absent: what the environment says, else Amazon. */
  readonly s3Endpoint?: string;
  /** Folders with more files are refused. */
  readonly folderLimit: number;
  /** Take `file:` urls. */
  readonly allowFile: boolean;
  /** Drivers of the user. */
  readonly protocols?: readonly CfgProtocol[];
  /** How long running downloads may go on after a stop. */
  readonly graceMs: number;
  /** How long a worker may show no sign of life. */
  readonly workerTimeoutMs: number;
  /** What the screen shows. */
  readonly progress: "auto" | "bar" | "plain" | "none";
  /** Events and answers as JSON on standard output. */
  readonly json: boolean;
  /** How much the log says. */
  readonly logLevel: CfgLogLevel;
  /** The log file; absent: standard error. */
  readonly logFile?: string;
  /** The form of the log. */
  readonly logFormat: "text" | "json";
  /** The language of the two lines about each file. */
  readonly lang: "en" | "zh";
}
