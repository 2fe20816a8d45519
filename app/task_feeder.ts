import { redactUrl } from "../base/redact_url.ts";
import type { OpenClaim } from "../download/claim_log.ts";
import type { ClaimedTask, TaskDoneFacts, TaskOutcome } from "../queue/task_model.ts";
import { copyKept } from "../queue/task_request.ts";
import type {
  ControlVerb,
  RenameRequest,
  RenameResult,
  Settlement,
  TaskSharedList,
} from "../queue/task_shared_list.ts";
import type { ClaimGate } from "./claim_gate.ts";
import type { RenameAnswer, RenameAsk, WorkerSettlement, WorkerTask } from "../workers/proc_messages.ts";

const CLAIM_AT_ONCE = 500;
const SETTLE_AT_ONCE = 500;
/** What is worth a commit at once; fewer wait a moment for more. */
const SETTLE_BATCH = 200;
const SETTLE_WITHIN_MS = 40;
const RENAME_AT_ONCE = 200;
/** The list may change without a hint, in another process or by time. */
const POLL_MS = 200;
/** How often to look for what users did to running tasks: they are to obey within a second. */
const OBEY_MS = 250;
/** Orders that are kept for claims on their way, at the most. */
const MOST_EARLY = 10_000;
/** How long a task waits whose older claim a worker has yet to end. */
const ENDS_WITHIN_MS = 250;

/** What the feeder needs of the world. */
export interface FeederPorts {
  /** The list. */
  list: TaskSharedList;
  /** Who claims. */
  owner: string;
  /** The core of each worker. */
  cores: readonly number[];
  /** Says which hosts may be asked. */
  gate: ClaimGate;
  /** Hands tasks to a worker. */
  give: (worker: number, tasks: WorkerTask[]) => void;
  /** Tells a worker which paths its tasks have now. */
  renamed: (worker: number, answers: RenameAnswer[]) => void;
  /** A claim has ended, and is settled soon. */
  ended?: (task: ClaimedTask, outcome: TaskOutcome) => void;
  /** A claim was settled; `stale` if it was not ours any more. */
  settled: (task: ClaimedTask, outcome: TaskOutcome, stale: boolean) => void;
  /** Tells a worker which tasks are not its own any more. */
  drop: (worker: number, seqs: number[]) => void;
  /** A user took a running task away. */
  ordered: (task: ClaimedTask, verb: ControlVerb) => void;
  /** The list failed for good. */
  failed: (error: unknown) => void;
}

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
  readonly #unnamed: { worker: number; ask: RenameAsk }[] = [];
  #settling: Promise<void> | undefined;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #renaming: Promise<void> | undefined;
  #claiming: Promise<void> | undefined;
  #obeying: Promise<void> = Promise.resolve();
  /** Orders for claims that were not known yet when they came, by number and fence. */
  readonly #early = new Map<string, ControlVerb>();
  #obeyTimer: ReturnType<typeof setInterval> | undefined;
  #wake = Promise.withResolvers<void>();
  #quiet = Promise.withResolvers<void>();
  #stopped = false;

  constructor(ports: FeederPorts) {
    this.#ports = ports;
    this.#wants = ports.cores.map(() => 0);
    this.#running = ports.cores.map(() => new Map());
    this.#unsubscribe = ports.list.onWake(() => this.#wake.resolve());
  }

  /** True if no worker holds a task and everything is settled. */
  get idle(): boolean {
    return this.#unsettled.length === 0 && this.#settling === undefined && this.#holdsNothing;
  }

  get #holdsNothing(): boolean {
    return this.#running.every((map) => map.size === 0);
  }

  /** Resolves the next time that it has become idle. */
  get quiet(): Promise<void> {
    return this.#quiet.promise;
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
    this.#wake.resolve();
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
    }
    // Where hosts are capped, that may have made room.
    if (this.#ports.gate.capped) this.#wake.resolve();
    this.#settleSoon();
  }

  /** A worker has learned the names of files, before it writes them. */
  rename(worker: number, asks: readonly RenameAsk[]): void {
    for (const ask of asks) this.#unnamed.push({ worker, ask });
    this.#renameSoon();
  }

  /** A worker died: what it held goes back to the list. Says how many tasks that were. */
  crashed(worker: number): number {
    const running = this.#running[worker]!;
    const count = running.size;
    this.#wants[worker] = 0;
    for (const task of running.values()) this.#end(task, { type: "crashed" });
    running.clear();
    this.#settleSoon();
    return count;
  }

  /** Claims nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.resolve();
    this.#unsubscribe();
    await this.#claiming;
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
      const dropped = new Map<number, number[]>();
      for (const { seq, fence, verb } of orders) {
        const worker = this.#running.findIndex((running) => running.get(seq)?.fence === fence);
        if (worker < 0) {
          // Its claim may be on the way; what has ended meanwhile needs no order.
          if (this.#early.size >= MOST_EARLY) this.#early.clear();
          this.#early.set(`${seq} ${fence}`, verb);
          continue;
        }
        const task = this.#running[worker]!.get(seq)!;
        this.#running[worker]!.delete(seq);
        this.#drop(task, verb);
        dropped.set(worker, [...dropped.get(worker) ?? [], seq]);
      }
      for (const [worker, seqs] of dropped) this.#ports.drop(worker, seqs);
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
    this.#settleNow();
    while (this.#settling !== undefined || this.#renaming !== undefined) {
      await this.#settling;
      await this.#renaming;
    }
  }

  async #claimLoop(): Promise<void> {
    while (!this.#stopped) {
      this.#wake = Promise.withResolvers<void>();
      let claimed = 0;
      for (const worker of this.#wants.keys()) claimed += await this.#claimFor(worker);
      if (claimed > 0 || this.#stopped) continue;
      const poll = setTimeout(() => this.#wake.resolve(), POLL_MS);
      await this.#wake.promise;
      clearTimeout(poll);
    }
  }

  async #claimFor(worker: number): Promise<number> {
    const { list, owner, cores, gate, give } = this.#ports;
    const limit = Math.min(this.#wants[worker]!, CLAIM_AT_ONCE);
    if (limit === 0 || this.#stopped) return 0;
    const core = cores[worker]!;
    const { hosts } = gate;
    const request = { owner, core, limit, worker: { index: worker, of: cores.length } };
    const claimed = await list.claim(hosts === undefined ? request : { ...request, hosts });
    if (claimed.length === 0) return 0;
    gate.claimed(claimed);
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
    if (tasks.length === 0) return claimed.length;
    this.#wants[worker]! -= tasks.length;
    const running = this.#running[worker]!;
    for (const task of tasks) running.set(task.seq, task);
    give(worker, tasks.map(forWorker));
    return tasks.length;
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
      this.#ports.drop(worker, [seq]);
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
    const verb = this.#early.get(name);
    if (verb === undefined) return true;
    this.#early.delete(name);
    this.#drop(task, verb);
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
    const batch = this.#unsettled.splice(0, SETTLE_AT_ONCE);
    const results = await this.#ports.list.settle(batch);
    for (const [i, { task, outcome }] of batch.entries()) {
      this.#ports.settled(task, outcome, results[i]?.type === "stale");
    }
  }

  /** Those that come while a commit is under way share the next one. */
  #renameSoon(): void {
    if (this.#unnamed.length === 0) return;
    this.#renaming ??= this.#renameAll().catch(this.#ports.failed).finally(() => {
      this.#renaming = undefined;
      this.#renameSoon();
    });
  }

  async #renameAll(): Promise<void> {
    while (this.#unnamed.length > 0) {
      const batch = this.#unnamed.splice(0, RENAME_AT_ONCE);
      const requests: RenameRequest[] = [];
      const places = batch.map(({ worker, ask: [seq, fence, out, fallbackOut] }) => {
        const task = this.#running[worker]!.get(seq);
        if (task?.fence !== fence) return undefined;
        return requests.push({ task, out, ...(fallbackOut === null ? {} : { fallbackOut }) }) - 1;
      });
      const results = await this.#ports.list.rename(requests);
      const answers = new Map<number, RenameAnswer[]>();
      for (const [i, { worker, ask: [seq, fence] }] of batch.entries()) {
        const place = places[i];
        const out = place === undefined ? null : this.#pathOf(worker, requests[place]!.task, results[place]!);
        answers.set(worker, [...answers.get(worker) ?? [], [seq, fence, out]]);
      }
      for (const [worker, ofWorker] of answers) this.#ports.renamed(worker, ofWorker);
    }
  }

  /** The path of a task after a rename; from now on it is settled under that. */
  #pathOf(worker: number, task: ClaimedTask, result: RenameResult): string | null {
    if (result.type !== "named") return result.type === "taken" ? task.out : null;
    const running = this.#running[worker]!;
    if (running.get(task.seq)?.fence === task.fence) running.set(task.seq, result.task);
    return result.task.out;
  }
}

function forWorker(task: ClaimedTask): WorkerTask {
  const { id, seq, url, out, named, attempts, core, fence, bytes } = task;
  const given: WorkerTask = { id, seq, url, out, attempts, core, fence };
  if (task.crashes > 0 || task.begun === true) given.begun = true;
  if (named !== undefined) given.named = named;
  copyKept(task, given);
  if (bytes !== undefined) given.facts = factsOf(task, bytes);
  return given;
}

/** What is known of the file of a task that was done before. */
function factsOf({ url, finalUrl = redactUrl(url), etag, lastModified }: ClaimedTask, bytes: number): TaskDoneFacts {
  return {
    bytes,
    finalUrl,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}
