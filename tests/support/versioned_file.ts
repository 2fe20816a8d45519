import { Buffer } from "node:buffer";
import { bytesFor, type FaultRequest, type FaultServer } from "./fault_server.ts";

/** What a server is like while it has one version of a file. */
export interface VersionTraits {
  /** How long the file is. */
  length: number;
  /** Which ETag it has, always another one than the other versions. */
  etag: "strong" | "weak" | "none";
  /** Whether the date is the version's own, that of all versions, that of right now, or missing. */
  date: "own" | "common" | "now" | "none";
  /** Whether `If-Range` is read. */
  ifRange: boolean;
}

const DAY_MS = 86_400_000;
const COMMON_DATE = "Sat, 01 Jan 2000 00:00:00 GMT";
const PIECE = 65_536;

/** A remote file that changes, and whose bytes can be held back. */
export class VersionedFile {
  readonly #name: string;
  readonly #versions: VersionTraits[];
  readonly #dates: string[] = [];
  /** Bytes of bodies that were sent since {@linkcode VersionedFile.holdAt}. */
  sent = 0;
  /** Requests since then. */
  asked = 0;
  #holdAt = Infinity;

  /**
   * @param name What the content follows from, with the number of the version.
   * @param traits The first version.
   */
  constructor(name: string, traits: VersionTraits) {
    this.#name = name;
    this.#versions = [];
    this.change(traits);
  }

  /** The next version is there from now on; what is being sent goes on as it is. */
  change(traits: VersionTraits): void {
    this.#versions.push(traits);
    this.#dates.push(new Date(Date.now() - DAY_MS - this.#versions.length * 60_000).toUTCString());
  }

  /** Begins to count anew, and sends no more than so many bytes of bodies until it is let go. */
  holdAt(bytes: number): void {
    this.sent = this.asked = 0;
    this.#holdAt = bytes;
  }

  /** Sends on. */
  letGo(): void {
    this.#holdAt = Infinity;
  }

  /** Which version some bytes are, from 1; undefined if they are none. */
  versionOf(bytes: Uint8Array): number | undefined {
    const index = this.#versions.findIndex(({ length }, i) => Buffer.compare(bytes, this.#content(i, length)) === 0);
    return index === -1 ? undefined : index + 1;
  }

  /** Answers a request. */
  answer({ headers: asked }: FaultRequest, server: FaultServer): Response {
    this.asked++;
    const index = this.#versions.length - 1;
    const { length, etag, ifRange } = this.#versions[index]!;
    const tag = etag === "none" ? undefined : `${etag === "weak" ? "W/" : ""}"${this.#name}-${index}"`;
    const date = this.#dateOf(index);
    const range = /^bytes=(\d+)-$/.exec(asked.get("range") ?? "");
    const condition = asked.get("if-range");
    const holds = !ifRange || condition === null ||
      (condition.startsWith('"') ? condition === tag : condition === date);
    const from = range !== null && holds ? Number(range[1]) : 0;
    const headers = new Headers({ date: new Date().toUTCString(), "content-length": String(length - from) });
    if (tag !== undefined) headers.set("etag", tag);
    if (date !== undefined) headers.set("last-modified", date);
    if (from >= length && from > 0) {
      headers.delete("content-length");
      headers.set("content-range", `bytes */${length}`);
      return new Response(null, { status: 416, headers });
    }
    const part = range !== null && holds;
    if (part) headers.set("content-range", `bytes ${from}-${length - 1}/${length}`);
    return new Response(this.#body(this.#content(index, length).subarray(from), server), {
      status: part ? 206 : 200,
      headers,
    });
  }

  #body(content: Uint8Array<ArrayBuffer>, server: FaultServer): ReadableStream<Uint8Array> {
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await server.hold(() => this.sent < this.#holdAt);
        const piece = content.slice(at, at + Math.min(PIECE, Math.max(1, this.#holdAt - this.sent)));
        at += piece.length;
        this.sent += piece.length;
        controller.enqueue(piece);
        if (at >= content.length) controller.close();
      },
    }, { highWaterMark: 0 });
  }

  #dateOf(index: number): string | undefined {
    const { date, etag } = this.#versions[index]!;
    if (date === "none") return undefined;
    if (date === "now") return new Date().toUTCString();
    // One date for several versions, and nothing else that tells them apart: no client could see that.
    return date === "common" && etag !== "none" ? COMMON_DATE : this.#dates[index];
  }

  #content(index: number, length: number): Uint8Array<ArrayBuffer> {
    return bytesFor(`${this.#name} ${index}`, length);
  }
}
