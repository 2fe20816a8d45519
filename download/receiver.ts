import { bareUrl } from "../base/bare_url.ts";
import type { FileProgressMark } from "../base/file_board.ts";
import { redactUrl } from "../base/redact_url.ts";
import type { TaskDoneFacts } from "../queue/task_model.ts";
import { BodyBudget } from "./body_budget.ts";
import { plainEncoding } from "./content_encoding.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import { DownloadError } from "./download_error.ts";
import type { DriverResponse } from "./download_driver.ts";
import { Expectations } from "./expectations.ts";
import { formOf } from "./file_form.ts";
import { mayReplaceNow } from "./file_mark.ts";
import type { ManifestLine } from "./manifest_line.ts";
import { modifiedTime } from "./modified_time.ts";
import { diskError } from "./disk_error.ts";
import { naming } from "./name_space.ts";
import type { PartFile, PartTarget } from "./part_file.ts";
import { type PartState, partState } from "./part_state.ts";
import { pathBelow } from "./path_below.ts";
import { RateLimiter } from "./rate_limiter.ts";
import type { ReceiverPorts } from "./receiver_ports.ts";
import { resting } from "./resting.ts";
import { type ByteRange, bytesIn, gapsIn } from "./segment_plan.ts";
import { Segments, type SegmentsSetup } from "./segments.ts";
import type { SentBody, StoredFormOptions } from "./stored_form.ts";
import type { SharedFile } from "./share_file.ts";
import { watchStream } from "./stream_watch.ts";
import { syncFolder } from "./sync_folder.ts";
import { Throttle } from "./throttle.ts";
import type { Watched } from "./watchdog.ts";

/** Shorter files are fetched again sooner than continued. */
const RESUMABLE = 1024 * 1024;

/** Where nobody counts connections. */
const anyPlace = () => ({ place: undefined, [Symbol.dispose]: () => {} });

/** Takes the body of an answer, checks it, and gives the file its final name once every byte is there. */
export class Receiver {
  readonly #task: DownloadTask;
  readonly #source: string;
  readonly #context: DownloadContext;
  readonly #startedAt: number;
  readonly #renewed: boolean;
  readonly #throttle: Throttle | undefined;
  /** The name that the file has at its server, if that cannot be its name here: it goes into the manifest. */
  originalName: string | undefined;
  /** How many bytes an earlier download had left that were kept; absent: none. */
  continuedAt: number | undefined;
  /** How the body was sent, if it is stored so under a Content-Encoding: that goes into the manifest. */
  sent: SentBody | undefined;
  /** The Content-Encoding that is taken off the body: that goes into the manifest, too. */
  #decodedFrom: string | undefined;

  /** @param ports The attempt that it works for. */
  constructor({ task, source, context, startedAt, identity = source }: ReceiverPorts) {
    this.#task = task;
    this.#source = source;
    this.#context = context;
    this.#startedAt = startedAt;
    this.#renewed = source !== identity;
    this.#throttle = task.limitRate === undefined ? undefined : new Throttle(RateLimiter.create(task.limitRate));
  }

  /** True if there is a limit to the rate. */
  get limited(): boolean {
    return this.#context.throttle !== undefined || this.#throttle !== undefined;
  }

  /** The bandwidth for one answer; dispose of it at the end. */
  budget(watched: Watched): BodyBudget {
    return new BodyBudget(this.#context.throttle, this.#throttle, this.#context.budgets, watched);
  }

  /** Forgets an answer whose body it did not take. */
  forget(): void {
    this.sent = undefined;
    this.#decodedFrom = undefined;
  }

  /**
   * An answer with a Content-Encoding, in the form in which it is stored. Hardly any has one: what that needs is loaded then.
   *
   * @param answer The answer as it was sent.
   * @param contentEncoding Its Content-Encoding.
   * @param left What it goes on with, as that was sent; absent: it begins the file.
   * @throws {DownloadError} If a coding is to be undone that is not known.
   */
  async inForm(answer: DriverResponse, contentEncoding: string, left: PartState | undefined): Promise<DriverResponse> {
    const { storedForm } = await import("./stored_form.ts");
    const options = { ...this.#wanted, continued: left !== undefined, knownType: left?.contentType };
    const { response, sent } = storedForm(answer, contentEncoding, options);
    this.sent = sent;
    this.#decodedFrom = response.decoded ? plainEncoding(contentEncoding) : undefined;
    return response;
  }

  /** True if it is decided about the form of the body when all of that is there, in an unfinished file. */
  get decidesLater(): boolean {
    return this.sent?.later !== undefined;
  }

  /** What the user says of the form of the file. */
  get #wanted(): Omit<StoredFormOptions, "continued"> {
    const { size, checksum } = this.#task;
    return { mode: this.#context.contentEncoding, size, checksum };
  }

  /** Takes a small body in one piece. */
  async small(
    target: PartTarget,
    response: DriverResponse,
    expectations: Expectations,
    watched: Watched,
    budget: BodyBudget | undefined,
  ): Promise<TaskDoneFacts> {
    const { smallFiles, onBytes, remoteTime } = this.#context;
    let facts!: TaskDoneFacts;
    if (budget !== undefined) await budget.whole(response.length!);
    await response.whole((bytes) => {
      expectations.update(bytes);
      expectations.verify();
      facts = this.#facts(response, bytes.length);
      onBytes(bytes.length);
      budget?.spent(bytes.length);
      const line = (inode: number) => this.#line(target, facts, inode, watched, expectations.digest);
      return smallFiles.store(target, bytes, modifiedTime(facts, remoteTime), line);
    }, (bytes) => watched.touch(bytes)).catch(naming(() => ({ bytes: response.length! })));
    return facts;
  }

  /** Takes a body piece by piece, behind what is kept of an earlier one. */
  async stream(
    target: PartTarget,
    part: PartFile,
    { response, kept }: { response: DriverResponse; kept: readonly ByteRange[] },
    expectations: Expectations,
    watched: Watched,
    budget: BodyBudget | undefined,
  ): Promise<TaskDoneFacts> {
    const from = kept[0]?.[1] ?? 0;
    const worthIt = response.decoded !== true && (response.length ?? 0) > RESUMABLE;
    const fresh = worthIt ? partState(target.url, response, target.bootId) : undefined;
    const state = from > 0 ? part.left?.state : fresh;
    if (from > 0) expectations.resume(part.path, from);
    part.begin(from, state);
    const length = response.decoded === true ? undefined : response.length;
    using _space = length === undefined
      ? undefined
      : await this.#reserve(target, part, length, [[from, length]], watched);
    using mark = this.#mark(from, response);
    // Speed and rate are those of the connection, whatever comes out of a coding.
    const came = (bytes: number) => {
      watched.touch(bytes);
      budget?.spent(bytes);
    };
    const plain = response.decoded !== true;
    // Of a file whose length nobody knows, a piece for which there was no room counts too: else it would seem to fit the next time.
    let known = from;
    await response.read(
      (piece) => {
        if (plain) came(piece.length);
        known = part.bytes + piece.length;
        this.checkSize(known);
        expectations.update(piece);
        this.#context.onBytes(piece.length);
        part.write(piece);
        mark?.add(piece.length);
        return undefined;
      },
      budget === undefined ? undefined : () => budget.room(),
      came,
    ).catch(naming(() => length === undefined ? { bytes: known + 1, atLeast: true } : { bytes: length }));
    if (from > 0) await expectations.readBack(part.path, part.bytes, watched);
    const facts = this.#facts(response, part.bytes);
    return whole(mark, await this.#conclude(target, part, facts, response, watched, expectations));
  }

  /** Takes a body over several connections; the first one has a watch of its own, as all others have. */
  async shared(
    target: PartTarget,
    part: PartFile,
    shared: SharedFile,
    open: SegmentsSetup["open"],
    expectations: Expectations,
    watched: Watched,
    firstWatch: Watched,
  ): Promise<TaskDoneFacts> {
    const { watchdog, extraPlace = anyPlace, onBytes } = this.#context;
    const { state, kept, first } = shared;
    part.beginPieces(state, kept);
    using _space = await this.#reserve(target, part, state.length, gapsIn(state.length, kept), watched);
    using mark = this.#mark(bytesIn(kept), state);
    await new Segments({
      ...shared,
      part,
      url: this.#source,
      watched,
      firstWatch,
      watch: () => watchStream(watchdog, this.#source, watched),
      open,
      place: () => extraPlace(this.#source),
      look: (piece) => expectations.update(piece),
      wrote: (bytes) => {
        onBytes(bytes);
        mark?.add(bytes);
      },
      pay: (bytes, stream) => this.#pay(bytes, stream),
    }).run().catch(naming(() => ({ bytes: state.length })));
    await expectations.readBack(part.path, state.length, watched);
    const facts = this.#facts(first, state.length);
    return whole(mark, await this.#conclude(target, part, facts, first, watched, expectations));
  }

  /** Writes down how far the file has come from now on, and what is kept of an earlier download. */
  #mark(kept: number, { length }: { length?: number }): FileProgressMark | undefined {
    this.continuedAt = kept > 0 ? kept : undefined;
    return this.#context.files?.begin(this.#task.seq, kept, length ?? this.#task.size);
  }

  /** The server has nothing to add: what was left is all of it. The answer says so; of its body nothing is read. */
  async left(
    target: PartTarget,
    part: PartFile,
    state: PartState,
    answer: DriverResponse,
    watched: Watched,
  ): Promise<TaskDoneFacts> {
    const { length, coding, contentType } = state;
    this.continuedAt = length;
    this.checkSize(length);
    if (coding !== undefined) {
      const { sentForm } = await import("./stored_form.ts");
      this.sent = sentForm(answer, coding, { ...this.#wanted, knownType: contentType });
    }
    const expectations = this.expect(answer, contentType);
    await expectations.readBack(part.path, length, watched);
    part.begin(length, state);
    const facts = this.#facts(answer, length);
    return await this.#conclude(target, part, facts, answer, watched, expectations, contentType);
  }

  /**
   * What an answer must keep to.
   *
   * @param response The answer.
   * @param knownType The type that an earlier answer said. Default: none did.
   */
  expect(response: DriverResponse, knownType?: string): Expectations {
    const { expectType } = this.#context;
    const later = this.sent?.later;
    if (later === undefined) return new Expectations(this.#task, response, expectType, knownType);
    // What the user says is about the file, which is another one once it is decoded.
    return new Expectations(later === "decode" ? { out: this.#task.out } : this.#task, response, undefined);
  }

  /**
   * Looks at the size of a file, or at what has come of it.
   *
   * @throws {DownloadError} If the user wants no file of that size.
   */
  checkSize(bytes: number): void {
    const { maxSize = Infinity } = this.#context;
    if (bytes <= maxSize) return;
    throw new DownloadError(
      "size",
      `Cannot store the file as its size must be at most ${maxSize}: current value is ${bytes}`,
    );
  }

  /** Gets the space for what is missing of a file before any of it is written. */
  async #reserve(
    { out }: PartTarget,
    part: PartFile,
    length: number,
    missing: readonly ByteRange[],
    watched: Watched,
  ): Promise<Disposable | undefined> {
    const { space } = this.#context;
    const waited = this.#task.space !== undefined;
    if (!space.reserves(length, waited)) return undefined;
    const reserved = await resting(watched, space.reserve(part, out, length, missing, waited));
    // It has what it waited for: the others need not count it any more.
    if (waited) space.leave({ out });
    return reserved;
  }

  /** Takes bandwidth for a piece, of all and of this task; resolves when it is paid for. */
  #pay(bytes: number, watched: Watched): Promise<void> | undefined {
    const common = this.#context.throttle?.pass(bytes, watched);
    const own = this.#throttle?.pass(bytes, watched);
    if (common === undefined || own === undefined) return common ?? own;
    return Promise.all([common, own]).then(() => {});
  }

  /** All of the body is there: it is what was expected, as it is or decoded, and becomes the file. */
  async #conclude(
    target: PartTarget,
    part: PartFile,
    facts: TaskDoneFacts,
    response: DriverResponse,
    watched: Watched,
    expectations: Expectations,
    knownType?: string,
  ): Promise<TaskDoneFacts> {
    const { sent } = this;
    if (sent?.later === undefined) {
      expectations.verify();
      return await this.#finish(target, part, facts, watched, expectations);
    }
    const { settleSent } = await import("./settle_sent.ts");
    let decodedBytes = 0;
    const settled = await settleSent({
      sent,
      target,
      part,
      expectations,
      ...{ response, watched, wish: this.#task, expectType: this.#context.expectType, knownType },
      checkSize: (bytes) => this.checkSize(decodedBytes = bytes),
    }).catch(naming(() => ({ bytes: part.bytes + decodedBytes, atLeast: true })));
    if (settled === undefined) return await this.#finish(target, part, facts, watched, expectations);
    using decoded = settled.part;
    this.sent = undefined;
    this.#decodedFrom = sent.encoding.text;
    const { bytes } = decoded;
    return await this.#finish(target, decoded, { ...facts, bytes }, watched, settled.expectations, part);
  }

  async #finish(
    target: PartTarget,
    part: PartFile,
    facts: TaskDoneFacts,
    watched: Watched,
    { digest }: Expectations,
    outlived?: PartFile,
  ): Promise<TaskDoneFacts> {
    const { manifest, names, fsync, remoteTime } = this.#context;
    if (fsync) await resting(watched, part.sync());
    const line = this.#line(target, facts, part.inode, watched, digest);
    try {
      manifest.append([line]);
      if (fsync) await resting(watched, manifest.sync());
    } catch (error) {
      naming(() => ({ bytes: part.bytes }))(diskError(error, "the manifest"));
    }
    // From here on the file is known to be whole: whoever finds it after a crash gives it its name.
    outlived?.discard();
    part.finish(names, modifiedTime(facts, remoteTime));
    if (fsync) await resting(watched, syncFolder(part.finalPath));
    return facts;
  }

  #facts({ finalUrl, etag, lastModified }: DriverResponse, bytes: number): TaskDoneFacts {
    return {
      bytes,
      // The query of a link that was renewed is a key.
      finalUrl: this.#renewed ? bareUrl(finalUrl) : redactUrl(finalUrl),
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    };
  }

  #line(
    { root, out, replace = false }: PartTarget,
    facts: TaskDoneFacts,
    inode: number,
    watched: Watched,
    digest: string | undefined,
  ): ManifestLine {
    // An abort that came with the last byte still counts: nothing may be finished after it.
    if (watched.signal.aborted) throw watched.signal.reason;
    const { id, url, fence, attempts, core } = this.#task;
    return {
      id,
      fence,
      url: redactUrl(url),
      ...facts,
      out,
      ...(this.originalName === undefined ? {} : { originalName: this.originalName }),
      ...formOf(this.sent?.encoding.text, this.#decodedFrom, this.#context.contentEncoding),
      inode,
      ...(digest === undefined ? {} : { digest }),
      ...(replace !== false && mayReplaceNow(pathBelow(root, out), replace) ? { replace: true } : {}),
      attempts: attempts + 1,
      core,
      startedAt: this.#startedAt,
      finishedAt: Date.now(),
    };
  }
}

/** Says that a file is complete. */
function whole(mark: FileProgressMark | undefined, facts: TaskDoneFacts): TaskDoneFacts {
  mark?.done();
  return facts;
}
