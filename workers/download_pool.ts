import type { SharedCounters } from "../base/shared_counters.ts";
import type { TaskOutcome } from "../queue/task_model.ts";
import type { AdmissionLimit } from "./admission_limit.ts";
import type { WorkerSettlement, WorkerTask } from "./proc_messages.ts";

const SETTLE_BATCH = 50;
const SETTLE_WITHIN_MS = 100;
/** How much work to hold beyond what is running, in looks at the load. */
const LOOKS_AHEAD = 2;
const MOST_AHEAD = 400;
const FORGET_AT_ONCE = 256;

/** What the pool needs of the world. */
export interface PoolPorts {
  /** Runs one download; never rejects. */
  download: (task: WorkerTask) => Promise<TaskOutcome>;
  /** Asks for that many further tasks. */
  want: (count: number) => void;
  /** Hands over outcomes. */
  settle: (settlements: WorkerSettlement[]) => void;
}

/**
 * Runs the downloads of one worker: as many at a time as admission allows, from a short queue of claimed tasks. It asks
 * for what it can start within a moment, measured by how fast tasks ended lately: nothing beyond its slots while files
 * are large, a few hundred while they are small.
 */
export class DownloadPool {
  readonly #ports: PoolPorts;
  readonly #admission: AdmissionLimit;
  readonly #counters: SharedCounters;
  readonly #index: number;
  readonly #queue: WorkerTask[] = [];
  #head = 0;
  #active = 0;
  #asked = 0;
  #ended = 0;
  #ahead = 0;
  #outcomes: WorkerSettlement[] = [];
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #stopping: PromiseWithResolvers<void> | undefined;

  constructor(ports: PoolPorts, admission: AdmissionLimit, counters: SharedCounters, index: number) {
    this.#ports = ports;
    this.#admission = admission;
    this.#counters = counters;
    this.#index = index;
  }

  get #queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Takes the first look and asks for the first tasks. */
  start(): void {
    this.#ask();
    this.#publish();
  }

  /** Claimed tasks have come. */
  offer(tasks: readonly WorkerTask[]): void {
    this.#asked = Math.max(0, this.#asked - tasks.length);
    for (const task of tasks) this.#queue.push(task);
    if (this.#stopping !== undefined) this.#release(this.#queued);
    this.#pump();
  }

  /** The load was read. */
  look(load: number): void {
    this.#admission.sample(load, this.#active);
    this.#ahead = Math.min(MOST_AHEAD, this.#ended * LOOKS_AHEAD);
    this.#ended = 0;
    // What cannot start soon goes back, so that another process can have it.
    const most = 2 * (this.#admission.value + this.#ahead);
    if (this.#queued > most) this.#release(this.#queued - most);
    this.#pump();
    // Few free places wait for company only until the next look: beside long downloads they would wait for ever.
    this.#ask(1);
  }

  /** Starts nothing more, and resolves when all that runs has ended and is handed over. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.withResolvers<void>();
    this.#release(this.#queued);
    this.#finishIfStopped();
    return this.#stopping.promise;
  }

  #pump(): void {
    while (this.#stopping === undefined && this.#queued > 0 && this.#admission.mayStart(this.#active)) {
      this.#run(this.#next());
    }
    this.#ask();
    this.#publish();
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

  async #run(task: WorkerTask): Promise<void> {
    this.#active++;
    this.#admission.started();
    const outcome = await this.#ports.download(task);
    this.#active--;
    this.#ended++;
    this.#admission.completed();
    if (outcome.type === "done") this.#counters.add(this.#index, "done", 1);
    else if (outcome.type === "failed") this.#counters.add(this.#index, "failed", 1);
    else if (outcome.type === "retry") this.#counters.add(this.#index, "retried", 1);
    this.#handOver([task.seq, outcome]);
    this.#pump();
    this.#finishIfStopped();
  }

  /** Asks for the room that is left, but not for every single place: a claim costs the same for one as for many. */
  #ask(atLeast = (this.#admission.value + this.#ahead) / 4): void {
    if (this.#stopping !== undefined) return;
    const room = this.#admission.value + this.#ahead - this.#active - this.#queued - this.#asked;
    if (room <= 0 || (room < atLeast && this.#active + this.#queued > 0)) return;
    this.#asked += room;
    this.#ports.want(room);
  }

  #release(count: number): void {
    for (const task of this.#queue.splice(this.#queue.length - count, count)) {
      this.#outcomes.push([task.seq, { type: "released" }]);
    }
    if (count > 0) this.#flush();
  }

  #handOver(settlement: WorkerSettlement): void {
    this.#outcomes.push(settlement);
    const idle = this.#active === 0 && this.#queued === 0;
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
  }

  #finishIfStopped(): void {
    if (this.#stopping === undefined || this.#active > 0) return;
    this.#flush();
    this.#publish();
    this.#stopping.resolve();
  }
}
