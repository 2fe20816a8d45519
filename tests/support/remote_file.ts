import { bytesFor, type FaultRequest } from "./fault_server.ts";

/** How a server treats a file, well or badly. */
export interface RemoteFileOptions {
  /** How long the file is. Default 3,000,000. */
  length?: number;
  /** The content of a version, in place of one that follows from its name and `length`. */
  content?: (version: string) => Uint8Array<ArrayBuffer>;
  /** The ETag of a version. Default: strong, with its name. */
  etag?: (version: string) => string | undefined;
  /** The Last-Modified date. Default: a day in the past, the same for all versions. */
  lastModified?: string | undefined;
  /** Answer ranges. Default true. */
  ranges?: boolean;
  /**
   * How `If-Range` is read: by the standard; not at all, so that every range is answered; or only if it is a date.
   * Default `"standard"`.
   */
  ifRange?: "standard" | "ignored" | "date-only";
  /** Changes a 206 before it is sent. */
  lie?: (headers: Headers) => void;
  /** Further fields of every answer. */
  headers?: Record<string, string>;
}

/** A day before any test runs. */
export const YESTERDAY: string = new Date(Date.now() - 86_400_000).toUTCString();

/** A remote file that changes when a test says so, and whose connection breaks where a test says so. */
export class RemoteFile {
  /** The version that is served now; the content follows from it. */
  version = "one";
  /** So many bytes of the body come, then the connection breaks; once for each number. */
  readonly breaks: number[] = [];
  readonly #options: RemoteFileOptions;
  #made: { version: string; content: Uint8Array<ArrayBuffer> } | undefined;

  /** @param options How it is served. */
  constructor(options: RemoteFileOptions = {}) {
    this.#options = options;
  }

  /** The content of a version; not to be changed. */
  content(version: string = this.version): Uint8Array<ArrayBuffer> {
    if (this.#made?.version !== version) {
      const { length = 3_000_000, content = (version) => bytesFor(version, length) } = this.#options;
      this.#made = { version, content: content(version) };
    }
    return this.#made.content;
  }

  /** Answers a request. */
  answer({ headers: asked }: Pick<FaultRequest, "headers">): Response {
    const { etag = (version) => `"${version}"`, ranges = true, lie } = this.#options;
    const lastModified = "lastModified" in this.#options ? this.#options.lastModified : YESTERDAY;
    const content = this.content();
    const headers = new Headers({ date: new Date().toUTCString(), ...this.#options.headers });
    const tag = etag(this.version);
    if (tag !== undefined) headers.set("etag", tag);
    if (lastModified !== undefined) headers.set("last-modified", lastModified);
    const range = /^bytes=(\d+)-(\d*)$/.exec(asked.get("range") ?? "");
    const from = range === null || !ranges ? 0 : Number(range[1]);
    const last = Math.min(content.length - 1, range?.[2] ? Number(range[2]) : Infinity);
    if (range === null || !ranges || !this.#isCurrent(asked.get("if-range"), tag, lastModified)) {
      return this.#send(content, headers, 200);
    }
    if (from >= content.length) {
      headers.set("content-range", `bytes */${content.length}`);
      return new Response(null, { status: 416, headers });
    }
    headers.set("content-range", `bytes ${from}-${last}/${content.length}`);
    lie?.(headers);
    return this.#send(content.subarray(from, last + 1), headers, 206);
  }

  #isCurrent(ifRange: string | null, etag: string | undefined, lastModified: string | undefined): boolean {
    const { ifRange: how = "standard" } = this.#options;
    if (ifRange === null || how === "ignored") return true;
    if (ifRange.startsWith('"')) return how === "standard" && ifRange === etag;
    return ifRange === lastModified;
  }

  #send(body: Uint8Array<ArrayBuffer>, headers: Headers, status: number): Response {
    headers.set("content-length", String(body.length));
    const end = this.breaks.shift();
    if (end === undefined) return new Response(body, { status, headers });
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent >= end) {
          controller.error(new Error("the connection breaks here, as the test wants it"));
          return;
        }
        controller.enqueue(body.slice(sent, sent = Math.min(end, sent + 100_000)));
      },
    }, { highWaterMark: 0 });
    return new Response(stream, { status, headers });
  }
}
