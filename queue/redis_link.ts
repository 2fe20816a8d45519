import { delay } from "@std/async/delay";
import { textDigest } from "../base/text_digest.ts";
import type { RedisAddress } from "../config/redis_address.ts";
import { connectRedis, type RedisConnection, type RedisTls } from "./redis_connection.ts";
import { QueueUnavailableError } from "./queue_unavailable_error.ts";

/** A script, and the digest by which the server knows it. */
export interface RedisScript {
  source: string;
  sha: string;
}

/** How a {@linkcode RedisLink} behaves. */
export interface RedisLinkOptions {
  /** The certificates, for encrypted connections. */
  tls?: RedisTls;
  /** How long a call tries again while the server does not answer, or cannot write, in milliseconds. Default 10,000. */
  patienceMs?: number;
  /** How long the answer of a server may take before its connection counts as broken, in milliseconds. Default 10,000. */
  answerMs?: number;
  /** Told once when the server does not answer any more, with the reason, and without one when it does again. */
  onTrouble?: (reason: string | undefined) => void;
}

/** What the arguments of a call are; `again` if it is made again and may have been done. */
export type ScriptArgs = (again: boolean) => string[];

const PATIENCE_MS = 10_000;
/** What is left of it for somebody in a hurry. */
const HURRIED_MS = 3000;
const ANSWER_MS = 10_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/** Answers that pass: the server starts, fails over, or is full until somebody makes room. */
const PASSING = /^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|MISCONF|OOM|NOREPLICAS|UNBLOCKED)\b/;
/** In plain words, what an answer means. */
const MEANINGS: readonly [answer: RegExp, meaning: string][] = [
  [/\bOOM\b/, "the server is out of memory"],
  [/\bREADONLY\b/, "the server is a read-only replica"],
  [/\bMISCONF\b/, "the server cannot write to its disk"],
  [/\b(WRONGPASS|NOAUTH)\b|invalid username-password/, "the user or the password is wrong"],
  [/\bNOPERM\b/, "the user may not do that"],
  [/\bMOVED\b/, "the server is part of a cluster: redis+cluster:// is for those"],
  [/unknown command|Unknown Redis command/, "the server is older than Redis 7, or does not allow scripts"],
];

/** Makes a script of its source. */
export function redisScript(source: string): RedisScript {
  return { source, sha: textDigest(source, "hex") };
}

/**
 * A connection to Redis that outlives outages: a call whose answer does not come is made again, over a new connection, with
 * a longer pause each time, until its patience ends.
 */
export class RedisLink implements AsyncDisposable {
  readonly #address: RedisAddress;
  readonly #root: string;
  readonly #options: RedisLinkOptions;
  readonly #closing = new AbortController();
  readonly #channels = new Map<string, (message: string) => void>();
  #connection: Promise<RedisConnection> | undefined;
  #troubled = false;
  #patienceMs = PATIENCE_MS;
  #hurriedAt = Infinity;

  /**
   * Links nothing yet: the first call connects.
   *
   * @param address Where the server is.
   * @param root What all keys begin with, the tag of the slot included.
   * @param options Patience, certificates, and who is told of trouble.
   */
  constructor(address: RedisAddress, root: string, options: RedisLinkOptions = {}) {
    this.#address = address;
    this.#root = root;
    this.#options = options;
    this.patienceMs = options.patienceMs;
  }

  /** How long a call tries again. */
  set patienceMs(ms: number | undefined) {
    this.#patienceMs = ms ?? PATIENCE_MS;
  }

  /** Ends all waiting, that of calls under way too, within a few seconds; or waits as before. */
  hurry(on: boolean): void {
    this.#hurriedAt = on ? Math.min(this.#hurriedAt, performance.now()) : Infinity;
  }

  /** The address without secrets. */
  get shown(): string {
    return this.#address.shown;
  }

  /**
   * Runs a script.
   *
   * @param script The script; its only key is the root.
   * @param args Its arguments.
   * @returns Its answer.
   * @throws {QueueUnavailableError} If there is none within the patience, or a refusal.
   */
  async run(script: RedisScript, args: ScriptArgs): Promise<unknown> {
    const begin = performance.now();
    let pause = FIRST_PAUSE_MS;
    for (let again = false;; again = true) {
      try {
        const answer = await this.#once(script, args(again));
        this.#tell(undefined);
        return answer;
      } catch (error) {
        const reason = reasonOf(error);
        const closed = this.#closing.signal.aborted;
        if (closed || !isPassing(error) || performance.now() + pause > this.#endOf(begin)) {
          throw new QueueUnavailableError(
            `Cannot use the task list ${this.shown}: ${closed ? "it is closed" : reason}`,
            this.shown,
            { cause: error },
          );
        }
        this.#tell(reason);
        await delay(pause, { signal: this.#closing.signal }).catch(() => {});
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  /**
   * Asks the server something, once.
   *
   * @param args A command.
   * @returns Its answer; `undefined` if there is none.
   */
  async ask(args: string[]): Promise<unknown> {
    try {
      return await this.#send(await (this.#connection ??= this.#connect()), args);
    } catch {
      return undefined;
    }
  }

  /** Listens to a channel, through all outages. */
  async subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    this.#channels.set(channel, listener);
    if (this.#connection !== undefined) await (await this.#connection).subscribe(channel, listener).catch(() => {});
  }

  /** When a call that began then has to end. */
  #endOf(begin: number): number {
    return Math.min(begin + this.#patienceMs, Math.max(begin, this.#hurriedAt) + HURRIED_MS);
  }

  async #once(script: RedisScript, args: string[]): Promise<unknown> {
    this.#closing.signal.throwIfAborted();
    const opening = this.#connection ??= this.#connect();
    let connection: RedisConnection;
    try {
      connection = await opening;
    } catch (error) {
      this.#forget(opening);
      throw error;
    }
    try {
      try {
        return await this.#send(connection, ["EVALSHA", script.sha, "1", this.#root, ...args]);
      } catch (error) {
        if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
        return await this.#send(connection, ["EVAL", script.source, "1", this.#root, ...args]);
      }
    } catch (error) {
      // An answer proves that the connection is good; all else leaves that open.
      if (!isAnswer(error)) {
        this.#forget(opening);
        connection.destroy();
      }
      throw error;
    }
  }

  async #send(connection: RedisConnection, args: string[]): Promise<unknown> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const { answerMs = ANSWER_MS } = this.#options;
      const most = this.#hurriedAt < Infinity ? Math.min(HURRIED_MS, answerMs) : answerMs;
      timer = setTimeout(() => reject(new Error(`no answer within ${most / 1000} s`)), most);
    });
    try {
      return await Promise.race([connection.send(this.#root, args), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #connect(): Promise<RedisConnection> {
    const connection = await connectRedis(this.#address, this.#options.tls);
    if (this.#closing.signal.aborted) {
      connection.destroy();
      throw new Error("it is closed");
    }
    try {
      for (const [channel, listener] of this.#channels) await connection.subscribe(channel, listener);
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }

  #forget(connection: Promise<RedisConnection>): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  #tell(reason: string | undefined): void {
    if (this.#troubled === (reason !== undefined)) return;
    this.#troubled = reason !== undefined;
    this.#options.onTrouble?.(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    try {
      (await this.#connection)?.destroy();
    } catch {
      // It never opened.
    }
  }
}

/** The client's own class for what a server has said. */
const ANSWERS = new Set(["ErrorReply", "SimpleError", "BlobError"]);

function isAnswer(error: unknown): boolean {
  return error instanceof Error && ANSWERS.has(error.constructor.name);
}

function isPassing(error: unknown): boolean {
  return !isAnswer(error) || PASSING.test(messageOf(error));
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message || error.name : String(error);
}

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  const meaning = MEANINGS.find(([answer]) => answer.test(message))?.[1];
  return meaning === undefined ? message : `${meaning} (${message})`;
}
