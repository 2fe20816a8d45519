import { DownloadError } from "./download_error.ts";
import type { Connect } from "./guarded_connect.ts";

/** The limits of one attempt, in milliseconds. */
export interface WatchLimits {
  /** Until the server is connected. */
  connectTimeoutMs: number;
  /** Between two bytes. */
  stallTimeoutMs: number;
  /** For all of it. Default: no limit. */
  timeoutMs?: number | undefined;
  /** Bytes a second, on the average of a stall timeout, that an attempt must bring. Default 0: no limit. */
  minSpeed?: number;
}

/** One attempt under watch. */
export interface Watched extends Disposable {
  /** Fires when a limit is passed or the attempt is aborted; the reason is the error. */
  readonly signal: AbortSignal;
  /** So many bytes came. */
  touch(bytes: number): void;
  /** It waits for something on this side, which is neither a stall nor slowness. */
  rest(): void;
  /** The server has answered. */
  opened(): void;
  /** Ends the attempt. */
  abort(reason: Error): void;
}

/** Finds out whether a server can be connected; rejects or never settles if not. */
export type ConnectProbe = (url: string, signal: AbortSignal) => Promise<void>;

const USUAL_PORTS: Readonly<Record<string, number>> = { "https:": 443, "socks5:": 1080, "socks5h:": 1080 };

interface Entry {
  controller: AbortController;
  url: string;
  startedAt: number;
  activeAt: number;
  opened: boolean;
  probed: boolean;
  /** When the speed began to be measured, and the bytes since. */
  measuredFrom: number;
  bytes: number;
  minSpeed: number;
}

/**
 * Watches the attempts of a worker with one timer for all of them, so that an attempt costs no timer of its own.
 *
 * `fetch` does not tell when it is connected. Where no answer has come after half of the connect timeout, a bare
 * connection is tried beside it: a server that takes it is slow, which the stall timeout judges; one that does not
 * within the other half is unreachable.
 */
export class Watchdog implements Disposable {
  readonly #limits: WatchLimits;
  readonly #probe: ConnectProbe;
  readonly #entries = new Set<Entry>();
  readonly #timer: ReturnType<typeof setInterval>;
  #now = performance.now();

  /**
   * @param limits What an attempt may take.
   * @param probe How to try a connection.
   */
  constructor(limits: WatchLimits, probe: ConnectProbe) {
    this.#limits = limits;
    this.#probe = probe;
    const shortest = Math.min(limits.connectTimeoutMs, limits.stallTimeoutMs, limits.timeoutMs ?? Infinity);
    this.#timer = setInterval(() => this.#look(), Math.max(10, Math.min(250, shortest / 8)));
  }

  /**
   * Starts to watch an attempt; dispose of it when it ends.
   *
   * @param url Where it leads.
   * @param minSpeed Bytes a second that it must bring; 0 is no limit. Default: what holds for all.
   */
  start(url: string, minSpeed: number = this.#limits.minSpeed ?? 0): Watched {
    const now = performance.now();
    const controller = new AbortController();
    const entry: Entry = {
      controller,
      url,
      startedAt: now,
      activeAt: now,
      opened: false,
      probed: false,
      measuredFrom: now,
      bytes: 0,
      minSpeed,
    };
    this.#entries.add(entry);
    return {
      signal: controller.signal,
      touch: (bytes) => {
        // The time of the last look is near enough, and costs nothing.
        entry.activeAt = this.#now;
        entry.bytes += bytes;
      },
      rest: () => {
        entry.activeAt = entry.measuredFrom = performance.now();
        entry.bytes = 0;
      },
      opened: () => {
        entry.opened = true;
        entry.activeAt = entry.measuredFrom = performance.now();
        entry.bytes = 0;
      },
      abort: (reason) => controller.abort(reason),
      [Symbol.dispose]: () => {
        this.#entries.delete(entry);
      },
    };
  }

  /** Ends every attempt. */
  abortAll(reason: Error): void {
    for (const entry of this.#entries) entry.controller.abort(reason);
  }

  #look(): void {
    this.#now = performance.now();
    const { connectTimeoutMs, stallTimeoutMs, timeoutMs } = this.#limits;
    for (const entry of this.#entries) {
      if (entry.controller.signal.aborted) continue;
      if (timeoutMs !== undefined && this.#now - entry.startedAt > timeoutMs) {
        this.#expire(entry, `not finished after ${seconds(timeoutMs)}`);
      } else if (this.#now - entry.activeAt > stallTimeoutMs) {
        this.#expire(entry, `no byte for ${seconds(stallTimeoutMs)}`);
      } else if (entry.minSpeed > 0 && entry.opened && this.#now - entry.measuredFrom > stallTimeoutMs) {
        const speed = Math.floor(entry.bytes / (this.#now - entry.measuredFrom) * 1000);
        if (speed < entry.minSpeed) this.#expire(entry, `${speed} bytes a second are fewer than ${entry.minSpeed}`);
        entry.measuredFrom = this.#now;
        entry.bytes = 0;
      } else if (!entry.opened && !entry.probed && this.#now - entry.startedAt > connectTimeoutMs / 2) {
        entry.probed = true;
        this.#tryConnect(entry, connectTimeoutMs / 2);
      }
    }
  }

  async #tryConnect(entry: Entry, withinMs: number): Promise<void> {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), withinMs);
    try {
      await this.#probe(entry.url, AbortSignal.any([giveUp.signal, entry.controller.signal]));
    } catch {
      // A refusal or an unknown name is for the attempt itself to report; only silence is judged here.
      if (giveUp.signal.aborted && !entry.opened) {
        this.#expire(entry, `no connection after ${seconds(this.#limits.connectTimeoutMs)}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #expire(entry: Entry, what: string): void {
    entry.controller.abort(new DownloadError("timeout", `${new URL(entry.url).host}: ${what}`));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#entries.clear();
  }
}

/** Tries a bare connection to the host of a url, made by `connect`. Default: by Deno. */
export async function connectProbe(url: string, signal: AbortSignal, connect: Connect = Deno.connect): Promise<void> {
  const { hostname, port, protocol } = new URL(url);
  const target = {
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port) || USUAL_PORTS[protocol] || 80,
  };
  const connection = await connect({ ...target, signal });
  connection.close();
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(3))} s`;
}
