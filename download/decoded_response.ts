import type { ContentEncoding } from "./content_encoding.ts";
import { decodeBody } from "./decode_body.ts";
import { DownloadError } from "./download_error.ts";
import type { DriverResponse } from "./download_driver.ts";
import { PieceRelay } from "./piece_relay.ts";

type Sink = (piece: Uint8Array) => Promise<void> | undefined;

/** An answer whose body comes as it was before its Content-Encoding. Nothing says how long that is. */
export class DecodedResponse implements DriverResponse {
  readonly decoded = true;
  readonly offset = 0;
  readonly finalUrl: string;
  declare readonly headers?: Pick<Headers, "get">;
  declare readonly disposition?: string;
  declare readonly etag?: string;
  declare readonly lastModified?: string;
  readonly #response: DriverResponse;
  readonly #encoding: ContentEncoding;

  /**
   * @param response The answer as it was sent.
   * @param encoding Its Content-Encoding; what is no coding in it counts for nothing.
   * @throws {DownloadError} If that cannot be undone; the answer is disposed of then.
   */
  constructor(response: DriverResponse, encoding: ContentEncoding) {
    this.#response = response;
    this.#encoding = encoding;
    this.finalUrl = response.finalUrl;
    const { headers, disposition, etag, lastModified } = response;
    if (headers !== undefined) this.headers = headers;
    if (disposition !== undefined) this.disposition = disposition;
    if (etag !== undefined) this.etag = etag;
    if (lastModified !== undefined) this.lastModified = lastModified;
    const { unknown } = this.#encoding;
    if (unknown === undefined) return;
    this[Symbol.dispose]();
    throw new DownloadError("protocol", `${this.#host}: content encoding "${unknown}" cannot be decoded`);
  }

  get #host(): string {
    return new URL(this.finalUrl).host;
  }

  whole<T>(): Promise<Awaited<T>> {
    return Promise.reject(new TypeError("Cannot read the body at once as nobody knows how long it is"));
  }

  async read(
    sink: Sink,
    room?: () => number | Promise<number>,
    came: (bytes: number) => void = () => {},
  ): Promise<void> {
    const relay = new PieceRelay();
    const give = (piece: Uint8Array) => {
      came(piece.length);
      return relay.give(piece.slice());
    };
    let broken: { error: unknown } | undefined;
    const receiving = this.#response.read(give, room)
      .then(() => relay.end(), (error) => relay.end(broken = { error }));
    let taking = false;
    try {
      for await (const piece of decodeBody(relay, this.#encoding.codings)) {
        taking = true;
        await sink(piece);
        taking = false;
      }
      await receiving;
    } catch (error) {
      // That it is the connection which fails is nothing to blame the encoding for.
      if (broken !== undefined) throw broken.error;
      // The connection must not go on sending what nobody reads any more.
      this[Symbol.dispose]();
      relay.end({ error });
      await receiving;
      throw taking ? error : this.#undecodable(error);
    }
  }

  /** What the server sent came whole, and makes no sense: it would not the next time either. */
  #undecodable(cause: unknown): DownloadError {
    const message = `${this.#host}: the body is not ${this.#encoding.text}, as its Content-Encoding says`;
    return new DownloadError("protocol", message, { cause });
  }

  [Symbol.dispose](): void {
    this.#response[Symbol.dispose]();
  }
}
