import type { SharedCounters } from "../base/shared_counters.ts";
import type { TaskOutcome } from "../queue/task_model.ts";
import type { AdmissionLimit } from "./admission_limit.ts";
import type { GateAnswer } from "./host_gate.ts";
import { KeptTasks } from "./kept_tasks.ts";
import type { PoolPorts } from "./pool_ports.ts";
import type { DroppedTask, WorkerSettlement, WorkerTask } from "./proc_messages.ts";

const SETTLE_BATCH = 200;
const SETTLE_WITHIN_MS = 100;
/** How much work to hold beyond what is running, in looks at the load. */
const LOOKS_AHEAD = 2;
const MOST_AHEAD = 400;
const FORGET_AT_ONCE = 256;
/** How often to look whether a host has answered for the first time, while tasks wait for that. */
const HEAR_MS = 20;
/** How far to look for tasks of other hosts where those of one fill the head of the list, and how often between two looks. */
const LARGE_STEP = 500;
const LARGE_STEPS = 2;
/** After so many looks without a free place everything that waits goes back: others may have room for it. */
const PATIENCE = 10;
/** What is too much to keep goes back for this long, and up to twice as long. */
const BACK_FOR_MS = 250;
const FULL: GateAnswer = { type: "full" };

/**
 * Runs the downloads of one worker: as many at a time as admission allows, from a short queue of claimed tasks. It asks
 * for what it can start within a moment, measured by how fast tasks ended lately: nothing beyond its slots while files
 * are large, a few hundred while they are small.
 *
 * A host that may not be asked holds nobody up: of one that is full a few tasks are kept at hand, and everything else
 * goes back to the list until its time.
 */
export class DownloadPool {
  readonly #ports: PoolPorts;
  readonly #admission: AdmissionLimit;
  readonly #counters: SharedCounters;
  readonly #index: number;
  readonly #queue: WorkerTask[] = [];
  #head = 0;
  /** Tasks that wait for their host. */
  readonly #kept = new KeptTasks();
  #heard = 0;
  #hearTimer: ReturnType<typeof setTimeout> | undefined;
  /** What runs, and what of it is not this worker's any more. */
  readonly #running = new Set<number>();
  readonly #dropped = new Set<number>();
  /** Those of them whose unfinished files nobody wants, when they have ended. */
  readonly #unwanted = new Map<number, DroppedTask>();
  #active = 0;
  #asked = 0;
  #ended = 0;
  #ahead = 0;
  /** How often since the last look nothing that came could start. */
  #barren = 0;
  /** Looks in a row that found every place taken, since something started last. */
  #crowded = 0;
  #held = false;
  /** It does without one place: not yet, as all are taken, or since now. */
  #lending: "soon" | "now" | undefined;
  #outcomes: WorkerSettlement[] = [];
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #stopping: PromiseWithResolvers<void> | undefined;

  constructor(ports: PoolPorts, admission: AdmissionLimit, counters: SharedCounters, index: number) {
    this.#ports = ports;
    this.#admission = admission;
    this.#counters = counters;
    this.#index = index;
  }

  get #mayStart(): boolean {
    return this.#stopping === undefined && !this.#held &&
      this.#admission.mayStart(this.#active + (this.#lending === undefined ? 0 : 1));
  }

  /** True if as many places as may wait for first answers. */
  get #firstsFull(): boolean {
    return this.#ports.gate.firsts?.full === true;
  }

  get #queued(): number {
    return this.#queue.length - this.#head;
  }

  /**
   * Asks for the first tasks.
   *
   * @param held True if nothing may start yet.
   */
  start(held = false): void {
    this.#held = held;
    this.#ask();
    this.#publish();
  }

  /** Claimed tasks have come. */
  offer(tasks: readonly WorkerTask[]): void {
    this.#asked = Math.max(0, this.#asked - tasks.length);
    for (const task of tasks) this.#queue.push(task);
    if (this.#stopping !== undefined) this.#release(this.#queued);
    const started = this.#active;
    this.#pump();
    if (this.#active > started || this.#queued > 0) return this.#ask();
    // A host that is being asked for the first time is worth a moment.
    if (this.#kept.brief > 0) return;
    // Nothing of it could start, and more of the same may follow: that is worth a large step or two, and no hurry.
    if (this.#barren++ < LARGE_STEPS) this.#want(LARGE_STEP - this.#asked);
  }

  /**
   * The load was read.
   *
   * @param load In percent.
   * @param held True while nothing may start, whatever the load.
   * @param own This worker's part of the load. @default {load}
   */
  look(load: number, held = false, own = load): void {
    this.#held = held;
    const { firsts } = this.#ports.gate;
    // Places that may not wait for first answers are no sign that there are enough of them.
    const active = this.#firstsFull && this.#kept.size > 0 ? this.#admission.value : this.#active;
    this.#admission.sample(load, active, own);
    firsts?.places(this.#admission.value);
    this.#ahead = Math.min(MOST_AHEAD, this.#ended * LOOKS_AHEAD);
    this.#ended = 0;
    // What cannot start soon goes back, so that another process can have it.
    const most = held ? 0 : 2 * (this.#admission.value + this.#ahead);
    if (this.#queued > most) this.#release(this.#queued - most);
    if (held) this.#releaseKept();
    this.#barren = 0;
    this.#startWaiting();
    this.#pump();
    this.#crowded = this.#active >= this.#admission.value ? this.#crowded + 1 : 0;
    if (this.#crowded >= PATIENCE) this.#waitForNobody();
    // Few free places wait for company only until the next look: beside long downloads they would wait for ever.
    this.#ask(1);
  }

  /** Does without one place from now on, and says when it is free; or has it again. */
  lend(on: boolean): void {
    this.#lending = on ? "soon" : undefined;
    if (on) return this.#tellLent();
    this.#startWaiting();
    this.#pump();
    this.#ask();
  }

  #tellLent(): void {
    if (this.#lending !== "soon" || this.#active >= this.#admission.max) return;
    this.#lending = "now";
    this.#ports.lent?.();
  }

  /**
   * Lets go of tasks that are not this worker's any more, wherever they are.
   *
   * @param seqs Their numbers.
   * @param parts Those of them whose unfinished files are removed. Default: none.
   */
  drop(seqs: readonly number[], parts: readonly DroppedTask[] = []): void {
    const gone = new Set(seqs);
    const queued = this.#queue.slice(this.#head).filter(({ seq }) => !gone.has(seq));
    this.#queue.splice(0, this.#queue.length, ...queued);
    this.#head = 0;
    this.#kept.drop(gone);
    for (const seq of seqs) {
      if (!this.#running.has(seq) || this.#dropped.has(seq)) continue;
      this.#dropped.add(seq);
      this.#ports.abort(seq);
    }
    for (const part of parts) {
      if (this.#running.has(part.seq)) this.#unwanted.set(part.seq, part);
      else this.#ports.dropPart?.(part);
    }
    this.#pump();
    this.#ask();
  }

  /** Starts nothing more, and resolves when all that runs has ended and is handed over. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.withResolvers<void>();
    this.#release(this.#queued);
    this.#releaseKept();
    this.#finishIfStopped();
    return this.#stopping.promise;
  }

  #pump(): void {
    while (this.#mayStart && this.#queued > 0) {
      this.#start(this.#next());
    }
    this.#publish();
  }

  /** Starts a task, if its host may be asked; else finds it a place to wait. */
  #start(task: WorkerTask): void {
    if (this.#running.has(task.seq)) {
      // It was dropped and has come back before its download has ended.
      this.#handOver(task, { type: "deferred", notBefore: Date.now() + BACK_FOR_MS });
      return;
    }
    this.#startAt(this.#ports.gate.hostOf(task), task);
  }

  #startAt(host: string, task: WorkerTask): void {
    // Those that wait already go first.
    const answer = this.#kept.has(host) ? FULL : this.#enter(host, task.url);
    if (answer.type === "open") {
      this.#run(task, host);
    } else if (answer.type === "closed") {
      this.#handOver(task, { type: "deferred", notBefore: answer.until });
    } else {
      const unanswered = answer.unanswered === true;
      const back = this.#kept.keep(task, host, unanswered);
      if (back !== undefined) this.#giveBack(back);
      if (unanswered) this.#hear();
    }
  }

  /** Asks the gate; a host that was silent waits for those that were never asked. */
  #enter(host: string, url: string): GateAnswer {
    const { gate } = this.#ports;
    if (this.#kept.waitForAnswers && gate.firsts?.isSilent(host) === true) return { type: "full", unanswered: true };
    return gate.enter(host, url);
  }

  /** Looks, from now on, whether hosts have answered for which tasks wait, in whatever thread. */
  #hear(): void {
    const { firsts } = this.#ports.gate;
    if (firsts === undefined || this.#hearTimer !== undefined || this.#stopping !== undefined) return;
    this.#heard = firsts.heard;
    this.#hearTimer = setInterval(() => {
      const { heard } = firsts;
      if (heard !== this.#heard) {
        this.#heard = heard;
        this.#startWaiting();
        this.#pump();
        this.#ask();
      }
      if (!this.#kept.waitForAnswers) this.#hearNoMore();
    }, HEAR_MS);
  }

  #hearNoMore(): void {
    clearInterval(this.#hearTimer);
    this.#hearTimer = undefined;
  }

  #giveBack(task: WorkerTask): void {
    const notBefore = Math.round(Date.now() + BACK_FOR_MS * (1 + Math.random()));
    this.#handOver(task, { type: "deferred", notBefore });
  }

  /** Starts what waited for its host, where that may be asked now: those that were silent come last. */
  #startWaiting(): void {
    if (this.#kept.size === 0) return;
    const { firsts } = this.#ports.gate;
    const silent: string[] = [];
    for (const host of this.#kept.hosts) {
      if (firsts?.isSilent(host) === true) silent.push(host);
      else this.#startKept(host);
    }
    for (const host of silent) this.#startKept(host);
  }

  /** Starts tasks that waited for a host, as many as it takes now. */
  #startKept(host: string): void {
    const { gate } = this.#ports;
    for (let task = this.#kept.first(host); task !== undefined && this.#mayStart; task = this.#kept.first(host)) {
      // By now another of its sources may be better, or it is to fail at once.
      const now = gate.hostOf(task);
      const answer = now === host ? gate.enter(host, task.url) : undefined;
      if (answer?.type === "full") return;
      this.#kept.takeFirst(host);
      if (answer === undefined) this.#startAt(now, task);
      else if (answer.type === "open") this.#run(task, host);
      else this.#handOver(task, { type: "deferred", notBefore: answer.until });
    }
  }

  /** Takes from the head of the queue; what was taken is forgotten by and by, as a queue that never runs dry would grow. */
  #next(): WorkerTask {
    const task = this.#queue[this.#head++]!;
    if (this.#head === this.#queue.length || this.#head >= FORGET_AT_ONCE) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return task;
  }

  async #run(task: WorkerTask, host: string): Promise<void> {
    this.#active++;
    this.#running.add(task.seq);
    this.#crowded = 0;
    this.#admission.started();
    const place = { host };
    const { running } = this.#ports;
    const noted = running?.begin(task.seq);
    const outcome = await this.#ports.download(task, place);
    if (noted !== undefined) running?.end(noted);
    const { gate } = this.#ports;
    const wasFull = this.#firstsFull;
    gate.leave(place.host);
    this.#active--;
    this.#tellLent();
    this.#running.delete(task.seq);
    this.#ended++;
    this.#admission.completed();
    const dropped = this.#dropped.delete(task.seq);
    if (dropped) this.#letGo(task.seq);
    else if (outcome.type === "done") {
      this.#counters.add(this.#index, "done", 1);
      this.#counters.add(this.#index, "fileBytes", outcome.facts.bytes);
    } else if (outcome.type === "failed") this.#counters.add(this.#index, "failed", 1);
    else if (outcome.type === "retry") this.#counters.add(this.#index, "retried", 1);
    if (!dropped) this.#handOver(task, outcome);
    if (wasFull && !this.#firstsFull) {
      // The others have their turn first.
      this.#kept.toEnd(host);
      this.#startWaiting();
    } else if (this.#kept.size > 0) this.#startKept(host);
    this.#pump();
    this.#ask();
    this.#finishIfStopped();
  }

  /** A download has ended that was not this worker's any more. */
  #letGo(seq: number): void {
    this.#ports.ended(seq);
    const part = this.#unwanted.get(seq);
    if (part === undefined) return;
    this.#unwanted.delete(seq);
    this.#ports.dropPart?.(part);
  }

  /** Long downloads have all places: what waits behind them, or is asked for, would be kept from everybody else. */
  #waitForNobody(): void {
    this.#release(this.#queued);
    this.#releaseKept();
    if (this.#asked > 0) this.#ports.want(-this.#asked);
    this.#asked = 0;
  }

  /** Asks for the room that is left, but not for every single place: a claim costs the same for one as for many. */
  #ask(atLeast = (this.#admission.value + this.#ahead) / 4): void {
    if (this.#barren > 0) return;
    const room = this.#admission.value + this.#ahead - this.#active - this.#queued - this.#asked - this.#kept.brief;
    if (room <= 0 || (room < atLeast && this.#active + this.#queued > 0)) return;
    this.#want(room);
  }

  #want(count: number): void {
    if (this.#stopping !== undefined || this.#held || count <= 0) return;
    this.#asked += count;
    this.#ports.want(count);
  }

  #release(count: number): void {
    for (const task of this.#queue.splice(this.#queue.length - count, count)) {
      this.#outcomes.push([task.seq, { type: "released" }, task.fence]);
    }
    if (count > 0) this.#flush();
  }

  #releaseKept(): void {
    for (const task of this.#kept.takeAll()) this.#handOver(task, { type: "released" });
    this.#hearNoMore();
  }

  #handOver(task: WorkerTask, outcome: TaskOutcome): void {
    this.#outcomes.push([task.seq, outcome, task.fence]);
    const idle = this.#active === 0 && this.#queued === 0 && this.#kept.size === 0;
    if (idle || this.#outcomes.length >= SETTLE_BATCH) this.#flush();
    else this.#flushTimer ??= setTimeout(() => this.#flush(), SETTLE_WITHIN_MS);
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (this.#outcomes.length === 0) return;
    const settlements = this.#outcomes;
    this.#outcomes = [];
    this.#ports.settle(settlements);
  }

  #publish(): void {
    this.#counters.set(this.#index, "active", this.#active);
    this.#counters.set(this.#index, "claimed", this.#queued);
    this.#counters.set(this.#index, "limit", this.#admission.value);
    this.#ports.gate.firsts?.places(this.#admission.value);
  }

  #finishIfStopped(): void {
    if (this.#stopping === undefined || this.#active > 0) return;
    this.#flush();
    this.#publish();
    this.#stopping.resolve();
  }
}
