import type { DriverResponse } from "./download_driver.ts";
import { DownloadError, networkError } from "./download_error.ts";
import type { RangeAnswer } from "./open_range.ts";
import type { ExtraPlace } from "./extra_place.ts";
import { HostBusyError, type HostPlace } from "./host_visits.ts";
import type { PartFile } from "./part_file.ts";
import type { ByteRange, Segment, SegmentPlan } from "./segment_plan.ts";
import type { Watched } from "./watchdog.ts";

/** What {@linkcode Segments} work with. */
export interface SegmentsSetup {
  /** Where the bytes go; ready for pieces. */
  part: PartFile;
  /** What is missing. */
  plan: SegmentPlan;
  /** At most so many connections. */
  count: number;
  /** The url, for errors. */
  url: string;
  /** The attempt. */
  watched: Watched;
  /** The answer that came first: it begins with the first byte that is missing. */
  first: DriverResponse;
  /** The watch over it. */
  firstWatch: Watched;
  /** Watches a further connection. */
  watch(): Watched;
  /**
   * Asks for a range of the version that the first answer brings.
   *
   * @param range What of it.
   * @param watch The watch over the connection.
   * @param place Where the connection has a place. Default: the one of the task itself.
   */
  open(range: ByteRange, watch: Watched, place?: HostPlace): Promise<RangeAnswer>;
  /** Takes a further connection to the host, if there is one free; without a place in it nobody counts them. */
  place(): SegmentPlace | undefined;
  /** A piece of the first answer has come; if it throws, the download is over. */
  look(piece: Uint8Array): void;
  /** So many bytes were written. */
  wrote(bytes: number): void;
  /** So many bytes came; resolves when the next may. */
  pay(bytes: number, watched: Watched): Promise<void> | undefined;
}

/** What a further connection has: a place at a host, or only the leave to be there. */
export type SegmentPlace = ExtraPlace | Disposable & { readonly place: undefined };

/** The server has another version now, so that this one cannot be completed. */
export class FileChangedError extends DownloadError {
  /** @param host Who says so. */
  constructor(host: string) {
    super("network", `${host}: the file has changed while it was fetched`);
  }
}

/** So often it is noted what is there: after a crash no more than that is fetched again. */
const NOTE_EVERY_MS = 200;
/** Ends the reading of an answer that has nothing more to give. */
const ENOUGH = new Error("enough of it has come");

/** One connection, and what it is there for. */
interface Stream {
  segment: Segment;
  /** Where the next byte from it belongs in the file, and where the last one will. */
  position: number;
  end: number;
  watch: Watched;
  /** Where it has a place; absent: the one of the task. */
  place?: HostPlace;
}

/**
 * Fetches what is missing of a file over several connections. The first answer is read as ever, up to where the next
 * connection has begun; the others ask for ranges of exactly its version. Who is done takes over half of what the slowest
 * still has to do.
 *
 * A connection that fails, or is refused, is not replaced, and what it had to do is free for the others. So a server that
 * gives no ranges, or no further connection, is read to the end over the first one, which goes on through what is free.
 */
export class Segments {
  readonly #setup: SegmentsSetup;
  readonly #over = Promise.withResolvers<void>();
  readonly #streams = new Set<Stream>();
  readonly #workers = new Set<Promise<void>>();
  /** How many connections are worth trying. */
  #limit: number;
  /** The place of the task itself among the connections to its host is free. */
  #ownFree = false;
  readonly #own: SegmentPlace = { place: undefined, [Symbol.dispose]: () => void (this.#ownFree = true) };
  /** A range was answered with its bytes. */
  #proven: boolean;
  /** The latest answer to a range was none, and not for want of connections: what is open is better kept. */
  #doubtful = false;
  #changed = false;
  #ended = false;
  #error: unknown;
  #notedAt = performance.now();

  /** @param setup What it works with. */
  constructor(setup: SegmentsSetup) {
    this.#setup = setup;
    this.#limit = setup.count;
    this.#proven = setup.first.end !== undefined || setup.first.offset > 0;
  }

  /**
   * Fetches.
   *
   * @returns Resolves when every byte of the file is written.
   * @throws {DownloadError} If that is not possible; what was written is noted. An abort throws its reason.
   */
  async run(): Promise<void> {
    const { watched, plan, part, first, firstWatch } = this.#setup;
    const abort = () => this.#end(watched.signal.reason);
    watched.signal.addEventListener("abort", abort);
    try {
      if (watched.signal.aborted) abort();
      const lead = this.#stream(firstWatch);
      this.#start(lead, this.#own, first);
      this.#grow();
      await this.#over.promise;
    } finally {
      this.#ended = true;
      watched.signal.removeEventListener("abort", abort);
      for (const { watch } of this.#streams) watch.abort(ENOUGH);
      await Promise.all(this.#workers);
      part.notePieces(plan.done);
    }
  }

  #end(error?: unknown): void {
    this.#ended = true;
    if (error === undefined) this.#over.resolve();
    else this.#over.reject(error);
  }

  /** A stream with a segment to fetch. */
  #stream(watch: Watched): Stream {
    const stream = { position: 0, end: 0, watch } as Stream;
    stream.segment = this.#setup.plan.take(stream)!;
    return stream;
  }

  /** Opens further connections, as many as there are places and work for. */
  #grow(): void {
    const { plan, place, watch, first } = this.#setup;
    // Who does not say that it gives ranges is not asked for many of them at once.
    const most = this.#proven || first.rangeable === true ? this.#limit : Math.min(this.#limit, 2);
    while (!this.#ended && this.#workers.size < most && plan.hasWork) {
      const extra = this.#ownFree ? this.#own : place();
      if (extra === undefined) return;
      if (extra === this.#own) this.#ownFree = false;
      const stream = this.#stream(watch());
      if (extra.place !== undefined) stream.place = extra.place;
      this.#start(stream, extra);
    }
  }

  #start(stream: Stream, extra: SegmentPlace, response?: DriverResponse): void {
    this.#streams.add(stream);
    const worker = this.#work(stream, response).catch((error) => {
      if (!this.#ended) this.#failed(error);
    }).finally(() => {
      this.#setup.plan.release(stream);
      this.#streams.delete(stream);
      this.#workers.delete(worker);
      stream.watch[Symbol.dispose]();
      extra[Symbol.dispose]();
    }).then(() => this.#settle()).catch((error) => this.#end(error));
    this.#workers.add(worker);
  }

  /** Reads an answer, or asks for a segment and reads that. */
  async #work(stream: Stream, response: DriverResponse | undefined): Promise<void> {
    const { plan } = this.#setup;
    const { watch } = stream;
    try {
      using answer = response ?? await this.#ask(stream);
      watch.opened();
      // What it was to fetch may have been fetched meanwhile.
      if (this.#ended || stream.segment.holder !== stream) return;
      plan.begin(stream.segment);
      stream.position = answer.offset;
      stream.end = answer.end ?? plan.length;
      const look = response === undefined || answer.offset > 0 || answer.end !== undefined
        ? undefined
        : this.#setup.look;
      await answer.read((piece) => this.#take(stream, piece, look));
    } catch (error) {
      if (error !== ENOUGH) throw watch.signal.aborted ? watch.signal.reason : networkError(error, this.#setup.url);
    }
    const { at, to, holder } = stream.segment;
    if (at < to && holder === stream && !this.#ended) {
      throw networkError(new Error(`${stream.position} bytes came instead of ${stream.end}`), this.#setup.url);
    }
  }

  async #ask(stream: Stream): Promise<DriverResponse> {
    const { open, url } = this.#setup;
    const { at, to } = stream.segment;
    const answer = await open([at, to], stream.watch, stream.place);
    if (answer.type === "part") {
      this.#proven = true;
      this.#doubtful = false;
      this.#grow();
      return answer.response;
    }
    if (answer.type === "refused") throw answer.error;
    if (answer.type === "all") {
      answer.response[Symbol.dispose]();
      this.#changed ||= !answer.same;
    }
    throw new DownloadError("protocol", `${new URL(url).host}: the server does not answer the range of a file`);
  }

  /** Writes what is missing of a piece. */
  #take(stream: Stream, piece: Uint8Array, look?: (piece: Uint8Array) => void): Promise<void> | undefined {
    if (this.#ended) throw ENOUGH;
    const { plan, part, wrote, pay } = this.#setup;
    let over = false;
    try {
      stream.watch.touch(piece.length);
      if (stream.position === 0) look?.(piece);
      const start = stream.position;
      const end = Math.min(start + piece.length, stream.end);
      while (stream.position < end && !over) {
        const { segment, position } = stream;
        if (segment.at > position) {
          // It is there already.
          stream.position = Math.min(end, segment.at);
          continue;
        }
        const stop = Math.min(end, segment.to);
        part.writeAt(position, piece.subarray(position - start, stop - start));
        plan.advance(segment, stop - position);
        wrote(stop - position);
        stream.position = stop;
        if (stop === segment.to) over = !this.#goOn(stream);
      }
      this.#note();
    } catch (error) {
      // The disk's trouble is not that of one connection.
      this.#end(error);
      throw error;
    }
    if (plan.missing === 0) this.#end();
    const waiting = pay(piece.length, stream.watch);
    // An answer that is at its end is left to end by itself: its connection serves again.
    if (over && stream.position < stream.end) {
      // Nobody waits for it any more.
      waiting?.catch(() => {});
      throw ENOUGH;
    }
    return waiting;
  }

  /** Finds out what a connection is to do with the bytes behind its segment; false if it is of no more use. */
  #goOn(stream: Stream): boolean {
    const { segment, end } = stream;
    if (segment.to >= end) return false;
    // Where another connection may not come about, even bytes that are there are read once more to get behind them.
    const reach = this.#proven && !this.#doubtful ? segment.to : Infinity;
    const next = this.#setup.plan.follow(segment, reach, end);
    if (next === undefined) return false;
    stream.segment = next;
    return true;
  }

  #note(): void {
    const now = performance.now();
    if (now - this.#notedAt < NOTE_EVERY_MS) return;
    this.#notedAt = now;
    this.#setup.part.notePieces(this.#setup.plan.done);
    // There may be a place free at the host by now.
    this.#grow();
  }

  /** A connection has failed: from now on there is one fewer. */
  #failed(error: unknown): void {
    this.#error = error;
    this.#limit = Math.min(this.#limit, this.#workers.size) - 1;
    const passing = error instanceof DownloadError &&
      (error instanceof HostBusyError || error.cools || error.kind === "timeout" ||
        (error.kind === "network" && error.retryable));
    if (!passing) this.#doubtful = true;
  }

  /** A connection is over: another one may take its place; if there is none, so is the download. */
  #settle(): void {
    if (this.#ended) return;
    this.#grow();
    if (this.#workers.size > 0) return;
    const { host } = new URL(this.#setup.url);
    this.#end(this.#changed ? new FileChangedError(host) : this.#error ?? new FileChangedError(host));
  }
}
