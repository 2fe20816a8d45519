import { existsSync } from "node:fs";
import { join } from "@std/path";
import { bareUrl } from "../base/bare_url.ts";
import { redactUrl } from "../base/redact_url.ts";
import { type TaskDoneFacts, taskHost } from "../queue/task_model.ts";
import { BodyBudget } from "./body_budget.ts";
import { Expectations, IntegrityError } from "./expectations.ts";
import type { HostPlace } from "./host_visits.ts";
import {
  type DownloadDriver,
  type DriverRequest,
  type DriverResponse,
  NotModifiedError,
  RangeRefusedError,
} from "./download_driver.ts";
import { DownloadError, networkError } from "./download_error.ts";
import type { ManifestLine } from "./manifest.ts";
import { isUnchanged, lookAtOldFile, type OldFile, UnchangedError } from "./old_file.ts";
import { diskError, FileExistsError, PartFile, type PartTarget } from "./part_file.ts";
import { isSameVersion, mayBeVersion, type PartState, partState, validatorsOf } from "./part_state.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
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
 * Fetches one file from one source, once: continues what an earlier download left if it is certain that the file is still
 * the same version, and else starts over. What arrives and is not what was expected is thrown away.
 */
export class Attempt {
  readonly #task: DownloadTask;
  readonly #context: DownloadContext;
  readonly #driver: DownloadDriver;
  readonly #startedAt: number;
  readonly #target: PartTarget;
  readonly #throttle: Throttle | undefined;
  readonly #source: string;
  readonly #identity: string;
  readonly #place: HostPlace | undefined;
  readonly #url: string;
  /** The file that is there already. */
  #old: OldFile & { type: "ask" } | undefined;

  /**
   * @param task The claimed task.
   * @param source Its url, or one of its mirrors.
   * @param context What the downloads of this worker share.
   * @param driver Who can open its url.
   * @param startedAt When it began.
   * @param identity What the source stands for, if it is only another link to that: what was left of one is continued from
   * the other, if it is the same version. Default: the source.
   * @param place Where the download has a place now; absent: hosts are not watched.
   */
  constructor(
    task: DownloadTask,
    source: string,
    context: DownloadContext,
    driver: DownloadDriver,
    startedAt: number,
    identity: string = source,
    place?: HostPlace,
  ) {
    const { root, writer, bootId } = context;
    this.#task = task;
    this.#context = context;
    this.#driver = driver;
    this.#startedAt = startedAt;
    this.#source = source;
    this.#identity = identity;
    this.#place = place;
    this.#throttle = task.limitRate === undefined ? undefined : new Throttle(RateLimiter.create(task.limitRate));
    this.#url = redactUrl(task.url);
    this.#target = { root, out: task.out, tag: `${writer}-${task.fence}`, url: redactUrl(identity), bootId };
  }

  /**
   * Runs it.
   *
   * @returns What is known of the finished file.
   * @throws {UnchangedError} If the file that is there is still what the server has.
   * @throws {DownloadError} If it did not succeed; {@linkcode StoppedError} if it was stopped.
   */
  async run(): Promise<TaskDoneFacts> {
    const { fresh, watchdog, manifest } = this.#context;
    const finalPath = join(this.#target.root, this.#target.out);
    if (!fresh && existsSync(finalPath)) {
      const old = await lookAtOldFile(finalPath, this.#task, this.#identity, this.#context);
      if (old.type === "done") return old.facts;
      this.#target.replace = old.replace;
      this.#old = old;
    }
    using watched = watchdog.start(this.#source);
    try {
      return await this.#fetch(watched);
    } catch (error) {
      if (error instanceof FileExistsError && this.#old === undefined) {
        // Another writer may have been faster with the same file; our line must not vouch for what is there.
        manifest.void(this.#task);
        const old = await lookAtOldFile(finalPath, this.#task, this.#identity, {
          ...this.#context,
          overwrite: "never",
          refresh: false,
        });
        if (old.type === "done") return old.facts;
      }
      if (error instanceof NotModifiedError && this.#old?.facts !== undefined) {
        throw new UnchangedError(error.message, this.#old.facts);
      }
      // What an abort makes of a read is only a symptom: the reason says what happened.
      throw watched.signal.aborted ? watched.signal.reason : networkError(error, this.#source);
    }
  }

  async #fetch(watched: Watched): Promise<TaskDoneFacts> {
    const left = !this.#context.fresh && PartFile.isLeft(this.#target);
    let part = left ? PartFile.open(this.#target) : undefined;
    using budget = this.#budget(watched);
    try {
      if (budget !== undefined) await budget.begin();
      const opened = await this.#open(part, watched);
      watched.opened();
      if (opened.type === "whole") return await this.#finishLeft(part!, opened.state, watched);
      using response = opened.response;
      if (this.#old !== undefined) this.#compare(this.#old, response);
      const { expectType, maxSize = Infinity, fsync } = this.#context;
      if ((response.length ?? 0) > maxSize) throw this.#tooLarge(response.length!);
      const expectations = new Expectations(this.#task, response, expectType);
      if (response.length !== undefined && response.length <= SMALL_BODY && !fsync) {
        part?.discard();
        return await this.#receiveSmall(response, expectations, watched, budget);
      }
      part ??= PartFile.open(this.#target);
      return await this.#receive(part, opened, expectations, watched, budget);
    } catch (error) {
      // What was left is of no use when it is wrong, or when the file that is there is the right one again.
      if (error instanceof IntegrityError || error instanceof NotModifiedError) part?.discard();
      throw error;
    } finally {
      await part?.settled();
      part?.[Symbol.dispose]();
    }
  }

  /** Ends the attempt if there is nothing new, or if the new file could not have its name. */
  #compare(old: OldFile & { type: "ask" }, response: DriverResponse): void {
    if (isUnchanged(old, response)) throw new NotModifiedError(taskHost(response.finalUrl));
    if (!old.replace) throw new FileExistsError(join(this.#target.root, this.#target.out));
  }

  /** Asks for what is missing of what was left, as long as there is no doubt; else for all of it. */
  async #open(part: PartFile | undefined, watched: Watched): Promise<Opened> {
    const url = this.#source;
    // Headers are for the origin of the task's url: a mirror gets them only if it is there too.
    const headers = isSameOrigin(url, this.#task.url) ? this.#task.headers ?? {} : {};
    const { maxRedirects, hosts } = this.#context;
    const condition = this.#old?.condition;
    const place = this.#place;
    const request: DriverRequest = { url, headers, maxRedirects, signal: watched.signal };
    if (condition !== undefined) request.condition = condition;
    if (place !== undefined && hosts !== undefined) request.visit = (host) => hosts.enter(place, host, watched);
    if (part?.left !== undefined) {
      const { state, bytes } = part.left;
      const validators = validatorsOf(state);
      for (const [index, ifRange] of validators.entries()) {
        let response: DriverResponse;
        try {
          response = await this.#driver.open({ ...request, range: { from: bytes, ifRange } });
        } catch (error) {
          if (error instanceof RangeRefusedError) {
            if (bytes === state.length && mayBeVersion(state, error.version)) return { type: "whole", state };
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
    }
    const response = await this.#driver.open(request);
    return { type: "body", response, from: 0 };
  }

  /** The bandwidth for one answer; undefined if there is no limit. */
  #budget(watched: Watched): BodyBudget | undefined {
    const { throttle, budgets } = this.#context;
    if (throttle === undefined && this.#throttle === undefined) return undefined;
    return new BodyBudget(throttle, this.#throttle, budgets, watched);
  }

  async #receiveSmall(
    response: DriverResponse,
    expectations: Expectations,
    watched: Watched,
    budget: BodyBudget | undefined,
  ): Promise<TaskDoneFacts> {
    if (budget !== undefined) await budget.whole(response.length!);
    return await response.whole(async (bytes) => {
      expectations.update(bytes);
      expectations.verify();
      const { length } = bytes;
      const facts = this.#facts(response, length);
      this.#context.onBytes(length);
      budget?.spent(length);
      await this.#context.smallFiles.store(
        this.#target,
        bytes,
        this.#modified(facts),
        (inode) => this.#line(facts, inode, watched),
      );
      return facts;
    }, (bytes) => watched.touch(bytes));
  }

  async #receive(
    part: PartFile,
    { response, from }: Opened & { type: "body" },
    expectations: Expectations,
    watched: Watched,
    budget: BodyBudget | undefined,
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
      budget?.spent(piece.length);
      return undefined;
    }, budget === undefined ? undefined : () => budget.room());
    expectations.verify();
    return await this.#finish(part, this.#facts(response, part.bytes), watched);
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

  #facts({ finalUrl, etag, lastModified }: DriverResponse, bytes: number): TaskDoneFacts {
    // The query of a link that was renewed is a key.
    const shown = this.#source === this.#identity ? redactUrl(finalUrl) : bareUrl(finalUrl);
    return {
      bytes,
      finalUrl: shown,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    };
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
