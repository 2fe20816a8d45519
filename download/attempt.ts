import { existsSync } from "node:fs";
import { redactUrl } from "../base/redact_url.ts";
import type { TaskDoneFacts } from "../queue/task_model.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import { type DownloadDriver, type DriverRequest, type DriverResponse, NotModifiedError } from "./download_driver.ts";
import { networkError } from "./download_error.ts";
import { Expectations, IntegrityError } from "./expectations.ts";
import { firstGap, openRange } from "./open_range.ts";
import { diskError, FileExistsError, PartFile, type PartLeft, type PartTarget } from "./part_file.ts";
import type { PartState } from "./part_state.ts";
import { pathBelow } from "./path_below.ts";
import { Receiver } from "./receiver.ts";
import type { ByteRange } from "./segment_plan.ts";
import { FileChangedError } from "./segments.ts";
import { shareFile } from "./share_file.ts";
import { watchStream } from "./stream_watch.ts";
import type { Watched } from "./watchdog.ts";

/** A body up to this many bytes is read at once and written in one piece. */
const SMALL_BODY = 64 * 1024;
const NOTHING: readonly ByteRange[] = [];

/** What was opened: an answer that goes on with what was left, or begins anew; or nothing more is missing of what was left. */
type Opened = { type: "body"; response: DriverResponse; kept: readonly ByteRange[] } | {
  type: "whole";
  state: PartState;
};

/**
 * Fetches one file, once: continues what an earlier download left if it is certain that the file is still the same
 * version, and else starts over. What arrives and is not what was expected is thrown away and fetched once more.
 */
export class Attempt {
  readonly #task: DownloadTask;
  readonly #context: DownloadContext;
  readonly #driver: DownloadDriver;
  readonly #receiver: Receiver;
  #target: PartTarget;
  readonly #source: string;
  /** Something is there that is not known: it counts only if no answer names the file otherwise. */
  #inTheWay = false;
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
    this.#task = task;
    this.#context = context;
    this.#driver = driver;
    this.#source = source;
    this.#receiver = new Receiver({ task, source, context, startedAt });
    this.#segments = task.segments ?? context.segments ?? 1;
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
          const curable = error instanceof IntegrityError || error instanceof FileChangedError;
          if (again || !curable || watched.signal.aborted) throw error;
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

  get #isLeft(): boolean {
    return !this.#context.fresh && PartFile.isLeft(this.#target);
  }

  /** The file is there before its first byte: gives what is known of it if it needs no download. */
  async #lookFirst(): Promise<TaskDoneFacts | undefined> {
    const path = this.#finalPath;
    try {
      if (this.#context.overwrite === "never") return await this.#knownFile(path);
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
    const { url, out, checksum, size = info.size } = this.#task;
    // Whether an old file has a checksum is not known: with one it is fetched, and checked, in any case.
    if (this.#context.overwrite !== "changed" || checksum !== undefined || size !== info.size) return;
    const known = await this.#context.manifest.find(redactUrl(url), out, info.size);
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
    const { url, out } = this.#task;
    const facts = info.isFile ? await this.#context.manifest.find(redactUrl(url), out, info.size) : undefined;
    if (facts === undefined) throw new FileExistsError(path);
    return facts;
  }

  async #fetch(watched: Watched): Promise<TaskDoneFacts> {
    let part = this.#isLeft ? PartFile.open(this.#target) : undefined;
    // One of several connections must be able to end without the others.
    const stream = this.#segments === 1 && part?.left?.pieces === undefined
      ? undefined
      : watchStream(this.#context.watchdog, this.#source, watched);
    const receiver = this.#receiver;
    try {
      const opened = part?.left === undefined
        ? { type: "body" as const, response: await this.#open(stream ?? watched), kept: NOTHING }
        : await this.#reopen(part.left, stream ?? watched);
      watched.opened();
      stream?.opened();
      if (opened.type === "whole") return await receiver.left(this.#target, part!, opened.state, watched);
      using response = opened.response;
      // What is continued has its name from when it began.
      const mayName = this.#task.named !== true && opened.kept.length === 0 &&
        (response.disposition !== undefined || response.finalUrl !== this.#source);
      if (mayName && await this.#learnName(response, watched)) {
        part?.discard();
        const known = this.#isThere ? await this.#lookFirst() : undefined;
        if (known !== undefined) return known;
        if (this.#old !== undefined || this.#isLeft) {
          // There is something to go on with under this name: that is another question.
          response[Symbol.dispose]();
          return await this.#fetch(watched);
        }
        part?.[Symbol.dispose]();
        part = undefined;
      }
      if (this.#inTheWay) throw new FileExistsError(this.#finalPath);
      const { expectType, fsync, segmentBytes } = this.#context;
      receiver.checkSize(response.length ?? 0);
      const expectations = new Expectations(this.#task, response, expectType);
      if (response.length !== undefined && response.length <= SMALL_BODY && !fsync) {
        part?.discard();
        return await receiver.small(this.#target, response, expectations, stream ?? watched);
      }
      part ??= PartFile.open(this.#target);
      const shared = stream && shareFile(this.#target, part, opened, this.#segments, segmentBytes);
      if (stream === undefined || shared === undefined) {
        return await receiver.stream(this.#target, part, opened, expectations, stream ?? watched);
      }
      const open = (range: ByteRange, signal: AbortSignal) =>
        openRange(this.#driver, this.#request(signal), shared.state, ...range);
      return await receiver.shared(part, shared, open, expectations, watched, stream);
    } catch (error) {
      if (error instanceof IntegrityError) part?.discard();
      throw error;
    } finally {
      stream?.[Symbol.dispose]();
      await part?.settled();
      part?.[Symbol.dispose]();
    }
  }

  /** Asks for what is missing of what was left, as long as there is no doubt; else for all of it. */
  async #reopen({ state, bytes, pieces = [[0, bytes]] }: PartLeft, watched: Watched): Promise<Opened> {
    const [from, to] = firstGap(state.length, pieces);
    const answer = await openRange(this.#driver, this.#conditional(watched), state, from, to);
    if (answer.type === "part") return { type: "body", response: answer.response, kept: pieces };
    if (answer.type === "all") return { type: "body", response: answer.response, kept: NOTHING };
    if (answer.type === "nothing" && answer.length === from && from === state.length) return { type: "whole", state };
    return { type: "body", response: await this.#open(watched), kept: NOTHING };
  }

  /** Asks for all of it. */
  #open(watched: Watched): Promise<DriverResponse> {
    return this.#driver.open(this.#conditional(watched));
  }

  #conditional({ signal }: Watched): DriverRequest {
    const request = this.#request(signal);
    if (this.#old !== undefined) request.condition = this.#old.condition;
    return request;
  }

  #request(signal: AbortSignal): DriverRequest {
    const url = this.#source;
    // Headers are for the origin of the task's url: a mirror gets them only if it is there too.
    const headers = isSameOrigin(url, this.#task.url) ? this.#task.headers ?? {} : {};
    return { url, headers, maxRedirects: this.#context.maxRedirects, signal };
  }
}

function isSameOrigin(one: string, other: string): boolean {
  return one === other || URL.parse(one)?.origin === URL.parse(other)?.origin;
}
