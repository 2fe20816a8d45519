/**
 * What a user does to tasks: pause, resume, cancel, retry, remove, another priority. Each commit takes tasks out of the
 * records that hold them, as those were read, and puts them where they belong then.
 *
 * A running task is taken out of the claim of its owner, so that whatever comes of that claim is stale; an order under the
 * owner's name tells it to stop.
 *
 * @module
 */
import { parseTask, type TaskText, taskText, textBytes } from "./task_codec.ts";
import { type ControlPlan, controlPlan, orderOf, syncPlans } from "./task_control_moves.ts";
import { taskKeys } from "./task_keys.ts";
import { placeReady } from "./task_kv_block.ts";
import { placeDone } from "./task_kv_done.ts";
import { forgetTask } from "./task_kv_forget.ts";
import { findTask, locateTask } from "./task_kv_locate.ts";
import { decodeRunning, encodeRunning } from "./task_kv_running.ts";
import { count, emptyStep, isReady, joinSteps, placeAlone } from "./task_kv_steps.ts";
import { takeTasks } from "./task_kv_take.ts";
import { type TaskRecord, walkRecords } from "./task_kv_walk.ts";
import { type Task, TASK_MOVES, taskControl } from "./task_model.ts";
import type { ControlRequest, ControlResult, SyncRequest, SyncResult, TaskOrder } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

/** Tasks move between states while a walk goes on: so many walks meet all that do not move for ever. */
const WALKS = 3;
const LOST_RACES = 20;
const ORDER_BYTES = 120;

/** Tasks of one record on their way, and what becomes of them. */
interface Item {
  record: TaskRecord;
  step: KvStep;
  ready: TaskText[];
  done: TaskText[];
}

/**
 * Does what a user asks for.
 *
 * @param store The store.
 * @param request What to do, and to which tasks.
 * @param now Milliseconds since the epoch.
 * @returns How many tasks moved, and which of the ids did not.
 */
export async function controlTasks(store: KvStore, request: ControlRequest, now: number): Promise<ControlResult> {
  const run = new ControlRun(store, now, controlPlan(request));
  if (request.ids !== undefined) { for (const id of new Set(request.ids)) await run.one(id); }
  else await run.all();
  return run.result;
}

/**
 * Moves the tasks of task files as those ask for now.
 *
 * @param store The store.
 * @param request What they ask for.
 * @param now Milliseconds since the epoch.
 * @returns How many tasks moved.
 */
export async function syncTasks(store: KvStore, request: SyncRequest, now: number): Promise<SyncResult> {
  const plans = syncPlans(request);
  const move = async (plan: ControlPlan): Promise<number> => {
    const run = new ControlRun(store, now, plan);
    await run.all();
    return run.result.touched;
  };
  return { canceled: await move(plans.vanish), returned: await move(plans.return) };
}

/** Takes the orders for an owner off the list. */
export async function takeOrders(store: KvStore, owner: string): Promise<TaskOrder[]> {
  const entries = await store.list<TaskOrder>({ prefix: taskKeys.ordersOf(owner) }, store.limits.checks);
  if (entries.length === 0) return [];
  const step = emptyStep();
  for (const { key, versionstamp } of entries) {
    step.deletes.push(key as Deno.KvKey);
    // A newer order for the same task must not get lost.
    step.checks.push({ key, versionstamp });
  }
  return (await store.commit(step)).ok ? entries.map(({ value }) => value) : [];
}

class ControlRun {
  readonly result: ControlResult = { touched: 0, unknown: [], unmoved: [] };
  readonly #store: KvStore;
  readonly #now: number;
  readonly #plan: ControlPlan;
  #last = Infinity;
  #lost = 0;

  constructor(store: KvStore, now: number, plan: ControlPlan) {
    this.#store = store;
    this.#now = now;
    this.#plan = plan;
  }

  /** Moves the task with an id. */
  async one(id: string): Promise<void> {
    if (this.#plan.signal?.aborted) return;
    for (let races = 0; races < LOST_RACES; races++) {
      const located = await findTask(this.#store, id);
      if (located === undefined) {
        this.result.unknown.push(id);
        return;
      }
      const { task, entry } = located;
      if (!this.#plan.matches(task)) return;
      if (!TASK_MOVES[this.#plan.move].includes(task.status)) {
        this.result.unmoved.push({ id, status: task.status });
        return;
      }
      if (await this.#commit([this.#item({ entry, tasks: [task] })])) return;
    }
    throw new Error(`Cannot ${this.#plan.verb ?? this.#plan.move} task "${id}" as others move it again and again`);
  }

  /** Moves every task that is there now and that the filter means. */
  async all(): Promise<void> {
    this.#last = (await this.#store.get<number>(taskKeys.seq())).value ?? 0;
    const { statuses } = this.#plan;
    for (let walk = 0; walk < WALKS; walk++) {
      const before = this.result.touched;
      this.#lost = 0;
      for (const status of statuses) {
        for await (const page of walkRecords(this.#store, status)) {
          if (this.#plan.signal?.aborted) return;
          await this.#page(page);
        }
      }
      if (this.#lost === 0 && (statuses.length === 1 || this.result.touched === before)) return;
    }
  }

  async #page(page: readonly TaskRecord[]): Promise<void> {
    const items: Item[] = [];
    for (const { entry, tasks } of page) {
      const meant = tasks.filter((task) => this.#isMeant(task));
      if (meant.length > 0) items.push(this.#item({ entry, tasks: meant }));
    }
    for (const chunk of this.#store.chunks(items)) {
      if (await this.#commit(chunk)) continue;
      // Somebody else moved some of them: the rest goes record by record, and what has moved task by task.
      for (const item of chunk) {
        if (!await this.#commit([item])) { for (const { seq } of item.record.tasks) await this.#again(seq); }
      }
    }
  }

  async #again(seq: number): Promise<void> {
    for (let races = 0; races < LOST_RACES; races++) {
      const located = await locateTask(this.#store, seq);
      if (located === undefined || !this.#isMeant(located.task)) return;
      if (await this.#commit([this.#item({ entry: located.entry, tasks: [located.task] })])) return;
    }
    this.#lost++;
  }

  /** True if a walk has to move a task. */
  #isMeant(task: Task): boolean {
    const { move, statuses, priority, matches } = this.#plan;
    if (task.seq > this.#last || !statuses.includes(task.status)) return false;
    return (move !== "prioritize" || task.priority !== priority) && matches(task);
  }

  #item(record: TaskRecord): Item {
    const { entry, tasks } = record;
    const { move, priority } = this.#plan;
    const item: Item = { record, step: emptyStep(), ready: [], done: [] };
    const { step } = item;
    if (move === "prioritize" && taskKeys.isRunning(entry.key)) {
      this.#rewrite(step, record);
      return item;
    }
    takeTasks(step, entry, new Set(tasks.map(({ seq }) => seq)));
    for (const task of tasks) {
      count(step, task.status, -1);
      if (task.status === "running") order(step, entry, task, this.#plan);
      if (move === "remove") {
        forgetTask(step, task);
        continue;
      }
      const moved = taskText(taskControl(task, move, this.#now, priority));
      count(step, moved.task.status, 1);
      if (moved.task.status === "done") item.done.push(moved);
      else if (isReady(moved.task)) item.ready.push(moved);
      else placeAlone(step, moved);
      step.bytes += textBytes(moved.text);
    }
    return item;
  }

  /** Changes running tasks where they are. */
  #rewrite(step: KvStep, { entry, tasks }: TaskRecord): void {
    const { core, open } = decodeRunning(entry);
    for (const { seq } of tasks) {
      const task = parseTask(open.get(seq)!);
      const running: Task = { ...task, status: "running" };
      const moved = taskControl(running, "prioritize", this.#now, this.#plan.priority);
      open.set(seq, taskText({ ...moved, status: task.status }).text);
    }
    step.checks.push({ key: entry.key, versionstamp: entry.versionstamp });
    step.sets.push([entry.key as Deno.KvKey, encodeRunning(core, open.values())]);
    step.bytes += 2 * entry.value.length;
  }

  async #commit(items: readonly Item[]): Promise<boolean> {
    const step = joinSteps(items.map((item) => item.step));
    placeReady(step, items.flatMap((item) => item.ready));
    placeDone(step, items.flatMap((item) => item.done));
    if (this.#plan.move === "remove") step.sets.push([taskKeys.removed(), true]);
    if (!(await this.#store.commit(step)).ok) return false;
    for (const { record: { tasks } } of items) {
      this.result.touched += tasks.length;
      tasks.forEach((task) => this.#plan.moved?.(task));
    }
    return true;
  }
}

/** Tells the owner of a running task that it is not its own any more. */
function order(step: KvStep, entry: Deno.KvEntry<Uint8Array>, { seq }: Task, plan: ControlPlan): void {
  const { owner, fence } = decodeRunning(entry);
  const order = orderOf(plan, seq, fence);
  if (order === undefined) return;
  step.sets.push([taskKeys.order(owner, seq), order]);
  step.bytes += ORDER_BYTES;
}
