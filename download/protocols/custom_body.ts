import { unlessAborted } from "../unless_aborted.ts";
import type { ProtocolFile } from "./protocol_driver.ts";

/** The body of a file of the user, which is read once or given up; giving up waits for nobody. */
export class CustomBody {
  readonly #body: ProtocolFile["body"];
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #ended = false;

  /** @param body What the driver of the user gave. */
  constructor(body: ProtocolFile["body"]) {
    this.#body = body;
  }

  /** The next piece; undefined behind the last one. */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const reader = this.#reader ??= this.#open();
    const { value } = await unlessAborted(reader.read(), signal);
    if (value === undefined || value instanceof Uint8Array) return value;
    throw new TypeError("the body has pieces that are no Uint8Array");
  }

  /** Lets go of it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      (this.#reader ?? this.#open()).cancel().catch(() => {});
    } catch {
      // What is no body needs no end.
    }
  }

  #open(): ReadableStreamDefaultReader<Uint8Array> {
    const body = this.#body;
    return (body instanceof ReadableStream ? body : ReadableStream.from(body)).getReader();
  }
}
