import { redactUrl } from "../base/redact_url.ts";
import type { ClaimedTask, TaskDoneFacts, TaskOutcome } from "../queue/task_model.ts";
import type { Settlement, TaskSharedList } from "../queue/task_shared_list.ts";
import type { WorkerSettlement, WorkerTask } from "../workers/proc_messages.ts";

const CLAIM_AT_ONCE = 500;
const SETTLE_AT_ONCE = 500;
/** The list may change without a hint, in another process or by time. */
const POLL_MS = 200;

/** What the feeder needs of the world. */
export interface FeederPorts {
  /** The list. */
  list: TaskSharedList;
  /** Who claims. */
  owner: string;
  /** The core of each worker. */
  cores: readonly number[];
  /** Hands tasks to a worker. */
  give: (worker: number, tasks: WorkerTask[]) => void;
  /** A claim was settled; `stale` if it was not ours any more. */
  settled: (task: ClaimedTask, outcome: TaskOutcome, stale: boolean) => void;
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
  #settling: Promise<void> | undefined;
  #claiming: Promise<void> | undefined;
  #wake = Promise.withResolvers<void>();
  #stopped = false;

  constructor(ports: FeederPorts) {
    this.#ports = ports;
    this.#wants = ports.cores.map(() => 0);
    this.#running = ports.cores.map(() => new Map());
    this.#unsubscribe = ports.list.onWake(() => this.#wake.resolve());
  }

  /** True if no worker holds a task and everything is settled. */
  get idle(): boolean {
    return this.#unsettled.length === 0 && this.#settling === undefined && this.#running.every((map) => map.size === 0);
  }

  /** Starts to claim. */
  start(): void {
    this.#claiming = this.#claimLoop().catch(this.#ports.failed);
  }

  /** A worker can take that many further tasks. */
  want(worker: number, count: number): void {
    this.#wants[worker]! += count;
    this.#wake.resolve();
  }

  /** A worker has finished tasks. */
  settle(worker: number, settlements: readonly WorkerSettlement[]): void {
    const running = this.#running[worker]!;
    for (const [seq, outcome] of settlements) {
      const task = running.get(seq);
      if (task === undefined) continue;
      running.delete(seq);
      this.#unsettled.push({ task, outcome });
    }
    this.#settleSoon();
  }

  /** A worker died: what it held goes back to the list. Says how many tasks that were. */
  crashed(worker: number): number {
    const running = this.#running[worker]!;
    const count = running.size;
    this.#wants[worker] = 0;
    for (const task of running.values()) this.#unsettled.push({ task, outcome: { type: "crashed" } });
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

  /** Resolves when everything that workers handed over is settled. */
  async drained(): Promise<void> {
    while (this.#settling !== undefined) await this.#settling;
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
    const { list, owner, cores, give } = this.#ports;
    const limit = Math.min(this.#wants[worker]!, CLAIM_AT_ONCE);
    if (limit === 0 || this.#stopped) return 0;
    const core = cores[worker]!;
    const tasks = await list.claim({ owner, core, limit, worker: { index: worker, of: cores.length } });
    if (tasks.length === 0) return 0;
    if (this.#stopped || this.#wants[worker]! < tasks.length) {
      // The worker stopped or died while its tasks were being claimed.
      for (const task of tasks) this.#unsettled.push({ task, outcome: { type: "released" } });
      this.#settleSoon();
      return 0;
    }
    this.#wants[worker]! -= tasks.length;
    const running = this.#running[worker]!;
    for (const task of tasks) running.set(task.seq, task);
    give(worker, tasks.map(forWorker));
    return tasks.length;
  }

  #settleSoon(): void {
    if (this.#unsettled.length === 0) return;
    this.#settling ??= this.#settleAll().catch(this.#ports.failed).finally(() => {
      this.#settling = undefined;
      this.#settleSoon();
    });
  }

  async #settleAll(): Promise<void> {
    while (this.#unsettled.length > 0) {
      const batch = this.#unsettled.splice(0, SETTLE_AT_ONCE);
      const results = await this.#ports.list.settle(batch);
      for (const [i, { task, outcome }] of batch.entries()) {
        this.#ports.settled(task, outcome, results[i]?.type === "stale");
      }
    }
  }
}

function forWorker(task: ClaimedTask): WorkerTask {
  const { id, seq, url, out, attempts, core, fence, headers, mirrors, limitRate, checksum, size } = task;
  return {
    ...{ id, seq, url, out, attempts, core, fence },
    ...(headers === undefined ? {} : { headers }),
    ...(mirrors === undefined ? {} : { mirrors }),
    ...(limitRate === undefined ? {} : { limitRate }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(size === undefined ? {} : { size }),
    ...(task.bytes === undefined ? {} : { facts: factsOf(task, task.bytes) }),
  };
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
