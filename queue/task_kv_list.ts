import { type Clock, systemClock } from "../base/clock.ts";
import { type KvLimits, KvStore } from "./kv_store.ts";
import { taskKeys } from "./task_keys.ts";
import { TaskKvBroken } from "./task_kv_broken.ts";
import { withBroken } from "./with_broken.ts";
import { TaskKvAdder } from "./task_kv_add.ts";
import type { AsideCursor } from "./task_kv_aside.ts";
import { claimTasks } from "./task_kv_claim.ts";
import { controlTasks, syncTasks, takeOrders } from "./task_kv_control.ts";
import { findTask } from "./task_kv_locate.ts";
import { readOwners, reclaimTasks, registerOwner, removeOwner, renewOwner } from "./task_kv_owners.ts";
import { noteTasks } from "./task_kv_note.ts";
import { countTasks, listTasks } from "./task_kv_read.ts";
import { renameTasks } from "./task_kv_rename.ts";
import { reviveTasks } from "./task_kv_revive.ts";
import { RunningBlocks } from "./task_kv_running.ts";
import { TaskKvSettler } from "./task_kv_settler.ts";
import { emptyStep } from "./task_kv_steps.ts";
import { keepTime } from "./task_kv_time.ts";
import type { ClaimedTask, Task } from "./task_model.ts";
import type {
  AddResult,
  BrokenRecords,
  ClaimRequest,
  ControlRequest,
  ControlResult,
  ListRequest,
  NoteRequest,
  NoteResult,
  OwnerInfo,
  OwnerState,
  OwnerVerdict,
  OwnerVitals,
  RenameRequest,
  RenameResult,
  Settlement,
  SettleResult,
  SyncRequest,
  SyncResult,
  TaskCounts,
  TaskDraft,
  TaskOrder,
  TaskPage,
  TaskSharedList,
} from "./task_shared_list.ts";

/** How {@linkcode TaskKvList.open} opens. */
export interface TaskKvListOptions {
  /** The time. Default: the machine's. */
  clock?: Clock;
  /** What one commit may hold. Default: what a local database takes. */
  limits?: KvLimits;
  /** How long to wait for a file that is locked, in milliseconds. Default 30,000. */
  patienceMs?: number;
}

/** The task list on Deno KV: a file that any number of processes of one machine share, or `:memory:`. */
export class TaskKvList implements TaskSharedList {
  readonly #store: KvStore;
  readonly #clock: Clock;
  readonly #adder: TaskKvAdder;
  readonly #blocks: RunningBlocks;
  readonly #settler: TaskKvSettler;
  readonly #broken: TaskKvBroken;
  #lastFence = 0;
  readonly #salt = Math.random().toString(36).slice(2, 8).padEnd(6, "0");
  #claiming: Promise<unknown> = Promise.resolve();
  readonly #aside: AsideCursor = {};
  readonly #listeners = new Set<() => void>();
  readonly #turns = new Map<number, number>();

  private constructor(store: KvStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#adder = new TaskKvAdder(store);
    this.#blocks = new RunningBlocks(store);
    this.#settler = new TaskKvSettler(store, this.#blocks);
    this.#broken = new TaskKvBroken(store);
  }

  /**
   * Opens the list.
   *
   * @param path A file, which is made if it is missing, or `:memory:`.
   * @param options The clock, the limits, and how patient it is.
   * @returns The open list; dispose of it.
   * @throws {QueueUnavailableError} If the file cannot be opened as a database.
   */
  static async open(path: string, options: TaskKvListOptions = {}): Promise<TaskKvList> {
    const store = await KvStore.open(path, options.limits, options.patienceMs);
    return new TaskKvList(store, options.clock ?? systemClock);
  }

  async add(drafts: readonly TaskDraft[]): Promise<AddResult[]> {
    const results = await this.#broken.past(() => this.#adder.add(drafts, this.#clock.now()));
    if (results.some((result) => result.type === "added")) this.#wake();
    return results;
  }

  preview(drafts: readonly TaskDraft[]): Promise<AddResult[]> {
    return this.#broken.past(() => this.#adder.preview(drafts));
  }

  async register(info: OwnerInfo): Promise<void> {
    // A list that is damaged is left as it is: who registers notices it before anything is written.
    await registerOwner(this.#store, info, this.#clock.now());
    await keepTime(this.#store, this.#clock.now());
  }

  async heartbeat(owner: string, vitals?: OwnerVitals): Promise<"alive" | "lost"> {
    await keepTime(this.#store, this.#clock.now());
    return await renewOwner(this.#store, owner, this.#clock.now(), vitals);
  }

  leave(owner: string): Promise<void> {
    return this.#broken.past(() => removeOwner(this.#store, owner, this.#clock.now()));
  }

  claim(request: ClaimRequest): Promise<ClaimedTask[]> {
    const index = request.worker?.index ?? 0;
    const turn = this.#turns.get(index) ?? 0;
    this.#turns.set(index, turn + 1);
    // One after the other: claims of one process that race would only take each other's blocks away.
    const take = () =>
      claimTasks({
        store: this.#store,
        blocks: this.#blocks,
        aside: this.#aside,
        now: this.#clock.now(),
        turn,
        nextFence: () => this.#nextFence(),
      }, request);
    const claimed = this.#claiming.then(() => this.#broken.past(take));
    this.#claiming = claimed.catch(() => {});
    return claimed;
  }

  settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return this.#broken.past(() => this.#settler.settle(settlements, this.#clock.now()));
  }

  rename(renames: readonly RenameRequest[]): Promise<RenameResult[]> {
    return this.#broken.past(() => renameTasks(this.#store, this.#blocks, renames));
  }

  note(notes: readonly NoteRequest[]): Promise<NoteResult[]> {
    return this.#broken.past(() => noteTasks(this.#store, this.#blocks, notes));
  }

  async revive(tasks: readonly ClaimedTask[]): Promise<void> {
    await this.#broken.past(() => reviveTasks(this.#store, tasks));
    this.#wake();
  }

  async reclaim(isAlive?: (owner: OwnerState) => OwnerVerdict, failed?: (task: Task) => void): Promise<number> {
    const count = await this.#broken.past(() => reclaimTasks(this.#store, this.#clock.now(), isAlive, failed));
    if (count > 0) this.#wake();
    return count;
  }

  async sync(request: SyncRequest): Promise<SyncResult> {
    const result = await this.#broken.past(() => syncTasks(this.#store, request, this.#clock.now()));
    if (result.returned > 0) this.#wake();
    return result;
  }

  async control(request: ControlRequest): Promise<ControlResult> {
    const moved = await this.#broken.past(() => controlTasks(this.#store, request, this.#clock.now()));
    const result = await withBroken(request, moved, (keys) => this.#broken.remove(keys));
    if (result.touched > 0) this.#wake();
    return result;
  }

  takeOrders(owner: string): Promise<TaskOrder[]> {
    return takeOrders(this.#store, owner);
  }

  async get(id: string): Promise<Task | undefined> {
    return (await this.#broken.past(() => findTask(this.#store, id)))?.task;
  }

  list(request: ListRequest = {}): Promise<TaskPage> {
    return this.#broken.past(() => listTasks(this.#store, request));
  }

  counts(): Promise<TaskCounts> {
    return countTasks(this.#store);
  }

  broken(): Promise<BrokenRecords> {
    return this.#broken.list();
  }

  async lost(): Promise<number> {
    const { waiting, running } = await this.counts();
    const places = [taskKeys.readyAll(), taskKeys.asideAll(), taskKeys.delayedAll(), taskKeys.runningAll()];
    for (const prefix of places) if ((await this.#store.list({ prefix }, 1)).length > 0) return 0;
    // What was on its way from one place to another, or was added meanwhile, has changed them.
    const after = await this.counts();
    return after.waiting === waiting && after.running === running ? waiting + running : 0;
  }

  owners(): Promise<OwnerState[]> {
    return readOwners(this.#store, this.#clock.now());
  }

  async remains(): Promise<string | undefined> {
    return (await this.#store.get(taskKeys.removed())).versionstamp ?? undefined;
  }

  async clearRemains(mark: string): Promise<void> {
    const key = taskKeys.removed();
    await this.#store.commit({ ...emptyStep(), checks: [{ key, versionstamp: mark }], deletes: [key] });
  }

  onWake(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ordered in time, and never used twice, not even by two connections with one owner in the same microsecond. */
  #nextFence(): string {
    const now = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    this.#lastFence = Math.max(this.#lastFence + 1, now);
    return this.#lastFence.toString(36) + this.#salt;
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#store[Symbol.asyncDispose]();
  }
}
