import type { OpenClaim } from "../download/claim_log.ts";
import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import type { ControlVerb, Settlement, TaskOrder } from "../queue/task_shared_list.ts";
import type { FeederPorts } from "./feeder_ports.ts";
import { listedOutcome } from "./listed_outcome.ts";
import { SuspectLine } from "./suspect_line.ts";
import { TaskRenamer } from "./task_renamer.ts";
import { workerTask } from "./worker_task.ts";
import type { DroppedTask, RenameAsk, WorkerSettlement } from "../workers/proc_messages.ts";

const CLAIM_AT_ONCE = 500;
const SETTLE_AT_ONCE = 500;
/** What is worth a commit at once; fewer wait a moment for more. */
const SETTLE_BATCH = 200;
const SETTLE_WITHIN_MS = 40;
/** The list may change without a hint, in another process or by time. */
const POLL_MS = 200;
/** Where a first answer is likely to come in a moment. */
const BRIEF_POLL_MS = 25;
/** How often to look for what users did to running tasks: they are to obey within a second. */
const OBEY_MS = 250;
/** Orders that are kept for claims on their way, at the most. */
const MOST_EARLY = 10_000;
/** How long a task waits whose older claim a worker has yet to end. */
const ENDS_WITHIN_MS = 250;

/**
 * Stands between the list and the workers, on the one thread that talks to the list: claims what workers ask for, and
 * settles what they finish, in batches.
 */
export class TaskFeeder {
  readonly #ports: FeederPorts;
  readonly #wants: number[];
  readonly #running: Map<number, ClaimedTask>[];
  readonly #unsettled: Settlement[] = [];
  readonly #unsubscribe: () => void;
  readonly #renamer: TaskRenamer;
  /** The number of the worker that runs suspects. */
  readonly #alone: number;
  readonly #line: SuspectLine;
  #noting: Promise<void> = Promise.resolve();
  #settling: Promise<void> | undefined;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #claiming: Promise<void> | undefined;
  #obeying: Promise<void> = Promise.resolve();
  /** Orders for claims that were not known yet when they came, by number and fence. */
  readonly #early = new Map<string, TaskOrder>();
  #obeyTimer: ReturnType<typeof setInterval> | undefined;
  #wake = Promise.withResolvers<void>();
  #quiet = Promise.withResolvers<void>();
  #stopped = false;

  constructor(ports: FeederPorts) {
    this.#ports = ports;
    this.#alone = ports.cores.length;
    this.#wants = Array.from({ length: this.#alone + 1 }, () => 0);
    this.#running = this.#wants.map(() => new Map());
    this.#renamer = new TaskRenamer({ ...ports, running: (worker) => this.#running[worker]! });
    this.#line = new SuspectLine({
      list: ports.list,
      needed: () => ports.suspects?.(),
      ready: () => this.#wants[this.#alone]! > 0,
      isStill: (task) => this.#isStill(task),
      place: () => ports.borrow?.(),
      unneeded: () => this.#giveBack(),
      give: (task) => this.#give(this.#alone, [task]),
      end: (task, outcome) => {
        if (outcome === undefined) ports.gate.ended(task);
        else this.#end(task, outcome);
        this.#settleSoon();
      },
      failed: ports.failed,
    });
    this.#unsubscribe = ports.list.onWake(() => this.#wake.resolve());
  }

  /** True if no worker holds a task and everything is settled. */
  get idle(): boolean {
    return this.#unsettled.length === 0 && this.#settling === undefined && this.#holdsNothing;
  }

  get #holdsNothing(): boolean {
    return this.#running.every((map) => map.size === 0) && this.#line.empty;
  }

  /** Resolves the next time that it has become idle. */
  get quiet(): Promise<void> {
    return this.#quiet.promise;
  }

  /** The tasks that the workers have in their hands. */
  get held(): ClaimedTask[] {
    return this.#running.flatMap((running) => [...running.values()]);
  }

  /** What the workers have in their hands. */
  *openClaims(): Generator<OpenClaim, void, void> {
    for (const worker of this.#running.keys()) yield* this.openClaimsOf(worker);
  }

  /** What one worker has in its hands. */
  *openClaimsOf(worker: number): Generator<OpenClaim, void, void> {
    for (const { fence, out } of this.#running[worker]!.values()) yield { worker, fence, out };
  }

  /** The task of a worker that has a number; `undefined` if it does not hold that one. */
  taskOf(worker: number, seq: number): ClaimedTask | undefined {
    return this.#running[worker]?.get(seq);
  }

  /** Starts to claim. */
  start(): void {
    this.#claiming = this.#claimLoop().catch(this.#ports.failed);
    let busy = false;
    this.#obeyTimer = setInterval(() => {
      if (busy || this.#holdsNothing) return;
      busy = true;
      void this.#obeyNow().finally(() => busy = false);
    }, OBEY_MS);
  }

  /** A worker can take that many further tasks; fewer than none: that many fewer than it said. */
  want(worker: number, count: number): void {
    // What it takes back may be on the way to it.
    this.#wants[worker] = Math.max(0, this.#wants[worker]! + count);
    if (worker === this.#alone) this.#line.goOn();
    else this.#wake.resolve();
  }

  /** A worker has finished tasks. */
  settle(worker: number, settlements: readonly WorkerSettlement[]): void {
    const running = this.#running[worker]!;
    for (const [seq, outcome, fence] of settlements) {
      const task = running.get(seq);
      // It may be what became of an older claim.
      if (task?.fence !== fence) continue;
      running.delete(seq);
      this.#end(task, outcome);
      if (worker === this.#alone) this.#suspectOver(seq);
    }
    // Where hosts are capped, that may have made room.
    if (this.#ports.gate.capped) this.#wake.resolve();
    this.#settleSoon();
  }

  /** A worker has learned the names of files, before it writes them. */
  rename(worker: number, asks: readonly RenameAsk[]): void {
    this.#renamer.rename(worker, asks);
  }

  /**
   * A worker died: what it held goes back to the list. Says how many tasks that were.
   *
   * @param worker The worker.
   * @param begun What it ran, which may be to blame. Default, and where that is nothing: all that it held.
   */
  crashed(worker: number, begun: ReadonlySet<number> = new Set()): number {
    const running = this.#running[worker]!;
    const tasks = [...running.values()];
    this.#wants[worker] = 0;
    running.clear();
    for (const task of tasks) {
      this.#end(task, { type: begun.size === 0 || begun.has(task.seq) ? "crashed" : "released" });
      if (worker === this.#alone) this.#suspectOver(task.seq);
    }
    this.#settleSoon();
    return tasks.length;
  }

  /** A worker says how much there is of the file of a task over which others died. */
  reached(worker: number, { seq, fence, bytes }: { seq: number; fence: string; bytes: number }): void {
    const note = async () => {
      const running = this.#running[worker]!;
      const task = running.get(seq);
      if (task?.fence !== fence) return;
      const [result] = await this.#ports.list.note([{ task, note: { type: "reached", bytes } }]);
      if (result?.type !== "noted") return;
      const noted = result.task;
      if (running.get(seq)?.fence === fence) running.set(seq, noted);
      // It may have ended meanwhile.
      for (const open of this.#unsettled) if (open.task.seq === seq && open.task.fence === fence) open.task = noted;
      if (worker === this.#alone && noted.crashes === 0) this.#line.over(seq);
    };
    this.#noting = this.#noting.then(note).catch(this.#ports.failed);
  }

  /** Claims nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.resolve();
    this.#unsubscribe();
    await this.#claiming;
    await this.#line.stop();
  }

  /** One after the other, so that nobody goes on while an order that was taken off the list is not yet known. */
  #obeyNow(): Promise<void> {
    return this.#obeying = this.#obeying.then(() => this.#obey()).catch(this.#ports.failed);
  }

  /** Ends claims that users took away; says so to the workers that hold them. */
  async #obey(): Promise<void> {
    while (true) {
      const orders = await this.#ports.list.takeOrders(this.#ports.owner);
      if (orders.length === 0) return;
      const dropped = new Map<number, { seqs: number[]; parts: DroppedTask[] }>();
      for (const order of orders) {
        const { seq, fence, verb, drop } = order;
        const worker = this.#running.findIndex((running) => running.get(seq)?.fence === fence);
        if (worker < 0) {
          // Its claim may be on the way; what has ended meanwhile needs no order.
          if (this.#early.size >= MOST_EARLY) this.#early.clear();
          this.#early.set(`${seq} ${fence}`, order);
          continue;
        }
        const task = this.#running[worker]!.get(seq)!;
        this.#running[worker]!.delete(seq);
        this.#drop(task, verb);
        if (worker === this.#alone) this.#suspectOver(seq);
        const gone = dropped.get(worker) ?? { seqs: [], parts: [] };
        dropped.set(worker, gone);
        gone.seqs.push(seq);
        if (drop) gone.parts.push(droppedTask(task));
      }
      for (const [worker, { seqs, parts }] of dropped) this.#ports.drop(worker, seqs, parts);
      this.#wake.resolve();
      this.#tellIfIdle();
    }
  }

  #drop(task: ClaimedTask, verb: ControlVerb): void {
    this.#ports.gate.ended(task);
    this.#ports.ordered(task, verb);
  }

  #tellIfIdle(): void {
    if (!this.idle) return;
    this.#quiet.resolve();
    this.#quiet = Promise.withResolvers();
  }

  /** Resolves when everything that workers handed over is settled. */
  async drained(): Promise<void> {
    clearInterval(this.#obeyTimer);
    await this.#obeying;
    await this.#noting;
    this.#settleNow();
    while (this.#settling !== undefined || this.#renamer.busy !== undefined) {
      await this.#settling;
      await this.#renamer.busy;
    }
  }

  async #claimLoop(): Promise<void> {
    while (!this.#stopped) {
      this.#wake = Promise.withResolvers<void>();
      let claimed = 0;
      for (const worker of this.#ports.cores.keys()) claimed += await this.#claimFor(worker);
      if (claimed > 0 || this.#stopped) continue;
      const poll = setTimeout(() => this.#wake.resolve(), this.#ports.gate.brief ? BRIEF_POLL_MS : POLL_MS);
      await this.#wake.promise;
      clearTimeout(poll);
    }
  }

  async #claimFor(worker: number): Promise<number> {
    const { list, owner, cores, gate } = this.#ports;
    const limit = Math.min(this.#wants[worker]!, CLAIM_AT_ONCE);
    if (limit === 0 || this.#stopped) return 0;
    const core = cores[worker]!;
    const { hosts } = gate;
    const request = { owner, core, limit, worker: { index: worker, of: cores.length } };
    const claimed = await list.claim(hosts === undefined ? request : { ...request, hosts, reopened: gate.reopened() });
    gate.claimed(claimed, limit);
    if (claimed.length === 0) return 0;
    // Only what users took away can still be in the hands of a worker.
    const again = claimed.filter(({ seq, begun }) => begun === true && this.#workerOf(seq) >= 0);
    if (again.length > 0) await this.#endOlder(again);
    let tasks = this.#early.size === 0 ? claimed : claimed.filter((task) => this.#isStill(task));
    if (again.length > 0) tasks = this.#defer(tasks, new Set(again));
    if (this.#stopped || this.#wants[worker]! < tasks.length) {
      // The worker stopped or died while its tasks were being claimed.
      for (const task of tasks) this.#end(task, { type: "released" });
      this.#settleSoon();
      return 0;
    }
    tasks = this.#line.sift(tasks);
    if (tasks.length === 0) return claimed.length;
    this.#give(worker, tasks);
    return tasks.length;
  }

  #give(worker: number, tasks: readonly ClaimedTask[]): void {
    this.#wants[worker]! -= tasks.length;
    const running = this.#running[worker]!;
    for (const task of tasks) running.set(task.seq, task);
    this.#ports.give(worker, tasks.map(workerTask));
  }

  /** The claim of a suspect has ended. */
  #suspectOver(seq: number): void {
    // Before the next one asks for it.
    this.#giveBack();
    this.#line.over(seq);
  }

  #giveBack(): void {
    if (this.#running[this.#alone]!.size === 0) this.#ports.giveBack?.();
  }

  /** The worker that holds a claim of a task; -1 if none does. */
  #workerOf(seq: number): number {
    return this.#running.findIndex((running) => running.has(seq));
  }

  /** Ends the older claims of tasks that users took away and gave back before their orders were seen. */
  async #endOlder(again: readonly ClaimedTask[]): Promise<void> {
    await this.#obeyNow();
    for (const { seq } of again) {
      // The order may be gone: one for the new claim takes its place on the list.
      const worker = this.#workerOf(seq);
      if (worker < 0) continue;
      this.#ports.gate.ended(this.#running[worker]!.get(seq)!);
      this.#running[worker]!.delete(seq);
      this.#ports.drop(worker, [seq], []);
      if (worker === this.#alone) this.#suspectOver(seq);
    }
  }

  /** Lets tasks wait whose download may not have ended yet: its unfinished file is still in use. Gives the others. */
  #defer(tasks: readonly ClaimedTask[], again: ReadonlySet<ClaimedTask>): ClaimedTask[] {
    const notBefore = Date.now() + ENDS_WITHIN_MS;
    for (const task of tasks) if (again.has(task)) this.#end(task, { type: "deferred", notBefore });
    this.#settleSoon();
    return tasks.filter((task) => !again.has(task));
  }

  /** False for a claim that a user has ended before it was known here. */
  #isStill(task: ClaimedTask): boolean {
    const name = `${task.seq} ${task.fence}`;
    const order = this.#early.get(name);
    if (order === undefined) return true;
    this.#early.delete(name);
    this.#drop(task, order.verb);
    if (order.drop) this.#ports.dropPart(droppedTask(task));
    return false;
  }

  #end(task: ClaimedTask, outcome: TaskOutcome): void {
    this.#ports.gate.ended(task);
    this.#ports.ended?.(task, outcome);
    this.#unsettled.push({ task, outcome });
  }

  /** Settles now if there is enough to settle or nothing more to come, and else in a moment. */
  #settleSoon(): void {
    const count = this.#unsettled.length;
    if (count === 0 || this.#settling !== undefined) return;
    if (count >= SETTLE_BATCH || this.#stopped || this.#running.every((map) => map.size === 0)) this.#settleNow();
    else this.#settleTimer ??= setTimeout(() => this.#settleNow(), SETTLE_WITHIN_MS);
  }

  #settleNow(): void {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = undefined;
    if (this.#unsettled.length === 0) return;
    this.#settling ??= this.#settleBatch().catch(this.#ports.failed).finally(() => {
      this.#settling = undefined;
      this.#settleSoon();
      this.#tellIfIdle();
    });
  }

  async #settleBatch(): Promise<void> {
    await this.#noting;
    const batch = this.#unsettled.splice(0, SETTLE_AT_ONCE);
    const results = await this.#ports.list.settle(batch);
    for (const [i, { task, outcome }] of batch.entries()) {
      const result = results[i];
      this.#ports.settled(task, listedOutcome(outcome, result), result?.type === "stale");
    }
  }
}

function droppedTask({ seq, out, url, mirrors }: ClaimedTask): DroppedTask {
  return { seq, out, url, ...(mirrors === undefined ? {} : { mirrors }) };
}
