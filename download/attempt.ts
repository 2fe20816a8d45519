import { fileExists } from "../base/file_exists.ts";
import { redactUrl } from "../base/redact_url.ts";
import { type TaskDoneFacts, taskHost } from "../queue/task_model.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import { type DownloadDriver, type DriverRequest, type DriverResponse, NotModifiedError } from "./download_driver.ts";
import { DownloadError, networkError, withNote } from "./download_error.ts";
import { IntegrityError } from "./expectations.ts";
import { expiredStatus } from "./expired_link.ts";
import type { HostPlace } from "./host_visits.ts";
import { inodeAt } from "./inode_at.ts";
import { isUnchanged, lookAtOldFile, type OldFile, UnchangedError } from "./old_file.ts";
import { firstGap, openRange } from "./open_range.ts";
import { originalName } from "./original_name.ts";
import { FileExistsError } from "./file_exists_error.ts";
import { PartFile, type PartLeft, type PartTarget } from "./part_file.ts";
import type { PartState } from "./part_state.ts";
import { pathBelow } from "./path_below.ts";
import { Receiver } from "./receiver.ts";
import { isSameOrigin } from "./same_origin.ts";
import { type ByteRange, bytesIn } from "./segment_plan.ts";
import { FileChangedError } from "./segments.ts";
import { shareFile } from "./share_file.ts";
import { watchStream } from "./stream_watch.ts";
import { watchProgress } from "./watch_progress.ts";
import type { Watched } from "./watchdog.ts";

/** A body up to this many bytes is read at once and written in one piece. */
const SMALL_BODY = 64 * 1024;
const NOTHING: readonly ByteRange[] = [];

/** What was opened: an answer that goes on with what was left, or begins anew; or nothing more is missing of what was left. */
type Opened = { type: "body"; response: DriverResponse; kept: readonly ByteRange[] } | {
  type: "whole";
  state: PartState;
  /** Brings the last byte once more; disposed of. */
  answer: DriverResponse;
};

/** What an {@linkcode Attempt} is for. */
export interface AttemptPorts {
  /** The claimed task. */
  task: DownloadTask;
  /** Its url, or one of its mirrors. */
  source: string;
  /** What the downloads of this worker share. */
  context: DownloadContext;
  /** Who can open the source. */
  driver: DownloadDriver;
  /** When it began. */
  startedAt: number;
  /**
   * What the source stands for, if it is only another link to that: what was left of one is continued from the other, if it
   * is the same version. Default: the source.
   */
  identity?: string;
  /**
   * The url that redirected to the source by another protocol: it has named the file, and the source is asked as nobody in
   * particular. Default: none did.
   */
  movedFrom?: string | undefined;
  /** Where the download has a place now; absent: hosts are not watched. */
  place?: HostPlace | undefined;
}

/**
 * Fetches one file from one source, once: continues what an earlier download left if it is certain that the file is still
 * the same version, and else starts over. What arrives and is not what was expected is thrown away.
 */
export class Attempt {
  readonly #task: DownloadTask;
  readonly #context: DownloadContext;
  readonly #driver: DownloadDriver;
  readonly #receiver: Receiver;
  #target: PartTarget;
  readonly #source: string;
  readonly #identity: string;
  readonly #movedFrom: string | undefined;
  readonly #place: HostPlace | undefined;
  readonly #segments: number | "auto";
  /** Something is there that is not known: it counts only if no answer names the file otherwise. */
  #inTheWay = false;
  #hasGrown = false;
  /** Why it did not go on with what was left, where that is worth saying. */
  #anew: string | undefined;
  /** The file that is there already. */
  #old: OldFile & { type: "ask" } | undefined;

  /** @param ports What it is for. */
  constructor(ports: AttemptPorts) {
    const { task, source, context, driver, identity = source, movedFrom, place } = ports;
    this.#task = task;
    this.#context = context;
    this.#driver = driver;
    this.#source = source;
    this.#identity = identity;
    this.#movedFrom = movedFrom;
    this.#place = place;
    this.#receiver = new Receiver(ports);
    this.#segments = task.segments ?? context.segments ?? 1;
    this.#target = this.#targetOf(task.out);
  }

  /**
   * Runs it.
   *
   * @returns What is known of the finished file.
   * @throws {UnchangedError} If the file that is there is still what the server has.
   * @throws {DownloadError} If it did not succeed; {@linkcode StoppedError} if it was stopped.
   */
  async run(): Promise<TaskDoneFacts> {
    const known = this.#isThere ? await this.#lookBefore() : undefined;
    if (known !== undefined) return known;
    using watched = this.#watch();
    try {
      return await this.#fetch(watched).catch((error) => {
        if (error instanceof FileChangedError && !watched.signal.aborted) return this.#fetch(watched);
        throw error;
      });
    } catch (error) {
      const taken = error instanceof FileExistsError && error.path === this.#finalPath;
      if (taken && this.#old?.replace !== false) return await this.#overtaken(watched);
      if (error instanceof NotModifiedError && this.#old?.facts !== undefined) {
        throw new UnchangedError(error.message, this.#old.facts);
      }
      // What an abort makes of a read is only a symptom: the reason says what happened.
      if (watched.signal.aborted) throw watched.signal.reason;
      const failure = networkError(error, this.#source);
      throw this.#anew !== undefined && failure.constructor === DownloadError ? withNote(failure, this.#anew) : failure;
    }
  }

  /**
   * Something has the name now that was free, or the place of the old file. Another writer may have been faster with the
   * same file; our line must not vouch for what is there.
   */
  async #overtaken(watched: Watched): Promise<TaskDoneFacts> {
    const path = this.#finalPath;
    const { manifest } = this.#context;
    manifest.void(this.#task);
    // The line of the old file vouches for one of its size: here it must be a line of this very file.
    if (this.#old !== undefined && !await manifest.isNewest(this.#task.out, inodeAt(path) ?? 0)) {
      throw new FileExistsError(path);
    }
    const old = await lookAtOldFile(
      path,
      this.#task,
      this.#identity,
      { ...this.#context, overwrite: "never", refresh: false },
      watched,
    );
    if (old.type === "done") return old.facts;
    throw new FileExistsError(path);
  }

  /** True if there is more of the unfinished file than before. */
  get hasGrown(): boolean {
    return this.#hasGrown;
  }

  /** The name that the file has at its server, if it was stored and that could not be its name. */
  get originalName(): string | undefined {
    return this.#receiver.originalName;
  }

  /** How many bytes an earlier download had left that were kept, if it went on with them. */
  get continuedAt(): number | undefined {
    return this.#receiver.continuedAt;
  }

  /** The Content-Encoding of the file, if it was stored as it was sent. */
  get sentAs(): string | undefined {
    return this.#receiver.sent?.encoding.text;
  }

  #targetOf(out: string): PartTarget {
    const { root, writer, bootId } = this.#context;
    const { fence, url, mirrors } = this.#task;
    const target = { root, out, tag: `${writer}-${fence}`, url: redactUrl(this.#identity), bootId };
    if (mirrors === undefined) return target;
    return { ...target, others: [url, ...mirrors].map(redactUrl).filter((other) => other !== target.url) };
  }

  get #finalPath(): string {
    return pathBelow(this.#target.root, this.#target.out);
  }

  get #isThere(): boolean {
    return !this.#context.fresh && fileExists(this.#finalPath);
  }

  get #isLeft(): boolean {
    return !this.#context.fresh && PartFile.isLeft(this.#target);
  }

  /** The url that was asked first: an answer of another one may name the file. */
  get #asked(): string {
    return this.#movedFrom ?? this.#source;
  }

  get #host(): string {
    return taskHost(this.#source);
  }

  /** True if another link can be asked for, and this is not one that was. */
  get #mayRenew(): boolean {
    return this.#context.renewLink !== undefined && this.#source === this.#identity;
  }

  #watch(): Watched {
    return this.#context.watchdog.start(this.#source, undefined, this.#task.seq);
  }

  /** As {@linkcode Attempt.#lookFirst}, before any server is asked. */
  async #lookBefore(): Promise<TaskDoneFacts | undefined> {
    using watched = this.#watch();
    // There is no connection to wait for.
    watched.opened();
    return await this.#lookFirst(watched);
  }

  /** The file is there before its first byte: gives what is known of it if it needs no download. */
  async #lookFirst(watched: Watched): Promise<TaskDoneFacts | undefined> {
    try {
      const old = await lookAtOldFile(this.#finalPath, this.#task, this.#identity, this.#context, watched);
      if (old.type === "done") return old.facts;
      this.#target.replace = old.replace;
      this.#old = old;
    } catch (error) {
      if (this.#task.named === true || !(error instanceof FileExistsError)) throw error;
      this.#inTheWay = true;
    }
    return undefined;
  }

  /** Takes the name that an answer gives the file; says whether it is another one than before. */
  async #learnName(response: DriverResponse, watched: Watched): Promise<boolean> {
    const { learnName } = await import("./learn_name.ts");
    if (!await learnName(this.#task, this.#asked, response, this.#context, watched)) return false;
    this.#target = this.#targetOf(this.#task.out);
    this.#old = undefined;
    this.#inTheWay = false;
    return true;
  }

  /** Ends the attempt if there is nothing new, or if the new file could not have its name. */
  #compare(old: OldFile & { type: "ask" }, response: DriverResponse): void {
    if (isUnchanged(old, response)) throw new NotModifiedError(taskHost(response.finalUrl));
    if (old.replace === false) throw new FileExistsError(this.#finalPath);
  }

  async #fetch(watched: Watched): Promise<TaskDoneFacts> {
    let part = this.#isLeft ? PartFile.open(this.#target) : undefined;
    using _progress = watchProgress(this.#task, this.#context, () => part);
    let keptBytes = 0;
    // One of several connections must be able to end without the others.
    const stream = this.#segments === 1 && part?.left?.pieces === undefined
      ? undefined
      : watchStream(this.#context.watchdog, this.#source, watched);
    const receiver = this.#receiver;
    receiver.forget();
    const budget = receiver.limited ? receiver.budget(stream ?? watched) : undefined;
    try {
      if (budget !== undefined) await budget.begin();
      const opened = part?.left === undefined
        ? { type: "body" as const, response: await this.#open(stream ?? watched), kept: NOTHING }
        : await this.#reopen(part.left, stream ?? watched);
      watched.opened();
      stream?.opened();
      if (this.#place !== undefined) this.#context.hosts?.answered(this.#place);
      if (opened.type === "whole") {
        receiver.originalName = originalName(this.#task, opened.answer);
        return await receiver.left(this.#target, part!, opened.state, opened.answer, watched);
      }
      using answer = opened.response;
      const left = opened.kept.length > 0 ? part?.left?.state : undefined;
      const response = answer.contentEncoding === undefined
        ? answer
        : await receiver.inForm(answer, answer.contentEncoding, left);
      keptBytes = bytesIn(opened.kept);
      // What is continued has its name from when it began.
      const mayName = this.#task.named !== true && opened.kept.length === 0 &&
        (response.disposition !== undefined || response.finalUrl !== this.#asked);
      if (mayName && await this.#learnName(response, watched)) {
        part?.discard();
        const known = this.#isThere ? await this.#lookFirst(watched) : undefined;
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
      if (this.#old !== undefined) this.#compare(this.#old, response);
      const { fsync, segmentBytes } = this.#context;
      receiver.checkSize(response.length ?? 0);
      receiver.originalName = originalName(this.#task, response);
      const expectations = receiver.expect(response, left?.contentType);
      const small = response.length !== undefined && response.length <= SMALL_BODY && !receiver.decidesLater;
      if (small && !fsync) {
        part?.discard();
        return await receiver.small(this.#target, response, expectations, stream ?? watched, budget);
      }
      part ??= PartFile.open(this.#target);
      const segments = this.#context.rangeRefusals.statusOf(this.#host) === undefined ? this.#segments : 1;
      const shared = stream && shareFile(this.#target, part, { response, kept: opened.kept }, segments, segmentBytes);
      if (stream === undefined || shared === undefined) {
        const { kept } = opened;
        return await receiver.stream(this.#target, part, { response, kept }, expectations, stream ?? watched, budget);
      }
      const open = async (range: ByteRange, watch: Watched, place = this.#place) => {
        const answer = await openRange(this.#driver, this.#visiting(watch, place), shared.state, ...range);
        if (answer.type === "refused") this.#context.rangeRefusals.noteInPassing(this.#host, answer.status);
        return answer;
      };
      return await receiver.shared(this.#target, part, shared, open, expectations, watched, stream);
    } catch (error) {
      // What was left is of no use when it is wrong, or when the file that is there is the right one again.
      const wrong = error instanceof IntegrityError && part?.isOthers !== true;
      if (wrong || error instanceof NotModifiedError) part?.discard();
      throw error;
    } finally {
      budget?.[Symbol.dispose]();
      stream?.[Symbol.dispose]();
      if (part !== undefined && part.bytes > keptBytes) this.#hasGrown = true;
      await part?.settled();
      part?.[Symbol.dispose]();
    }
  }

  /** Asks for what is missing of what was left, as long as there is no doubt; else for all of it. */
  async #reopen({ state, bytes, pieces = [[0, bytes]] }: PartLeft, watched: Watched): Promise<Opened> {
    const [gap, to] = firstGap(state.length, pieces);
    // Of what is whole the last byte is asked for: many servers refuse a range behind the end without a word about the file.
    const whole = gap === state.length;
    const { rangeRefusals } = this.#context;
    let refusal = rangeRefusals.statusOf(this.#host);
    if (refusal === undefined) {
      const answer = await openRange(this.#driver, this.#conditional(watched), state, whole ? gap - 1 : gap, to);
      if (answer.type === "part" && whole) {
        answer.response[Symbol.dispose]();
        return { type: "whole", state, answer: answer.response };
      }
      if (answer.type === "part") return { type: "body", response: answer.response, kept: pieces };
      if (answer.type === "all") return { type: "body", response: answer.response, kept: NOTHING };
      if (answer.type === "refused") {
        // A new link may be all that is wanted.
        if (this.#mayRenew && expiredStatus(answer.error) !== undefined) throw answer.error;
        refusal = answer.status;
      }
    }
    if (refusal !== undefined) rangeRefusals.checkAnew(this.#task.id, this.#host, refusal);
    // What was left stays until this answer has come.
    const response = await this.#open(watched);
    if (refusal !== undefined) this.#anew = rangeRefusals.beginAnew(this.#task.id, this.#host, refusal);
    return { type: "body", response, kept: NOTHING };
  }

  /** Asks for all of it. */
  #open(watched: Watched): Promise<DriverResponse> {
    return this.#driver.open(this.#conditional(watched));
  }

  #conditional(watched: Watched): DriverRequest {
    const request = this.#visiting(watched, this.#place);
    if (this.#old?.condition !== undefined) request.condition = this.#old.condition;
    // Of a file that is there, what is told may show that it has not changed.
    if (this.#old?.facts === undefined && !this.#inTheWay) request.wanted = true;
    return request;
  }

  /** A request of which each host is asked only by who has a place there. */
  #visiting(watched: Watched, place: HostPlace | undefined): DriverRequest {
    const { hosts, maxRedirects } = this.#context;
    const url = this.#source;
    // Headers are for the origin of the task's url: a mirror gets them only if it is there too.
    const headers = isSameOrigin(url, this.#task.url) ? this.#task.headers ?? {} : {};
    const request: DriverRequest = {
      url,
      headers,
      maxRedirects,
      attempt: this,
      watch: watched,
      signal: watched.signal,
    };
    if (this.#receiver.limited) request.slow = true;
    if (this.#movedFrom !== undefined || this.#task.anonymous === true) request.anonymous = true;
    if (place !== undefined && hosts !== undefined) request.visit = (host) => hosts.enter(place, host, watched, url);
    return request;
  }
}
