import { assert, assertEquals } from "@std/assert";
import { type ClaimedTask, MAX_CRASHES, type Task, type TaskOutcome, type TaskStatus } from "../../queue/task_model.ts";
import type {
  AddResult,
  ControlRequest,
  ControlResult,
  ControlVerb,
  HostRoom,
  RenameRequest,
  RenameResult,
  Settlement,
  SettleResult,
  TaskCounts,
  TaskDraft,
} from "../../queue/task_shared_list.ts";
import { countsOf } from "./contract_kit.ts";

/** The states from which each verb moves tasks. */
const MOVES: Readonly<Record<ControlVerb, readonly TaskStatus[]>> = {
  pause: ["waiting", "running"],
  resume: ["paused"],
  cancel: ["waiting", "running", "paused"],
  retry: ["failed", "canceled", "done"],
  remove: ["waiting", "running", "paused", "failed", "canceled", "done"],
  priority: ["waiting", "running", "paused", "failed"],
};

/** What the model knows of a task. */
export interface ModelTask {
  id: string;
  url: string;
  out: string;
  /** The priority that the latest entry for each of its paths asked for. */
  wish: Map<string, number>;
  /** Every path that is reserved for it. */
  paths: string[];
  named: boolean;
  priority: number;
  status: TaskStatus;
  notBefore?: number | undefined;
  /** It may have been set aside until then. */
  asideUntil: number;
  fence?: string | undefined;
  owner?: string | undefined;
  attempts: number;
  crashes: number;
  retryable?: boolean | undefined;
}

/** The simplest list that could be right: what the real ones are compared with, call by call. */
export class ContractModel {
  readonly tasks: ModelTask[] = [];
  readonly owners = new Map<string, number>();
  /** What owners have to be told. */
  orders: { owner: string; fence: string; verb: ControlVerb }[] = [];

  add(drafts: readonly TaskDraft[], results: readonly AddResult[]): void {
    assertEquals(results.length, drafts.length);
    for (const [i, draft] of drafts.entries()) this.#add(draft, results[i]!);
  }

  #add(draft: TaskDraft, result: AddResult): void {
    const { fallbackOut } = draft;
    const second = typeof fallbackOut === "function" ? fallbackOut(draft) : fallbackOut;
    const places = [draft.out, ...(second === undefined ? [] : [second])];
    const at = (place: string) => this.#holder(place);
    const out = places.find((place) => (at(place)?.url ?? draft.url) === draft.url);
    const twin = out === undefined ? undefined : at(out);
    if (twin !== undefined) {
      const wish = draft.priority ?? 0;
      const changes = twin.wish.get(out!) !== wish && !["done", "canceled"].includes(twin.status);
      assertEquals(result, { type: changes ? "changed" : "duplicate", id: twin.id, out: twin.out });
      twin.wish.set(out!, wish);
      if (!changes) return;
      twin.priority = wish;
      twin.asideUntil = 0;
      return;
    }
    const refused = (field: string) => {
      assert(result.type === "refused", `${result.type} instead of refused for its ${field}`);
      assertEquals(result.field, field);
    };
    if (this.tasks.some((task) => task.id === draft.id)) return refused("id");
    if (out === undefined) return refused("out");
    assert(result.type === "added");
    assertEquals([result.id, result.out], [draft.id ?? result.id, out]);
    assert(!this.tasks.some((task) => task.id === result.id), "an assigned id is new");
    this.tasks.push({
      id: result.id,
      url: draft.url,
      out,
      paths: [out],
      wish: new Map([[out, draft.priority ?? 0]]),
      named: draft.named ?? false,
      priority: draft.priority ?? 0,
      status: "waiting",
      notBefore: draft.notBefore,
      asideUntil: 0,
      attempts: 0,
      crashes: 0,
    });
  }

  claim(
    owner: string,
    limit: number,
    now: number,
    claimed: readonly ClaimedTask[],
    hosts?: (host: string) => HostRoom | undefined,
  ): void {
    const waiting = this.tasks.filter((task) => task.status === "waiting" && (task.notBefore ?? 0) <= now);
    const roomOf = (task: ModelTask) => hosts?.(new URL(task.url).host);
    const ready = waiting.filter((task) => (roomOf(task)?.room ?? 1) > 0);
    // What met a host without room may have been set aside, or not: whoever asks next may get it before its time, or not.
    const certain = ready.filter((task) => task.asideUntil <= now && roomOf(task) === undefined);
    const alive = this.owners.has(owner);
    assert(claimed.length <= Math.min(limit, alive ? ready.length : 0));
    assert(claimed.length >= Math.min(limit, alive ? certain.length : 0));
    const taken = new Map<string, number>();
    for (const one of claimed) {
      const task = ready.find((candidate) => candidate.id === one.id);
      assert(task !== undefined && task.status === "waiting", `${one.id} could be claimed`);
      const { host } = new URL(task.url);
      taken.set(host, (taken.get(host) ?? 0) + 1);
      assert(taken.get(host)! <= (roomOf(task)?.room ?? Infinity), `${host} has room`);
      Object.assign(task, { status: "running", owner, fence: one.fence, notBefore: undefined, asideUntil: 0 });
    }
    const lowest = Math.min(...claimed.map((task) => task.priority));
    for (const task of certain) {
      if (task.status === "waiting") assert(task.priority <= lowest, "the highest go first");
    }
    if (!alive) return;
    for (const task of waiting) {
      const room = roomOf(task);
      if (task.status === "waiting" && room !== undefined) task.asideUntil = Math.max(task.asideUntil, room.until);
    }
  }

  settle(settlements: readonly Settlement[], results: readonly SettleResult[]): void {
    for (const [i, { task: claimed, outcome }] of settlements.entries()) {
      const task = this.tasks.find((one) => one.id === claimed.id);
      const held = task?.status === "running" && task.owner === claimed.owner && task.fence === claimed.fence;
      assertEquals(results[i]?.type, held ? "settled" : "stale");
      if (held) this.#end(task, outcome);
    }
  }

  rename(renames: readonly RenameRequest[], results: readonly RenameResult[]): void {
    assertEquals(results.length, renames.length);
    for (const [i, { task: claimed, out, fallbackOut }] of renames.entries()) {
      const result = results[i]!;
      const task = this.tasks.find((one) => one.id === claimed.id);
      if (task?.status !== "running" || task.owner !== claimed.owner || task.fence !== claimed.fence) {
        assertEquals(result, { type: "stale" });
        continue;
      }
      const places = fallbackOut === undefined ? [out] : [out, fallbackOut];
      const place = task.named ? task.out : places.find((place) => (this.#holder(place) ?? task) === task);
      if (place === undefined) {
        assertEquals(result, { type: "taken" });
        continue;
      }
      // Both of its paths know the task as it is now.
      for (const path of [task.out, place]) if (!task.named) task.wish.set(path, task.priority);
      if (!task.paths.includes(place)) task.paths.push(place);
      Object.assign(task, { out: place, named: true });
      assert(result.type === "named", `${result.type} instead of named`);
      const { id, fence, owner, named } = result.task;
      assertEquals([id, fence, owner, named, result.task.out], [task.id, task.fence, task.owner, true, place]);
    }
  }

  #holder(path: string): ModelTask | undefined {
    return this.tasks.find((task) => task.paths.includes(path));
  }

  #end(task: ModelTask, outcome: TaskOutcome): void {
    Object.assign(task, { owner: undefined, fence: undefined });
    switch (outcome.type) {
      case "released":
        task.status = "waiting";
        return;
      case "deferred":
        task.status = "waiting";
        task.notBefore = outcome.notBefore;
        return;
      case "crashed":
        task.crashes++;
        task.status = task.crashes < MAX_CRASHES ? "waiting" : "failed";
        task.retryable = task.crashes < MAX_CRASHES;
        return;
      case "retry":
        task.notBefore = outcome.notBefore;
    }
    task.status = outcome.type === "retry" ? "waiting" : outcome.type;
    task.attempts++;
    task.crashes = 0;
    task.retryable = outcome.type === "done" ? undefined : outcome.error.retryable;
  }

  /** The owner is gone; says how many tasks it ran. */
  end(owner: string, how: "released" | "crashed"): number {
    this.owners.delete(owner);
    this.orders = this.orders.filter((order) => order.owner !== owner);
    const running = this.tasks.filter((task) => task.status === "running" && task.owner === owner);
    for (const task of running) this.#end(task, { type: how });
    return running.length;
  }

  control(request: ControlRequest, result: ControlResult, now: number): void {
    const { verb, ids, filter = {}, priority } = request;
    const of = (task: ModelTask) =>
      (filter.status?.includes(task.status) ?? true) &&
      (filter.host?.includes(new URL(task.url).host) ?? true) &&
      (filter.retryable === undefined || (task.retryable === true) === filter.retryable);
    const unset = ids === undefined && filter.status === undefined && verb === "retry";
    const meant = this.tasks.filter((task) => ids?.includes(task.id) ?? (!unset || task.status === "failed")).filter(
      of,
    );
    const moved = meant.filter((task) => MOVES[verb].includes(task.status))
      .filter((task) => ids !== undefined || verb !== "priority" || task.priority !== priority);
    const unknown = [...new Set(ids)].filter((id) => !this.tasks.some((task) => task.id === id));
    const unmoved = ids === undefined ? [] : meant.filter((task) => !moved.includes(task));
    assertEquals([result.touched, result.unknown.toSorted()], [moved.length, unknown.toSorted()]);
    assertEquals(result.unmoved.map(({ id }) => id).toSorted(), unmoved.map(({ id }) => id).toSorted());
    for (const task of moved) this.#move(task, request, now);
  }

  #move(task: ModelTask, { verb, priority }: ControlRequest, now: number): void {
    if (task.status === "running" && verb !== "priority") {
      this.orders.push({ owner: task.owner!, fence: task.fence!, verb });
    }
    if (verb === "remove") {
      this.tasks.splice(this.tasks.indexOf(task), 1);
      return;
    }
    if (verb === "priority") {
      task.priority = priority!;
      // It stands among the others again.
      task.asideUntil = 0;
      return;
    }
    Object.assign(task, { owner: undefined, fence: undefined, asideUntil: 0 });
    if (verb === "retry") Object.assign(task, { attempts: 0, crashes: 0, retryable: undefined, notBefore: undefined });
    if (verb === "cancel" || (task.notBefore ?? 0) <= now) task.notBefore = undefined;
    task.status = verb === "pause" ? "paused" : verb === "cancel" ? "canceled" : "waiting";
  }

  counts(): TaskCounts {
    const counts = countsOf({});
    for (const task of this.tasks) counts[task.status]++;
    return counts;
  }

  /** Asserts that a task of the list is what the model knows. */
  compare(task: Task | undefined): void {
    const known = this.tasks.find((one) => one.id === task?.id);
    assert(known !== undefined && task !== undefined);
    assertEquals(
      [task.url, task.out, task.named ?? false, task.priority, task.status, task.attempts, task.crashes],
      [known.url, known.out, known.named, known.priority, known.status, known.attempts, known.crashes],
    );
    assertEquals([task.owner, task.error?.retryable], [known.owner, known.retryable]);
    if (task.status !== "waiting" && task.status !== "paused") assertEquals(task.notBefore, undefined);
  }
}
