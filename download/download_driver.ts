/**
 * The port to a protocol. A driver opens a url and hands over bytes; names, unfinished files, timeouts, retries and the
 * rename are the core's, and the same for every protocol.
 *
 * @module
 */

/** What a driver is asked for. */
export interface DriverRequest {
  /** Where the file is. */
  url: string;
  /** Extra headers of the task, for the origin of `url` only. */
  headers: Readonly<Record<string, string>>;
  /** How many redirects to follow. */
  maxRedirects: number;
  /** Ends everything that the request has open. */
  signal: AbortSignal;
}

/** What a driver found. */
export interface DriverResponse {
  /** The url that answered in the end. */
  finalUrl: string;
  /** How many bytes will come, if that is known. */
  length?: number;
  /** The ETag. */
  etag?: string;
  /** The Last-Modified date. */
  lastModified?: string;
  /** The bytes as a stream, best a byte stream, which can be read into a buffer. Null for an empty file. */
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** The bytes at once, instead of the stream: cheaper for small files. */
  bytes(): Promise<Uint8Array>;
}

/** Fetches files of some protocols. */
export interface DownloadDriver extends Disposable {
  /** What stands before the colon of the urls that it takes, with the colon. */
  readonly schemes: readonly string[];
  /**
   * Opens a url.
   *
   * @throws {DownloadError} If there is nothing to read.
   */
  open(request: DriverRequest): Promise<DriverResponse>;
}
