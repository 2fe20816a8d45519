import { CustomBody } from "../download/protocols/custom_body.ts";
import { loadProtocolDriver } from "../download/protocols/load_protocol_driver.ts";
import type { ProtocolDriver, ProtocolEntry, ProtocolRequest } from "../download/protocols/protocol_driver.ts";
import type { DriverFailure, DriverFile, FromDriver, ToDriver } from "./driver_messages.ts";
import { HeapWatch } from "./heap_watch.ts";

const BEAT_MS = 200;
/** The most bytes of one message. */
const PIECE_BYTES = 1024 * 1024;
/** The most entries of one message, and how long the first of them waits for others. */
const BATCH_ENTRIES = 500;
const BATCH_MS = 20;

/** The part of the global scope of a driver's thread that is used here. */
export interface DriverScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: "unload", listener: () => void): void;
  close(): void;
}

type Post = (message: FromDriver, transfer?: Transferable[]) => void;

/** Runs a driver of the user in this thread, for the thread that has started it. */
export function startDriver(scope: DriverScope): void {
  const send = scope.postMessage.bind(scope);
  const post: Post = (message, transfer = []) => send(message, transfer);
  const close = scope.close.bind(scope);
  // A thread that ends itself is missed by nobody unless it says so.
  scope.addEventListener("unload", () => post({ type: "ended" }));
  scope.close = () => {
    post({ type: "ended" });
    close();
  };
  let service: DriverService | undefined;
  scope.onmessage = async (event: MessageEvent<ToDriver>) => {
    const message = event.data;
    if (message.type !== "load") return void service?.hear(message);
    const beat = new Int32Array(message.beat);
    setInterval(() => Atomics.add(beat, 0, 1), BEAT_MS);
    new HeapWatch((use) => post({ type: "full", ...use }));
    try {
      const driver = await loadProtocolDriver(message.module);
      if (driver === undefined) return post({ type: "unloaded" });
      service = new DriverService(driver, post);
      post({ type: "loaded", lists: typeof driver.list === "function" });
    } catch (error) {
      post({ type: "unloaded", message: failureOf(error).message });
    }
  };
  post({ type: "hello" });
}

/** One file, or one folder, that the driver was asked for. */
interface Call {
  readonly end: AbortController;
  /** Gives the next piece or entries, if the driver has answered. */
  next?: () => Promise<void>;
  /** Lets go of what the driver has answered. */
  release?: () => void;
}

class DriverService {
  readonly #driver: ProtocolDriver;
  readonly #post: Post;
  readonly #calls = new Map<number, Call>();

  constructor(driver: ProtocolDriver, post: Post) {
    this.#driver = driver;
    this.#post = post;
  }

  hear(message: Exclude<ToDriver, { type: "load" }>): void {
    switch (message.type) {
      case "open":
        return void this.#begin(message.call, (call) => this.#open(message.call, call, message.request));
      case "list":
        return void this.#begin(message.call, (call) => this.#list(message.call, call, message.url));
      case "next":
        return void this.#go(message.call, async (call) => await call.next?.());
      case "abort":
        return this.#calls.get(message.call)?.end.abort(new Error(message.reason));
      case "end":
        this.#calls.get(message.call)?.release?.();
        this.#calls.delete(message.call);
        return;
      case "close":
        try {
          this.#driver.close?.();
        } finally {
          this.#post({ type: "closed" });
        }
    }
  }

  async #begin(number: number, run: (call: Call) => void | Promise<void>): Promise<void> {
    this.#calls.set(number, { end: new AbortController() });
    await this.#go(number, run);
  }

  async #go(number: number, run: (call: Call) => void | Promise<void>): Promise<void> {
    const call = this.#calls.get(number);
    if (call === undefined) return;
    try {
      await run(call);
    } catch (error) {
      if (this.#calls.delete(number)) this.#post({ type: "failed", call: number, failure: failureOf(error) });
      call.release?.();
    }
  }

  async #open(number: number, call: Call, request: Omit<ProtocolRequest, "signal">): Promise<void> {
    const { signal } = call.end;
    const file = await this.#driver.open({ ...request, signal });
    const body = new CustomBody(file.body);
    call.release = () => body.end();
    // Whatever comes too late is for nobody.
    if (signal.aborted || !this.#calls.has(number)) return call.release();
    let rest: Uint8Array | undefined;
    call.next = async () => {
      while (rest === undefined || rest.length === 0) {
        rest = await body.next(signal);
        if (rest !== undefined) continue;
        this.#calls.delete(number);
        body.end();
        return this.#post({ type: "piece", call: number });
      }
      // The driver may go on to use its buffer.
      const bytes = new Uint8Array(rest.subarray(0, PIECE_BYTES));
      rest = rest.length > PIECE_BYTES ? rest.subarray(PIECE_BYTES) : undefined;
      this.#post({ type: "piece", call: number, bytes }, [bytes.buffer]);
    };
    this.#post({ type: "opened", call: number, file: factsOf(file) });
  }

  #list(number: number, call: Call, url: string): void {
    const entries = this.#driver.list!({ url, signal: call.end.signal });
    const iterator = entries[Symbol.asyncIterator]();
    call.release = () => void iterator.return?.(undefined)?.catch(() => {});
    let step: Promise<IteratorResult<ProtocolEntry>> | undefined;
    call.next = async () => {
      const batch: ProtocolEntry[] = [];
      const late = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => late.resolve(undefined), BATCH_MS);
      let done = false;
      try {
        while (batch.length < BATCH_ENTRIES) {
          if (step === undefined) {
            step = iterator.next();
            // It is awaited by the next message at the latest.
            step.catch(() => {});
          }
          const result = batch.length === 0 ? await step : await Promise.race([step, late.promise]);
          if (result === undefined) break;
          step = undefined;
          if (result.done) {
            done = true;
            break;
          }
          batch.push({ url: String(result.value.url), path: String(result.value.path) });
        }
      } finally {
        clearTimeout(timer);
      }
      if (done) this.#calls.delete(number);
      this.#post({ type: "entries", call: number, entries: batch, done });
    };
  }
}

/** What a driver says of a file: it may have more in the object than can cross threads. */
function factsOf({ offset, length, etag, lastModified, filename }: DriverFile): DriverFile {
  return {
    ...(offset === undefined ? {} : { offset }),
    ...(length === undefined ? {} : { length }),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    ...(filename === undefined ? {} : { filename }),
  };
}

function failureOf(error: unknown): DriverFailure {
  const { kind, retryable } = (error ?? {}) as { kind?: unknown; retryable?: unknown };
  return {
    message: error instanceof Error ? error.message : String(error),
    ...(typeof kind === "string" ? { kind } : {}),
    ...(typeof retryable === "boolean" ? { retryable } : {}),
  };
}
