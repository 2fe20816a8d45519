import { hideAddresses } from "../base/show_address.ts";
import { DownloadError, StoppedError } from "../download/download_error.ts";
import type {
  ProtocolDriver,
  ProtocolEntry,
  ProtocolFile,
  ProtocolRequest,
} from "../download/protocols/protocol_driver.ts";
import { DriverCall } from "./driver_call.ts";
import type { DriverFile, FromDriver, ToDriver } from "./driver_messages.ts";

/** How long a driver may take to close. */
const CLOSE_MS = 1000;
const MIB = 1024 * 1024;

/** What a {@linkcode DriverThread} is started with. */
export interface DriverThreadOptions {
  /** Such as `ipfs:`. */
  scheme: string;
  /** The url of the module of the driver. */
  module: string;
  /** What the thread may do. Default: what this one may. */
  permissions?: Deno.PermissionOptionsObject;
  /** Told when the thread is over without being ended from here, and whether the driver was loaded by then. */
  died: (reason: string, loaded: boolean) => void;
}

/**
 * A driver of the user in a thread of its own, which shares nothing with this one: neither its permissions, nor its memory, nor
 * what it may ask the main thread.
 */
export class DriverThread implements Pick<ProtocolDriver, "open" | "list"> {
  readonly #options: DriverThreadOptions;
  readonly #worker: Worker;
  readonly #beat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #loaded = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #calls = new Map<number, DriverCall>();
  /** It has begun to load the driver. */
  #begun = false;
  /** Whether the driver lists folders; undefined until it is loaded. */
  #lists: boolean | undefined;
  #lastCall = 0;
  #lastBeat = 0;
  #dead: DownloadError | undefined;

  /** @param options What to start. */
  constructor(options: DriverThreadOptions) {
    this.#options = options;
    const { scheme, permissions } = options;
    this.#worker = new Worker(new URL("./proc_driver.ts", import.meta.url), {
      type: "module",
      name: `proc_driver ${scheme}`,
      ...(permissions === undefined ? {} : { deno: { permissions } }),
    } as WorkerOptions);
    this.#worker.onmessage = (event: MessageEvent<FromDriver>) => {
      try {
        this.#hear(event.data);
      } catch (error) {
        // A driver may post anything.
        this.#died(`it has sent what means nothing (${error})`);
      }
    };
    this.#worker.onerror = (event: ErrorEvent) => {
      // Unprevented, the error would end this thread, too.
      event.preventDefault();
      this.#died(event.message);
    };
    this.#loaded.promise.catch(() => {});
  }

  /**
   * Resolves when the driver is loaded.
   *
   * @throws {DownloadError} If it cannot be loaded.
   */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** True if its event loop has turned since the last look. What has not begun to load, or has died, does not count. */
  turned(): boolean {
    const beat = Atomics.load(this.#beat, 0);
    const turned = beat !== this.#lastBeat || !this.#begun || this.#dead !== undefined;
    this.#lastBeat = beat;
    return turned;
  }

  /** True if it has died. */
  get dead(): boolean {
    return this.#dead !== undefined;
  }

  /** True if the driver lists folders, once it is loaded. */
  get lists(): boolean {
    return this.#lists === true;
  }

  /** As {@linkcode ProtocolDriver} does. */
  async open({ signal, ...request }: ProtocolRequest): Promise<ProtocolFile> {
    const { number, call } = this.#begin(signal);
    const answer = await call.ask({ type: "open", call: number, request });
    try {
      if (answer.type !== "opened") throw new DownloadError("protocol", `${this.#name} has answered out of turn`);
      return { ...this.#facts(answer.file), body: call.body() };
    } catch (error) {
      call.end();
      throw error;
    }
  }

  /** As {@linkcode ProtocolDriver} does, if it lists folders. */
  async *list({ url, signal }: Pick<ProtocolRequest, "url" | "signal">): AsyncGenerator<ProtocolEntry> {
    const { number, call } = this.#begin(signal);
    this.#post({ type: "list", call: number, url });
    try {
      yield* call.entries();
    } finally {
      call.end();
    }
  }

  /** Lets the driver close, and ends the thread. */
  async end(): Promise<void> {
    if (this.#lists !== undefined) {
      const timer = setTimeout(this.#closed.resolve, CLOSE_MS);
      this.#post({ type: "close" });
      await this.#closed.promise;
      clearTimeout(timer);
    }
    this.#worker.terminate();
    this.#loaded.reject(new StoppedError("Stopped"));
  }

  get #name(): string {
    return `the driver of ${this.#options.scheme} urls`;
  }

  #begin(signal: AbortSignal): { number: number; call: DriverCall } {
    signal.throwIfAborted();
    if (this.#dead !== undefined) throw this.#dead;
    const number = ++this.#lastCall;
    const post = (message: ToDriver) => this.#post(message);
    const call = new DriverCall({ number, signal, post, over: () => this.#calls.delete(number) });
    this.#calls.set(number, call);
    return { number, call };
  }

  #post(message: ToDriver): void {
    if (this.#dead === undefined) this.#worker.postMessage(message);
  }

  #hear(message: FromDriver): void {
    if (message.type === "hello") {
      this.#begun = true;
      return this.#post({ type: "load", module: this.#options.module, beat: this.#beat.buffer });
    }
    if (message.type === "loaded") {
      this.#lists = message.lists === true;
      return this.#loaded.resolve();
    }
    if (message.type === "unloaded") {
      const { message: reason } = message;
      return reason === undefined
        ? this.#died("", " as its default export has no open()")
        : this.#died(hideAddresses(String(reason)));
    }
    if (message.type === "ended") return this.#died("it has ended its thread");
    if (message.type === "closed") return this.#closed.resolve();
    if (message.type === "full") {
      const [used, limit] = [message.used, message.limit].map((bytes) => Math.round(Number(bytes) / MIB));
      return this.#died(`it has used ${used} of ${limit} MiB of memory`);
    }
    if ("call" in message) this.#calls.get(message.call)?.heard(message);
  }

  #died(reason: string, whyNotLoaded = `: ${reason}`): void {
    if (this.#dead !== undefined) return;
    const error = this.#dead = this.#lists === undefined
      ? new DownloadError("unsupported", `Cannot load ${this.#name}${whyNotLoaded}`)
      : new DownloadError("network", `${this.#name} has died: ${reason}`);
    this.#worker.terminate();
    this.#closed.resolve();
    this.#loaded.reject(error);
    // Before its calls: whoever is told may want to hear nothing of them any more.
    this.#options.died(error.message, this.#lists !== undefined);
    for (const call of [...this.#calls.values()]) call.failed(error);
  }

  /** What a driver says of a file may be anything. */
  #facts(file: DriverFile): DriverFile {
    const facts: Record<string, unknown> = {};
    for (const [field, value] of Object.entries<unknown>({ ...file })) {
      const number = field === "offset" || field === "length";
      const fine = number ? Number.isSafeInteger(value) && Number(value) >= 0 : typeof value === "string";
      const must = number ? "a whole number from 0 on" : "a text";
      if (!fine) {
        throw new DownloadError("protocol", `${this.#name} said that ${field} is ${value}: it must be ${must}`);
      }
      facts[field] = value;
    }
    return facts;
  }
}
