import { assert, assertEquals } from "@std/assert";
import { type ClaimedTask, MAX_CRASHES, type Task, type TaskOutcome, type TaskStatus } from "../../queue/task_model.ts";
import type {
  AddResult,
  RetryRequest,
  Settlement,
  SettleResult,
  TaskCounts,
  TaskDraft,
} from "../../queue/task_shared_list.ts";
import { countsOf } from "./contract_kit.ts";

/** What the model knows of a task. */
export interface ModelTask {
  id: string;
  url: string;
  out: string;
  priority: number;
  status: TaskStatus;
  notBefore?: number | undefined;
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

  add(drafts: readonly TaskDraft[], results: readonly AddResult[]): void {
    assertEquals(results.length, drafts.length);
    for (const [i, draft] of drafts.entries()) this.#add(draft, results[i]!);
  }

  #add(draft: TaskDraft, result: AddResult): void {
    const places = [draft.out, ...(draft.fallbackOut === undefined ? [] : [draft.fallbackOut])];
    const at = (place: string) => this.tasks.find((task) => task.out === place);
    const out = places.find((place) => (at(place)?.url ?? draft.url) === draft.url);
    const twin = out === undefined ? undefined : at(out);
    if (twin !== undefined) return assertEquals(result, { type: "duplicate", id: twin.id, out: twin.out });
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
      priority: draft.priority ?? 0,
      status: "waiting",
      notBefore: draft.notBefore,
      attempts: 0,
      crashes: 0,
    });
  }

  claim(owner: string, limit: number, now: number, claimed: readonly ClaimedTask[]): void {
    const ready = this.tasks.filter((task) => task.status === "waiting" && (task.notBefore ?? 0) <= now);
    assertEquals(claimed.length, this.owners.has(owner) ? Math.min(limit, ready.length) : 0);
    for (const one of claimed) {
      const task = ready.find((candidate) => candidate.id === one.id);
      assert(task !== undefined && task.status === "waiting", `${one.id} could be claimed`);
      Object.assign(task, { status: "running", owner, fence: one.fence, notBefore: undefined });
    }
    const lowest = Math.min(...claimed.map((task) => task.priority));
    for (const task of ready) if (task.status === "waiting") assert(task.priority <= lowest, "the highest go first");
  }

  settle(settlements: readonly Settlement[], results: readonly SettleResult[]): void {
    for (const [i, { task: claimed, outcome }] of settlements.entries()) {
      const task = this.tasks.find((one) => one.id === claimed.id)!;
      const held = task.status === "running" && task.owner === claimed.owner && task.fence === claimed.fence;
      assertEquals(results[i]?.type, held ? "settled" : "stale");
      if (held) this.#end(task, outcome);
    }
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
    const running = this.tasks.filter((task) => task.status === "running" && task.owner === owner);
    for (const task of running) this.#end(task, { type: how });
    return running.length;
  }

  retry({ ids, retryableOnly, status }: RetryRequest): number {
    const moved = this.tasks.filter((task) => {
      const settled = task.status === "failed" || task.status === "done";
      const meant = task.status === (status ?? (ids === undefined ? "failed" : task.status));
      return settled && meant && (ids?.includes(task.id) ?? true) && (!retryableOnly || task.retryable === true);
    });
    for (const task of moved) Object.assign(task, { status: "waiting", attempts: 0, crashes: 0, retryable: undefined });
    return moved.length;
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
      [task.url, task.out, task.priority, task.status, task.attempts, task.crashes],
      [known.url, known.out, known.priority, known.status, known.attempts, known.crashes],
    );
    assertEquals([task.owner, task.error?.retryable], [known.owner, known.retryable]);
    if (task.status !== "waiting") assertEquals(task.notBefore, undefined);
  }
}
