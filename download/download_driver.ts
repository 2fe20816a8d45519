/**
 * The port to a protocol. A driver opens a url and hands over bytes; names, unfinished files, timeouts, retries and the
 * rename are the core's, and the same for every protocol.
 *
 * @module
 */

import { DownloadError } from "./download_error.ts";
import type { LookupWatch } from "./name_lookups.ts";

/** A range begins behind the end of the file. */
export class RangeRefusedError extends DownloadError {
  /** @param host Who says so. */
  constructor(host: string) {
    super("http", `${host}: HTTP status 416`, { status: 416 });
  }
}

/** The file has not changed since the version that the request named. */
export class NotModifiedError extends DownloadError {
  /** @param host Who says so. */
  constructor(host: string) {
    super("http", `${host}: HTTP status 304`, { status: 304 });
  }
}

/** The file is elsewhere, by another protocol: a redirect leads to what the driver does not fetch itself. */
export class MovedError extends DownloadError {
  /** Where it is; without user name and password. */
  readonly url: string;

  /**
   * @param host Who says so.
   * @param url Where it is; without user name and password.
   */
  constructor(host: string, url: string) {
    const scheme = url.slice(0, url.indexOf(":"));
    super("redirect", `${host}: redirected to ${scheme}, and the driver of ${scheme} takes no redirects`);
    this.name = "MovedError";
    this.url = url;
  }
}

/** An answer of HTTP that is no file. */
export interface Refusal {
  /** What it means by its status alone. */
  error: DownloadError;
  /** Its fields. */
  headers: Pick<Headers, "get">;
  /** Its body; empty if that is longer than 64 KiB. */
  text: string;
}

/** What a driver is asked for. */
export interface DriverRequest {
  /** Where the file is. */
  url: string;
  /** Extra headers of the task, for the origin of `url` only. An empty value says that no such header is to go out. */
  headers: Readonly<Record<string, string>>;
  /** How many redirects to follow. */
  maxRedirects: number;
  /**
   * Ask as nobody in particular, whatever is known of the user: a server led here from another protocol, or the task wants it.
   * Default false.
   */
  anonymous?: true;
  /** The same for all requests of one attempt to fetch a file: what servers set in it may be kept for it. Default: for none. */
  attempt?: object;
  /**
   * Ask only for what comes from a byte on, and only if the file is still the version of a validator. `to` is the first byte
   * behind what is wanted, by default the end of the file; requests that name it may run side by side, each over a
   * connection of its own.
   */
  range?: { from: number; to?: number; ifRange: string };
  /**
   * Ask only if the file is not this version any more; by the ETag, or by the date where there is none. Whoever can tell how
   * long the file is compares its length in bytes, too.
   */
  condition?: { etag?: string; lastModified?: string; length: number };
  /**
   * Called before each request to a host, the first one, those of redirects, and any that is made once more; what it returns is
   * awaited, and what it throws ends the request.
   */
  visit?: (host: string) => Promise<void> | undefined;
  /**
   * The body will be read, whatever is told of the file: it may begin to come before that. Default: only `whole` and `read` say so.
   */
  wanted?: true;
  /** The body will be read slowly: it must not slow down others that come from the same host. Default false. */
  slow?: boolean;
  /** Told while the name of a host is looked up. Default: nobody is. */
  watch?: LookupWatch;
  /**
   * Says what an answer of HTTP means that is no file, a redirect too. Default: what its status says; its body is not read, and
   * redirects are followed.
   */
  refused?: (refusal: Refusal) => DownloadError;
  /** Ends everything that the request has open. */
  signal: AbortSignal;
}

/** What a driver found. Its body is read once, by `whole` or by `read`; disposing lets go of one that is not wanted. */
export interface DriverResponse extends Disposable {
  /** The url that answered in the end. */
  readonly finalUrl: string;
  /** Where the body begins in the file: 0, or the first byte of the range that was asked for. */
  readonly offset: number;
  /** Where it ends in the file, if a range with an end was asked for and came: the first byte behind it. */
  readonly end?: number;
  /** Whether the server answers ranges, as far as it says so itself. */
  readonly rangeable?: boolean | undefined;
  /** How many bytes the whole file has, if that is known. */
  readonly length?: number;
  /** The Content-Encoding of the body, which comes as it was sent; absent: none but `identity`. */
  readonly contentEncoding?: string;
  /** True if a Content-Encoding is undone here: then no length or digest of the server is about the body. */
  readonly decoded?: boolean;
  /** Further fields of the answer, if it has any that matter. */
  readonly headers?: Pick<Headers, "get">;
  /** The Content-Disposition, one character a byte: it may name the file. */
  readonly disposition?: string;
  /** The ETag. */
  readonly etag?: string;
  /** The Last-Modified date. */
  readonly lastModified?: string;
  /**
   * Reads a small body at once and hands it over; the bytes are only valid within the call.
   *
   * @param use Called once with all of it.
   * @param heard Called whenever a part of it has come, with its size; what came together with the head of an answer need not
   * be told.
   * @returns What `use` returned.
   */
  whole<T>(use: (bytes: Uint8Array) => T, heard: (bytes: number) => void): Promise<Awaited<T>>;
  /**
   * Reads the body in pieces and hands over each; a piece is only valid within its call. The next one is read when what the
   * call returned has resolved.
   *
   * @param sink Called with each piece.
   * @param room Asked before each read how many bytes may come at the most. What comes together with the head of an answer, or
   * is decoded, may be more. Default: as many as do.
   * @param came Told of a body that is decoded here how many bytes of it have come, as they were sent; of any other body the
   * pieces tell that. Default: nobody is.
   */
  read(
    sink: (piece: Uint8Array) => Promise<void> | undefined,
    room?: () => number | Promise<number>,
    came?: (bytes: number) => void,
  ): Promise<void>;
}

/** What a driver is asked to list. */
export interface ListRequest {
  /** The folder; of some protocols a pattern. */
  url: string;
  /** Ends everything that the request has open. */
  signal: AbortSignal;
}

/** A file in a folder, or in one below it. */
export interface ListedFile {
  /** Where it is. */
  url: string;
  /** Its path below the folder, as the server says it: it may be anything. */
  path: string;
}

/** Fetches files of some protocols. */
export interface DownloadDriver extends Disposable {
  /** What stands before the colon of the urls that it takes, with the colon. */
  readonly schemes: readonly string[];
  /** True if it asks as nobody in particular where that is wanted: only then redirects of other protocols may lead to it. */
  readonly anonymous?: boolean;
  /**
   * Opens a url.
   *
   * @throws {DownloadError} If there is nothing to read.
   * @throws {MovedError} If a redirect leads to another protocol.
   * @throws {NotModifiedError} If the condition does not hold.
   * @throws {RangeRefusedError} If the range begins behind the end of the file.
   */
  open(request: DriverRequest): Promise<DriverResponse>;
  /**
   * Lists the files of a folder, and of all folders below it. Absent: its urls have no folders.
   *
   * @throws {DownloadError} If it cannot be listed.
   */
  list?(request: ListRequest): AsyncIterable<ListedFile>;
}
