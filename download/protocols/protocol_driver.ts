/**
 * What a user writes to fetch urls of another scheme: one object with one function. Names, unfinished files, resume, retries,
 * checksums, limits and the manifest stay the core's.
 *
 * @module
 */

/** What a {@linkcode ProtocolDriver} is asked for. */
export interface ProtocolRequest {
  /** Where the file is. */
  readonly url: string;
  /** Extra headers of the task; a protocol that has none may take what it likes from them. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The first byte that is wanted. A driver that cannot begin there, or that finds another version than `ifVersion`, gives
   * the whole file, with `offset` 0 in its answer.
   */
  readonly offset: number;
  /** The version that `offset` is about: the `etag` or `lastModified` of an earlier answer. Absent if `offset` is 0. */
  readonly ifVersion?: string;
  /** Fires when the download ends early: let go of everything. */
  readonly signal: AbortSignal;
}

/** What a {@linkcode ProtocolDriver} found. */
export interface ProtocolFile {
  /** The bytes from `offset` on; canceled when nobody wants them any more. */
  readonly body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Where the body begins in the file. Default 0. */
  readonly offset?: number;
  /** How many bytes the whole file has. Default: not known; then the file ends with the body, whatever it is. */
  readonly length?: number;
  /** Stands for exactly these bytes, in double quotes as HTTP has it. With a `length`, an unfinished file is continued. */
  readonly etag?: string;
  /** When the file was modified, as an HTTP date. It may stand in for the `etag`. */
  readonly lastModified?: string;
  /** How the file is called, if the url does not say it. Default: by the url. */
  readonly filename?: string;
}

/** A file in a folder. */
export interface ProtocolEntry {
  /** Where it is. */
  readonly url: string;
  /** Its path below the folder. */
  readonly path: string;
}

/**
 * Fetches the urls of a scheme. The module of a driver exports one by default, or a function that makes one, for every
 * Worker anew.
 *
 * What it throws fails the attempt. An error with a `kind` is of that kind (`"not-found"`, `"auth"`, `"network"`,
 * `"timeout"`, `"protocol"`, `"security"`, `"unsupported"`), and with a boolean `retryable` it says itself whether another
 * attempt makes sense; anything else is taken for a failure of the network, which may pass.
 */
export interface ProtocolDriver {
  /** Opens a url. */
  open(request: ProtocolRequest): ProtocolFile | Promise<ProtocolFile>;
  /** Lists the files of a url that ends with a slash, and of all folders below it. Default: such urls are files. */
  list?(request: Pick<ProtocolRequest, "url" | "signal">): AsyncIterable<ProtocolEntry>;
  /** Called when the Worker ends. */
  close?(): void;
}
