import type { DriverResponse } from "../download_driver.ts";
import { readWhole } from "./read_whole.ts";

/** What is known of a file before its body comes. */
export type BodyFacts = Pick<
  DriverResponse,
  "finalUrl" | "offset" | "end" | "rangeable" | "length" | "etag" | "lastModified" | "disposition"
>;

/** Reads a body in pieces, as {@linkcode DriverResponse.read} does. */
export type ReadBody = DriverResponse["read"];

/** An answer of a protocol without header fields: facts, and a function that reads the body. */
export class BodyResponse implements DriverResponse {
  declare readonly finalUrl: string;
  declare readonly offset: number;
  declare readonly end?: number;
  declare readonly rangeable?: boolean;
  declare readonly length?: number;
  declare readonly etag?: string;
  declare readonly lastModified?: string;
  declare readonly disposition?: string;
  /** Has the one field that tells whether a date is old enough to tell versions apart. */
  readonly headers: Pick<Headers, "get">;
  readonly #read: ReadBody;
  readonly #dispose: () => void;

  /**
   * @param facts What is known of the file.
   * @param read Reads the body; called once at the most.
   * @param dispose Lets go of everything; may be called several times, and after the body was read.
   */
  constructor(facts: BodyFacts, read: ReadBody, dispose: () => void = () => {}) {
    Object.assign(this, facts);
    const date = new Date().toUTCString();
    this.headers = { get: (name) => name.toLowerCase() === "date" ? date : null };
    this.#read = read;
    this.#dispose = dispose;
  }

  read(
    sink: (piece: Uint8Array) => Promise<void> | undefined,
    room?: () => number | Promise<number>,
  ): Promise<void> {
    return this.#read(sink, room);
  }

  whole<T>(use: (bytes: Uint8Array) => T, heard: (bytes: number) => void): Promise<Awaited<T>> {
    return readWhole(this, use, heard);
  }

  [Symbol.dispose](): void {
    this.#dispose();
  }
}
