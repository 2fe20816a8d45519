import type { ProtocolEntry } from "../download/protocols/protocol_driver.ts";
import type { FromDriver, ToDriver } from "./driver_messages.ts";

/** An answer to a call. */
export type DriverAnswer = Extract<FromDriver, { call: number }>;

/** What a {@linkcode DriverCall} works with. */
export interface DriverCallPorts {
  /** Which call it is. */
  number: number;
  /** Fires when the download ends early. */
  signal: AbortSignal;
  /** Says something to the thread of the driver. */
  post: (message: ToDriver) => void;
  /** Told when it is over. */
  over: () => void;
}

/** A question to a driver in its thread: about one file, or about one folder. */
export class DriverCall {
  readonly #ports: DriverCallPorts;
  readonly #abort = (): void => this.#aborted();
  #waiting: PromiseWithResolvers<DriverAnswer> | undefined;
  #failure: { error: unknown } | undefined;
  #over = false;

  constructor(ports: DriverCallPorts) {
    this.#ports = ports;
    ports.signal.addEventListener("abort", this.#abort);
  }

  /** The driver has answered. */
  heard(answer: DriverAnswer): void {
    if (answer.type === "failed") {
      const { message, kind, retryable } = answer.failure;
      return this.failed(Object.assign(new Error(String(message)), { kind, retryable }));
    }
    this.#waiting?.resolve(answer);
    this.#waiting = undefined;
  }

  /** There will be no answer. */
  failed(error: unknown): void {
    this.#failure ??= { error };
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#finish();
  }

  /** Asks. */
  ask(question: ToDriver): Promise<DriverAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    this.#waiting = Promise.withResolvers();
    this.#ports.post(question);
    return this.#waiting.promise;
  }

  /** The pieces of the file: one is asked for while the one before is used. */
  body(): AsyncIterable<Uint8Array> {
    let next: Promise<DriverAnswer> | undefined;
    const askAhead = () => {
      next = this.#more();
      next.catch(() => {});
    };
    const iterator: AsyncIterator<Uint8Array> = {
      next: async () => {
        if (next === undefined) askAhead();
        const answer = await next!;
        if (answer.type !== "piece") throw outOfTurn();
        const { bytes } = answer;
        if (bytes === undefined) {
          this.#finish();
          return { done: true, value: undefined };
        }
        // What is shared could still change when it has been looked at.
        if (!(bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer)) throw outOfTurn();
        askAhead();
        return { done: false, value: bytes };
      },
      return: () => {
        this.end();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** The entries of the folder. */
  async *entries(): AsyncGenerator<ProtocolEntry> {
    while (true) {
      const answer = await this.#more();
      if (answer.type !== "entries") throw outOfTurn();
      for (const entry of answer.entries) {
        this.#ports.signal.throwIfAborted();
        yield entry;
      }
      if (!answer.done) continue;
      this.#finish();
      return;
    }
  }

  /** Nobody wants the rest. */
  end(): void {
    if (this.#over) return;
    this.#ports.post({ type: "end", call: this.#ports.number });
    this.#finish();
  }

  #more(): Promise<DriverAnswer> {
    return this.ask({ type: "next", call: this.#ports.number });
  }

  #aborted(): void {
    const { number, post, signal } = this.#ports;
    const { reason } = signal;
    post({ type: "abort", call: number, reason: reason instanceof Error ? reason.message : String(reason) });
    post({ type: "end", call: number });
    this.failed(reason);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ports.signal.removeEventListener("abort", this.#abort);
    this.#ports.over();
  }
}

function outOfTurn(): Error {
  return Object.assign(new Error("the driver has answered out of turn"), { kind: "protocol" });
}
