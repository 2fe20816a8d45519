import { existsSync } from "node:fs";
import { redactUrl } from "../base/redact_url.ts";
import type { TaskDoneFacts } from "../queue/task_model.ts";
import { Expectations, IntegrityError } from "./expectations.ts";
import {
  type DownloadDriver,
  type DriverRequest,
  type DriverResponse,
  NotModifiedError,
  RangeRefusedError,
} from "./download_driver.ts";
import { DownloadError, networkError } from "./download_error.ts";
import type { ManifestLine } from "./manifest.ts";
import { modifiedTime } from "./modified_time.ts";
import { diskError, FileExistsError, PartFile, type PartTarget } from "./part_file.ts";
import { isSameVersion, type PartState, partState, validatorsOf } from "./part_state.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import { pathBelow } from "./path_below.ts";
import { RateLimiter } from "./rate_limiter.ts";
import { Throttle } from "./throttle.ts";
import type { Watched } from "./watchdog.ts";

/** A body up to this many bytes is read at once and written in one piece. */
const SMALL_BODY = 64 * 1024;
/** Shorter files are fetched again sooner than continued. */
const RESUMABLE = 1024 * 1024;

/** What was opened: an answer whose body goes on at `from`; or nothing more is missing of what was left. */
type Opened = { type: "body"; response: DriverResponse; from: number } | { type: "whole"; state: PartState };

/**
 * Fetches one file, once: continues what an earlier download left if it is certain that the file is still the same
 * version, and else starts over. What arrives and is not what was expected is thrown away and fetched once more.
 */
export class Attempt {
  readonly #task: DownloadTask;
  readonly #context: DownloadContext;
  readonly #driver: DownloadDriver;
  readonly #startedAt: number;
  #target: PartTarget;
  readonly #throttle: Throttle | undefined;
  readonly #source: string;
  readonly #url: string;
  /** Something is there that is not known: it counts only if no answer names the file otherwise. */
  #inTheWay = false;
  /** The file that is there and may be replaced, if it has changed. */
  #old: { facts: TaskDoneFacts; condition: { etag?: string; lastModified?: string } } | undefined;

  /**
   * @param task The claimed task.
   * @param source Its url, or one of its mirrors.
   * @param context What the downloads of this worker share.
   * @param driver Who can open its url.
   * @param startedAt When it began.
   */
  constructor(
    task: DownloadTask,
    source: string,
    context: DownloadContext,
    driver: DownloadDriver,
    startedAt: number,
  ) {
    this.#task = task;
    this.#context = context;
    this.#driver = driver;
    this.#startedAt = startedAt;
    this.#source = source;
    this.#throttle = task.limitRate === undefined ? undefined : new Throttle(RateLimiter.create(task.limitRate));
    this.#url = redactUrl(task.url);
    this.#target = this.#targetOf(task.out);
  }

  /**
   * Runs it.
   *
   * @returns What is known of the finished file.
   * @throws {DownloadError} If it did not succeed; {@linkcode StoppedError} if it was stopped.
   */
  async run(): Promise<TaskDoneFacts> {
    const { watchdog, manifest } = this.#context;
    const known = this.#isThere ? await this.#lookFirst() : undefined;
    if (known !== undefined) return known;
    using watched = watchdog.start(this.#source);
    try {
      for (let again = false;; again = true) {
        try {
          return await this.#fetch(watched);
        } catch (error) {
          if (again || !(error instanceof IntegrityError) || watched.signal.aborted) throw error;
        }
      }
    } catch (error) {
      if (error instanceof NotModifiedError && this.#old !== undefined) return this.#old.facts;
      if (error instanceof FileExistsError && error.path === this.#finalPath) {
        // Another writer may have been faster with the same file; our line must not vouch for what is there.
        manifest.void(this.#task);
        return await this.#knownFile(this.#finalPath);
      }
      // What an abort makes of a read is only a symptom: the reason says what happened.
      throw watched.signal.aborted ? watched.signal.reason : networkError(error, this.#source);
    }
  }

  #targetOf(out: string): PartTarget {
    const { root, writer, bootId } = this.#context;
    return { root, out, tag: `${writer}-${this.#task.fence}`, url: redactUrl(this.#source), bootId };
  }

  get #finalPath(): string {
    return pathBelow(this.#target.root, this.#target.out);
  }

  get #isThere(): boolean {
    return !this.#context.fresh && existsSync(this.#finalPath);
  }

  /** The file is there before its first byte: gives what is known of it if it needs no download. */
  async #lookFirst(): Promise<TaskDoneFacts | undefined> {
    const path = this.#finalPath;
    try {
      if (this.#context.overwrite === "never") return await this.#knownFile(path);
      const replayed = this.#task.replayed === true ? await this.#knownFile(path).catch(() => undefined) : undefined;
      if (replayed !== undefined) return replayed;
      await this.#allowReplacing(path);
    } catch (error) {
      if (this.#task.named === true || !(error instanceof FileExistsError)) throw error;
      this.#inTheWay = true;
    }
    return undefined;
  }

  /** Takes the name that an answer gives the file; says whether it is another one than before. */
  async #learnName(response: DriverResponse, watched: Watched): Promise<boolean> {
    const { learnName } = await import("./learn_name.ts");
    if (!await learnName(this.#task, this.#source, response, this.#context, watched)) return false;
    this.#target = this.#targetOf(this.#task.out);
    this.#old = undefined;
    this.#inTheWay = false;
    return true;
  }

  /** A file is there that may be replaced, unless it is still what the server has. */
  async #allowReplacing(path: string): Promise<void> {
    const info = await this.#look(path);
    if (!info.isFile) throw new FileExistsError(path);
    this.#target.replace = true;
    const { checksum, size = info.size } = this.#task;
    // Whether an old file has a checksum is not known: with one it is fetched, and checked, in any case.
    if (this.#context.overwrite !== "changed" || checksum !== undefined || size !== info.size) return;
    const known = await this.#context.manifest.find(this.#url, this.#task.out, info.size);
    const { etag, lastModified } = known ?? { lastModified: info.mtime?.toUTCString() };
    if (etag === undefined && lastModified === undefined) return;
    this.#old = {
      facts: known ?? { bytes: info.size, finalUrl: redactUrl(this.#source) },
      condition: {
        ...(etag === undefined ? {} : { etag }),
        ...(lastModified === undefined ? {} : { lastModified }),
      },
    };
  }

  async #look(path: string): Promise<Deno.FileInfo> {
    try {
      return await Deno.lstat(path);
    } catch (error) {
      throw diskError(error, path);
    }
  }

  /** The file is there before the first byte: done if we stored it, and somebody else's otherwise. */
  async #knownFile(path: string): Promise<TaskDoneFacts> {
    const info = await this.#look(path);
    const facts = info.isFile ? await this.#context.manifest.find(this.#url, this.#task.out, info.size) : undefined;
    if (facts === undefined) throw new FileExistsError(path);
    return facts;
  }

  async #fetch(watched: Watched): Promise<TaskDoneFacts> {
    const left = !this.#context.fresh && PartFile.isLeft(this.#target);
    let part = left ? PartFile.open(this.#target) : undefined;
    try {
      const opened = part?.left === undefined
        ? { type: "body" as const, response: await this.#driver.open(this.#request(watched)), from: 0 }
        : await this.#reopen(part.left, watched);
      watched.opened();
      if (opened.type === "whole") return await this.#finishLeft(part!, opened.state, watched);
      using response = opened.response;
      // What is continued has its name from when it began.
      const mayName = this.#task.named !== true && opened.from === 0 &&
        (response.disposition !== undefined || response.finalUrl !== this.#source);
      if (mayName && await this.#learnName(response, watched)) {
        part?.discard();
        const known = this.#isThere ? await this.#lookFirst() : undefined;
        if (known !== undefined) return known;
        if (this.#old !== undefined || (!this.#context.fresh && PartFile.isLeft(this.#target))) {
          // There is something to go on with under this name: that is another question.
          response[Symbol.dispose]();
          return await this.#fetch(watched);
        }
        part?.[Symbol.dispose]();
        part = undefined;
      }
      if (this.#inTheWay) throw new FileExistsError(this.#finalPath);
      const { expectType, maxSize = Infinity, fsync } = this.#context;
      if ((response.length ?? 0) > maxSize) throw this.#tooLarge(response.length!);
      const expectations = new Expectations(this.#task, response, expectType);
      if (response.length !== undefined && response.length <= SMALL_BODY && !fsync) {
        part?.discard();
        return await this.#receiveSmall(response, expectations, watched);
      }
      part ??= PartFile.open(this.#target);
      return await this.#receive(part, opened, expectations, watched);
    } catch (error) {
      if (error instanceof IntegrityError) part?.discard();
      throw error;
    } finally {
      await part?.settled();
      part?.[Symbol.dispose]();
    }
  }

  #request({ signal }: Watched): DriverRequest {
    const url = this.#source;
    // Headers are for the origin of the task's url: a mirror gets them only if it is there too.
    const headers = isSameOrigin(url, this.#task.url) ? this.#task.headers ?? {} : {};
    const { maxRedirects } = this.#context;
    const condition = this.#old?.condition;
    return condition === undefined
      ? { url, headers, maxRedirects, signal }
      : { url, headers, maxRedirects, signal, condition };
  }

  /** Asks for what is missing of what was left, as long as there is no doubt; else for all of it. */
  async #reopen({ state, bytes }: { state: PartState; bytes: number }, watched: Watched): Promise<Opened> {
    const request = this.#request(watched);
    const validators = validatorsOf(state);
    for (const [index, ifRange] of validators.entries()) {
      let response: DriverResponse;
      try {
        response = await this.#driver.open({ ...request, range: { from: bytes, ifRange } });
      } catch (error) {
        if (error instanceof RangeRefusedError) {
          if (error.length === bytes && bytes === state.length) return { type: "whole", state };
          break;
        }
        // An answer that makes no sense says nothing about the whole file.
        if (error instanceof DownloadError && error.kind === "protocol") break;
        throw error;
      }
      const same = response.decoded !== true && isSameVersion(state, response);
      if (response.offset === bytes && same) return { type: "body", response, from: bytes };
      if (response.offset === 0) {
        // Some servers know the version by its date only; the same version deserves the other question.
        const another = same && index + 1 < validators.length;
        if (!another) return { type: "body", response, from: 0 };
      }
      response[Symbol.dispose]();
      if (response.offset !== 0) break;
    }
    return { type: "body", response: await this.#driver.open(request), from: 0 };
  }

  /** Takes bandwidth for a piece, of all and of this task; resolves when it is paid for. */
  #pay(bytes: number, watched: Watched): Promise<void> | undefined {
    const common = this.#context.throttle?.pass(bytes, watched);
    const own = this.#throttle?.pass(bytes, watched);
    if (common === undefined || own === undefined) return common ?? own;
    return Promise.all([common, own]).then(() => {});
  }

  async #receiveSmall(
    response: DriverResponse,
    expectations: Expectations,
    watched: Watched,
  ): Promise<TaskDoneFacts> {
    const { smallFiles, onBytes, remoteTime } = this.#context;
    let facts!: TaskDoneFacts;
    await response.whole((bytes) => {
      expectations.update(bytes);
      expectations.verify();
      facts = factsOf(response, bytes.length);
      onBytes(bytes.length);
      const line = (inode: number) => this.#line(facts, inode, watched, expectations.digest);
      return smallFiles.store(this.#target, bytes, modifiedTime(facts, remoteTime), line);
    }, (bytes) => watched.touch(bytes));
    // Paid for afterwards, as the bytes are here: the next download on this slot starts the later.
    const paying = this.#pay(facts.bytes, watched);
    if (paying !== undefined) await paying.catch(() => {});
    return facts;
  }

  async #receive(
    part: PartFile,
    { response, from }: Opened & { type: "body" },
    expectations: Expectations,
    watched: Watched,
  ): Promise<TaskDoneFacts> {
    const worthIt = response.decoded !== true && (response.length ?? 0) > RESUMABLE;
    const fresh = worthIt ? partState(this.#target.url, response, this.#target.bootId) : undefined;
    const state = from > 0 ? part.left?.state : fresh;
    if (from > 0) await expectations.skip(part.path, from, watched.signal);
    part.begin(from, state);
    const { maxSize = Infinity } = this.#context;
    await response.read((piece) => {
      watched.touch(piece.length);
      if (part.bytes + piece.length > maxSize) throw this.#tooLarge(part.bytes + piece.length);
      expectations.update(piece);
      this.#context.onBytes(piece.length);
      part.write(piece);
      return this.#pay(piece.length, watched);
    });
    expectations.verify();
    return await this.#finish(part, factsOf(response, part.bytes), watched, expectations.digest);
  }

  /** The server has nothing to add: what was left is all of it. */
  async #finishLeft(part: PartFile, state: PartState, watched: Watched): Promise<TaskDoneFacts> {
    const { etag, lastModified, length } = state;
    const facts = {
      bytes: length,
      finalUrl: this.#target.url,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    };
    const nothing = {
      ...facts,
      length,
      offset: length,
      whole: () => Promise.reject(new TypeError("Cannot read a body as there is none")),
      read: () => Promise.resolve(),
      [Symbol.dispose]: () => {},
    };
    const expectations = new Expectations(this.#task, nothing, undefined);
    await expectations.skip(part.path, length, watched.signal);
    expectations.verify();
    part.begin(length, state);
    return await this.#finish(part, facts, watched, expectations.digest);
  }

  async #finish(part: PartFile, facts: TaskDoneFacts, watched: Watched, digest?: string): Promise<TaskDoneFacts> {
    const { manifest, names, fsync, remoteTime } = this.#context;
    if (fsync) await part.sync();
    const line = this.#line(facts, part.inode, watched, digest);
    try {
      manifest.append([line]);
      if (fsync) await manifest.sync();
    } catch (error) {
      throw diskError(error, "the manifest");
    }
    part.finish(names, modifiedTime(facts, remoteTime));
    if (fsync) await part.syncFolder();
    return facts;
  }

  #tooLarge(bytes: number): DownloadError {
    const { maxSize } = this.#context;
    return new DownloadError(
      "size",
      `Cannot store the file as its size must be at most ${maxSize}: current value is ${bytes}`,
    );
  }

  #line(facts: TaskDoneFacts, inode: number, watched: Watched, digest: string | undefined): ManifestLine {
    // An abort that came with the last byte still counts: nothing may be finished after it.
    if (watched.signal.aborted) throw watched.signal.reason;
    const { id, fence, out, attempts, core } = this.#task;
    return {
      id,
      fence,
      url: this.#url,
      ...facts,
      out,
      inode,
      ...(digest === undefined ? {} : { digest }),
      ...(this.#target.replace === true ? { replace: true } : {}),
      attempts: attempts + 1,
      core,
      startedAt: this.#startedAt,
      finishedAt: Date.now(),
    };
  }
}

function isSameOrigin(one: string, other: string): boolean {
  return one === other || URL.parse(one)?.origin === URL.parse(other)?.origin;
}

function factsOf({ finalUrl, etag, lastModified }: DriverResponse, bytes: number): TaskDoneFacts {
  return {
    bytes,
    finalUrl: redactUrl(finalUrl),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}
