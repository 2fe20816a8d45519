import { connectTcp } from "./connect_tcp.ts";
import { DownloadError } from "./download_error.ts";
import type { Connect } from "./host_addresses.ts";
import type { LookupWatch } from "./name_lookups.ts";

/** The limits of one attempt, in milliseconds. */
export interface WatchLimits {
  /** Until the server is connected, from when its name was looked up. */
  connectTimeoutMs: number;
  /** Between two bytes. */
  stallTimeoutMs: number;
  /** For all of it. Default: no limit. */
  timeoutMs?: number | undefined;
  /** Bytes a second, on the average of a stall timeout, that an attempt must bring. Default 0: no limit. */
  minSpeed?: number;
}

/** One attempt under watch. */
export interface Watched extends Disposable, LookupWatch {
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

/**
 * Finds out whether a server can be connected; rejects or never settles if not. It tells `watch` while it looks a name up.
 */
export type ConnectProbe = (url: string, signal: AbortSignal, watch?: LookupWatch) => Promise<void>;

/** A look that comes later than after so many times its interval: the thread did not run meanwhile. */
const LATE = 2;

const USUAL_PORTS: Readonly<Record<string, number>> = {
  "https:": 443,
  "socks5:": 1080,
  "socks5h:": 1080,
  "ftp:": 21,
  "ftps:": 990,
  "ftpes:": 21,
  "sftp:": 22,
};

/**
 * Watches the attempts of a worker with one timer for all of them, so that an attempt costs no timer of its own.
 *
 * `fetch` does not tell when it is connected. Where no answer has come after half of the connect timeout, a bare
 * connection is tried beside it: a server that takes it is slow, which the stall timeout judges; one that does not
 * within the other half is unreachable. While a name is looked up nobody has asked the host yet: its times begin after that.
 *
 * Silence and slowness are counted only while the thread runs: a process that was stopped, or got no time on its core,
 * has heard nothing because it could not listen. What an attempt may take in all goes by the real time.
 */
export class Watchdog implements Disposable {
  readonly #limits: WatchLimits;
  readonly #probe: ConnectProbe;
  readonly #attempts = new Set<WatchedAttempt>();
  /** Why what belongs to these tasks ends at once. */
  readonly #dropped = new Map<number, Error>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #everyMs: number;
  #now = 0;
  #lookedAt = performance.now();

  /**
   * @param limits What an attempt may take.
   * @param probe How to try a connection.
   */
  constructor(limits: WatchLimits, probe: ConnectProbe) {
    this.#limits = limits;
    this.#probe = probe;
    const shortest = Math.min(limits.connectTimeoutMs, limits.stallTimeoutMs, limits.timeoutMs ?? Infinity);
    this.#everyMs = Math.max(10, Math.min(250, shortest / 8));
    this.#timer = setInterval(() => this.#look(), this.#everyMs);
  }

  /**
   * Starts to watch an attempt; dispose of it when it ends.
   *
   * @param url Where it leads.
   * @param minSpeed Bytes a second that it must bring; 0 is no limit. Default: what holds for all.
   * @param seq The number of the task that it is for. Default: none.
   */
  start(url: string, minSpeed: number = this.#limits.minSpeed ?? 0, seq?: number): Watched {
    const attempt = new WatchedAttempt(url, this, minSpeed, seq);
    this.#attempts.add(attempt);
    const reason = seq === undefined ? undefined : this.#dropped.get(seq);
    if (reason !== undefined) attempt.abort(reason);
    return attempt;
  }

  /** Ends what runs for a task, and whatever begins for it, until it is forgotten. */
  drop(seq: number, reason: Error): void {
    this.#dropped.set(seq, reason);
    for (const attempt of this.#attempts) if (attempt.seq === seq) attempt.abort(reason);
  }

  /** Nothing runs any more for a task that was dropped. */
  forget(seq: number): void {
    this.#dropped.delete(seq);
  }

  /** For how long the thread could listen, up to the last look, in milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** For how long the thread could listen up to this moment, in milliseconds. */
  get heardMs(): number {
    return this.#now + Math.min(performance.now() - this.#lookedAt, LATE * this.#everyMs);
  }

  /** Watches an attempt no longer. */
  end(attempt: WatchedAttempt): void {
    this.#attempts.delete(attempt);
  }

  /** Ends every attempt. */
  abortAll(reason: Error): void {
    for (const attempt of this.#attempts) attempt.abort(reason);
  }

  #look(): void {
    this.#now = this.heardMs;
    this.#lookedAt = performance.now();
    const { connectTimeoutMs, stallTimeoutMs, timeoutMs } = this.#limits;
    for (const attempt of this.#attempts) {
      if (attempt.signal.aborted) continue;
      const { minSpeed } = attempt;
      if (timeoutMs !== undefined && this.#lookedAt - attempt.startedAt > timeoutMs) {
        this.#expire(attempt, `not finished after ${seconds(timeoutMs)}`);
      } else if (attempt.lookups > 0) {
        continue;
      } else if (this.#now - attempt.activeAt > stallTimeoutMs) {
        this.#expire(attempt, `no byte for ${seconds(stallTimeoutMs)}`);
      } else if (minSpeed > 0 && attempt.isOpen && this.#now - attempt.measuredFrom > stallTimeoutMs) {
        const speed = Math.floor(attempt.bytes / (this.#now - attempt.measuredFrom) * 1000);
        if (speed < minSpeed) this.#expire(attempt, `${speed} bytes a second are fewer than ${minSpeed}`);
        attempt.measuredFrom = this.#now;
        attempt.bytes = 0;
      } else if (!attempt.isOpen && !attempt.probed && this.#now - attempt.firstAt > connectTimeoutMs / 2) {
        attempt.probed = true;
        this.#tryConnect(attempt, connectTimeoutMs / 2);
      }
    }
  }

  async #tryConnect(attempt: WatchedAttempt, withinMs: number): Promise<void> {
    const giveUp = new AbortController();
    const wait = () => setTimeout(() => giveUp.abort(), withinMs);
    let timer = wait();
    const watch = { lookingUp: () => clearTimeout(timer), lookedUp: () => void (timer = wait()) };
    try {
      await this.#probe(attempt.url, AbortSignal.any([giveUp.signal, attempt.signal]), watch);
    } catch {
      // A refusal or an unknown name is for the attempt itself to report; only silence is judged here.
      if (giveUp.signal.aborted && !attempt.isOpen) {
        this.#expire(attempt, `no connection after ${seconds(this.#limits.connectTimeoutMs)}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #expire(attempt: WatchedAttempt, what: string): void {
    attempt.abort(new DownloadError("timeout", `${new URL(attempt.url).host}: ${what}`));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#attempts.clear();
  }
}

/** What the watchdog knows of an attempt. */
class WatchedAttempt implements Watched {
  readonly url: string;
  /** When it began, in milliseconds of `performance.now()`; all other times are those of the watchdog. */
  readonly startedAt = performance.now();
  /** When it could begin to connect. */
  firstAt: number;
  activeAt: number;
  isOpen = false;
  probed = false;
  /** How many of its connections wait for the look-up of a name. */
  lookups = 0;
  /** When the speed began to be measured, and the bytes since. */
  measuredFrom: number;
  bytes = 0;
  readonly minSpeed: number;
  readonly seq: number | undefined;
  readonly #controller = new AbortController();
  readonly #watchdog: Watchdog;

  constructor(url: string, watchdog: Watchdog, minSpeed: number, seq: number | undefined) {
    this.url = url;
    this.minSpeed = minSpeed;
    this.seq = seq;
    this.#watchdog = watchdog;
    this.firstAt = this.activeAt = this.measuredFrom = watchdog.heardMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  touch(bytes: number): void {
    // The time of the last look is near enough, and costs nothing.
    this.activeAt = this.#watchdog.now;
    this.bytes += bytes;
  }

  rest(): void {
    this.activeAt = this.measuredFrom = this.#watchdog.heardMs;
    this.bytes = 0;
  }

  lookingUp(): void {
    this.lookups++;
  }

  lookedUp(): void {
    this.lookups--;
    this.rest();
    this.firstAt = this.activeAt;
    this.probed = false;
  }

  opened(): void {
    this.isOpen = true;
    this.rest();
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#watchdog.end(this);
  }
}

/** Tries a bare connection to the host of a url, made by `connect`. Default: by Deno. */
export async function connectProbe(
  url: string,
  signal: AbortSignal,
  watch?: LookupWatch,
  connect: Connect = connectTcp,
): Promise<void> {
  const { hostname, port, protocol } = new URL(url);
  const target = {
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port) || USUAL_PORTS[protocol] || 80,
  };
  const connection = await connect({ ...target, signal, watch });
  connection.close();
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(3))} s`;
}
