import { existsSync } from "node:fs";
import { join } from "@std/path";
import { redactUrl } from "../base/redact_url.ts";
import type { TaskDoneFacts } from "../queue/task_model.ts";
import { Expectations, IntegrityError } from "./expectations.ts";
import { type DownloadDriver, type DriverRequest, type DriverResponse, NotModifiedError } from "./download_driver.ts";
import { DownloadError, networkError } from "./download_error.ts";
import type { ManifestLine } from "./manifest.ts";
import { firstGap, openRange } from "./open_range.ts";
import { diskError, FileExistsError, PartFile, type PartTarget } from "./part_file.ts";
import { type PartState, partState } from "./part_state.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import { RateLimiter } from "./rate_limiter.ts";
import type { ByteRange } from "./segment_plan.ts";
import { FileChangedError, Segments } from "./segments.ts";
import { type SharedFile, shareFile } from "./share_file.ts";
import { watchStream } from "./stream_watch.ts";
import { Throttle } from "./throttle.ts";
import type { Watched } from "./watchdog.ts";

/** A body up to this many bytes is read at once and written in one piece. */
const SMALL_BODY = 64 * 1024;
/** Shorter files are fetched again sooner than continued. */
const RESUMABLE = 1024 * 1024;

/** What was opened: an answer that goes on with what was left, or begins anew; or nothing more is missing of what was left. */
type Opened = { type: "body"; response: DriverResponse; kept: readonly ByteRange[] } | {
  type: "whole";
  state: PartState;
};
const NOTHING: readonly ByteRange[] = [];

/**
 * Fetches one file, once: continues what an earlier download left if it is certain that the file is still the same
 * version, and else starts over. What arrives and is not what was expected is thrown away and fetched once more.
 */
export class Attempt {
  readonly #task: DownloadTask;
  readonly #context: DownloadContext;
  readonly #driver: DownloadDriver;
  readonly #startedAt: number;
  readonly #target: PartTarget;
  readonly #throttle: Throttle | undefined;
  readonly #source: string;
  readonly #url: string;
  readonly #segments: number | "auto";
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
    const { root, writer, bootId } = context;
    this.#task = task;
    this.#context = context;
    this.#driver = driver;
    this.#startedAt = startedAt;
    this.#source = source;
    this.#throttle = task.limitRate === undefined ? undefined : new Throttle(RateLimiter.create(task.limitRate));
    this.#url = redactUrl(task.url);
    this.#segments = task.segments ?? context.segments ?? 1;
    this.#target = { root, out: task.out, tag: `${writer}-${task.fence}`, url: redactUrl(source), bootId };
  }

  /**
   * Runs it.
   *
   * @returns What is known of the finished file.
   * @throws {DownloadError} If it did not succeed; {@linkcode StoppedError} if it was stopped.
   */
  async run(): Promise<TaskDoneFacts> {
    const { fresh, overwrite, watchdog, manifest } = this.#context;
    const finalPath = join(this.#target.root, this.#target.out);
    if (!fresh && existsSync(finalPath)) {
      if (overwrite === "never") return await this.#knownFile(finalPath);
      await this.#allowReplacing(finalPath);
    }
    using watched = watchdog.start(this.#source);
    try {
      return await this.#fetch(watched).catch((error) => {
        const again = error instanceof IntegrityError || error instanceof FileChangedError;
        if (again && !watched.signal.aborted) return this.#fetch(watched);
        throw error;
      });
    } catch (error) {
      if (error instanceof NotModifiedError && this.#old !== undefined) return this.#old.facts;
      if (error instanceof FileExistsError) {
        // Another writer may have been faster with the same file; our line must not vouch for what is there.
        manifest.void(this.#task);
        return await this.#knownFile(finalPath);
      }
      // What an abort makes of a read is only a symptom: the reason says what happened.
      throw watched.signal.aborted ? watched.signal.reason : networkError(error, this.#source);
    }
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
    // One of several connections must be able to end without the others.
    using stream = this.#segments === 1 && part?.left?.pieces === undefined
      ? undefined
      : watchStream(this.#context.watchdog, this.#source, watched);
    try {
      const opened = await this.#open(part, stream ?? watched);
      watched.opened();
      stream?.opened();
      if (opened.type === "whole") return await this.#finishLeft(part!, opened.state, watched);
      using response = opened.response;
      const { expectType, maxSize = Infinity, fsync } = this.#context;
      if ((response.length ?? 0) > maxSize) throw this.#tooLarge(response.length!);
      const expectations = new Expectations(this.#task, response, expectType);
      if (response.length !== undefined && response.length <= SMALL_BODY && !fsync) {
        part?.discard();
        return await this.#receiveSmall(response, expectations, stream ?? watched);
      }
      part ??= PartFile.open(this.#target);
      if (stream !== undefined) {
        const { segmentBytes } = this.#context;
        const shared = shareFile(this.#target, part, opened, this.#segments, segmentBytes);
        if (shared !== undefined) return await this.#receiveShared(part, shared, expectations, watched, stream);
      }
      return await this.#receive(part, opened, expectations, stream ?? watched);
    } catch (error) {
      if (error instanceof IntegrityError) part?.discard();
      throw error;
    } finally {
      await part?.settled();
      part?.[Symbol.dispose]();
    }
  }

  /** Asks for what is missing of what was left, as long as there is no doubt; else for all of it. */
  async #open(part: PartFile | undefined, { signal }: Watched): Promise<Opened> {
    const request = this.#request(signal);
    if (this.#old !== undefined) request.condition = this.#old.condition;
    if (part?.left !== undefined) {
      const { state, bytes, pieces = [[0, bytes]] } = part.left;
      const [from, to] = firstGap(state.length, pieces);
      const answer = await openRange(this.#driver, request, state, from, to);
      if (answer.type === "part") return { type: "body", response: answer.response, kept: pieces };
      if (answer.type === "all") return { type: "body", response: answer.response, kept: NOTHING };
      if (answer.type === "nothing" && answer.length === from && from === state.length) return { type: "whole", state };
    }
    const response = await this.#driver.open(request);
    return { type: "body", response, kept: NOTHING };
  }

  #request(signal: AbortSignal): DriverRequest {
    const url = this.#source;
    // Headers are for the origin of the task's url: a mirror gets them only if it is there too.
    const headers = isSameOrigin(url, this.#task.url) ? this.#task.headers ?? {} : {};
    return { url, headers, maxRedirects: this.#context.maxRedirects, signal };
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
    return await response.whole(async (bytes) => {
      expectations.update(bytes);
      expectations.verify();
      const { length } = bytes;
      const facts = factsOf(response, length);
      this.#context.onBytes(length);
      await this.#context.smallFiles.store(
        this.#target,
        bytes,
        this.#modified(facts),
        (inode) => this.#line(facts, inode, watched),
      );
      // Paid for afterwards, as the bytes are here: the next download on this slot starts the later.
      await this.#pay(length, watched)?.catch(() => {});
      return facts;
    }, (bytes) => watched.touch(bytes));
  }

  async #receive(
    part: PartFile,
    { response, kept }: Opened & { type: "body" },
    expectations: Expectations,
    watched: Watched,
  ): Promise<TaskDoneFacts> {
    const from = kept[0]?.[1] ?? 0;
    const worthIt = response.decoded !== true && (response.length ?? 0) > RESUMABLE;
    const fresh = worthIt ? partState(this.#target.url, response, this.#target.bootId) : undefined;
    const state = from > 0 ? part.left?.state : fresh;
    if (from > 0) await expectations.skip(part.path, from, watched);
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
    return await this.#finish(part, factsOf(response, part.bytes), watched);
  }

  /** Reads the body over several connections. */
  async #receiveShared(
    part: PartFile,
    shared: SharedFile,
    expectations: Expectations,
    watched: Watched,
    firstWatch: Watched,
  ): Promise<TaskDoneFacts> {
    const { watchdog, extraPlace = () => () => {}, onBytes } = this.#context;
    const { state, kept, first } = shared;
    part.beginPieces(state, kept);
    await new Segments({
      ...shared,
      part,
      url: this.#source,
      watched,
      firstWatch,
      watch: () => watchStream(watchdog, this.#source, watched),
      open: (range, signal) => openRange(this.#driver, this.#request(signal), state, ...range),
      place: () => extraPlace(this.#source),
      look: (piece) => expectations.update(piece),
      wrote: onBytes,
      pay: (bytes, stream) => this.#pay(bytes, stream),
    }).run();
    await expectations.skip(part.path, state.length, watched);
    expectations.verify();
    return await this.#finish(part, factsOf(first, state.length), watched);
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
    await expectations.skip(part.path, length, watched);
    expectations.verify();
    part.begin(length, state);
    return await this.#finish(part, facts, watched);
  }

  async #finish(part: PartFile, facts: TaskDoneFacts, watched: Watched): Promise<TaskDoneFacts> {
    const { manifest, names, fsync } = this.#context;
    if (fsync) await part.sync();
    const line = this.#line(facts, part.inode, watched);
    try {
      manifest.append([line]);
      if (fsync) await manifest.sync();
    } catch (error) {
      throw diskError(error, "the manifest");
    }
    part.finish(names, this.#modified(facts));
    if (fsync) await part.syncFolder();
    return facts;
  }

  /** The modification time that the file gets, in seconds since the epoch. */
  #modified({ lastModified }: TaskDoneFacts): number | undefined {
    if (!this.#context.remoteTime || lastModified === undefined) return undefined;
    const time = Date.parse(lastModified);
    return time >= 0 && time <= Date.now() ? time / 1000 : undefined;
  }

  #tooLarge(bytes: number): DownloadError {
    const { maxSize } = this.#context;
    return new DownloadError(
      "size",
      `Cannot store the file as its size must be at most ${maxSize}: current value is ${bytes}`,
    );
  }

  #line(facts: TaskDoneFacts, inode: number, watched: Watched): ManifestLine {
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
