/**
 * What a user does to tasks on Redis. Each call writes tasks as they were read; what moved meanwhile is looked at again.
 *
 * @module
 */
import type { RedisLink } from "./redis_link.ts";
import { type ControlPlan, controlPlan, orderOf, syncPlans } from "./task_control_moves.ts";
import { type Task, TASK_MOVES, taskControl } from "./task_model.ts";
import { redisField, type RedisRecord } from "./task_redis_record.ts";
import { findById, readPage, type RedisExtra, type RedisWrite, writeRecords } from "./task_redis_writer.ts";
import type { ControlRequest, ControlResult, SyncRequest, SyncResult } from "./task_shared_list.ts";

/** Tasks move between states while a walk goes on: so many walks meet all that do not move for ever. */
const WALKS = 3;
const LOST_RACES = 20;
const BUCKETS = 4;

/** Does what a user asks for; `now` is the server's time. */
export async function controlRedis(
  link: RedisLink,
  request: ControlRequest,
  now: number,
  wake: string,
): Promise<ControlResult> {
  const run = new RedisControl(link, now, wake, controlPlan(request));
  if (request.ids !== undefined) await run.those([...new Set(request.ids)]);
  else await run.all();
  return run.result;
}

/** Moves the tasks of task files as those ask for now. */
export async function syncRedis(
  link: RedisLink,
  request: SyncRequest,
  now: number,
  wake: string,
): Promise<SyncResult> {
  const plans = syncPlans(request);
  const move = async (plan: ControlPlan): Promise<number> => {
    const run = new RedisControl(link, now, wake, plan);
    await run.all();
    return run.result.touched;
  };
  return { canceled: await move(plans.vanish), returned: await move(plans.return) };
}

class RedisControl {
  readonly result: ControlResult = { touched: 0, unknown: [], unmoved: [] };
  readonly #link: RedisLink;
  readonly #now: number;
  readonly #wake: string;
  readonly #plan: ControlPlan;

  constructor(link: RedisLink, now: number, wake: string, plan: ControlPlan) {
    this.#link = link;
    this.#now = now;
    this.#wake = wake;
    this.#plan = plan;
  }

  /** Moves the tasks with these ids. */
  async those(ids: readonly string[]): Promise<void> {
    const { move, matches, signal } = this.#plan;
    let open = ids;
    for (let races = 0; open.length > 0 && !signal?.aborted; races++) {
      if (races === LOST_RACES) throw new Error(`Cannot ${move} task "${open[0]}" as others move it again and again`);
      const found = await findById(this.#link, open);
      const records: RedisRecord[] = [];
      for (const [i, record] of found.entries()) {
        if (record === undefined) this.result.unknown.push(open[i]!);
        else if (!matches(record.task)) continue;
        else if (!TASK_MOVES[move].includes(record.task.status)) {
          this.result.unmoved.push({ id: open[i]!, status: record.task.status });
        } else records.push(record);
      }
      open = (await this.#write(records)).map(({ task }) => task.id);
    }
  }

  /** Moves every task that is there now and that the filter means. */
  async all(): Promise<void> {
    const { statuses, signal } = this.#plan;
    const moved = new Set<number>();
    for (let walk = 0; walk < WALKS; walk++) {
      let lost = 0;
      const before = this.result.touched;
      for (const status of statuses) {
        let from: string | undefined = "0";
        while (from !== undefined) {
          if (signal?.aborted) return;
          const { records, next }: { records: RedisRecord[]; next: string | undefined } = await readPage(
            this.#link,
            status,
            from,
            BUCKETS,
          );
          let open: RedisRecord[] = records.filter(({ task }) => this.#isMeant(task) && !moved.has(task.seq));
          for (const { task } of open) moved.add(task.seq);
          for (let races = 0; open.length > 0 && races < LOST_RACES; races++) {
            open = (await this.#write(open)).filter(({ task }) => this.#isMeant(task));
          }
          lost += open.length;
          for (const { task } of open) moved.delete(task.seq);
          from = next;
        }
      }
      if (lost === 0 && (statuses.length === 1 || this.result.touched === before)) return;
    }
  }

  /** True if a walk has to move a task. */
  #isMeant(task: Task): boolean {
    const { move, statuses, priority, matches } = this.#plan;
    if (!statuses.includes(task.status)) return false;
    return (move !== "prioritize" || task.priority !== priority) && matches(task);
  }

  /** Moves tasks, and returns those that are others now. */
  async #write(records: readonly RedisRecord[]): Promise<RedisRecord[]> {
    const answers = await writeRecords(this.#link, records.map((record) => this.#writeOf(record)), this.#wake);
    const others: RedisRecord[] = [];
    for (const [i, answer] of answers.entries()) {
      if (answer === "written") {
        this.result.touched++;
        this.#plan.moved?.(records[i]!.task);
      } else if (answer !== undefined) others.push(answer);
    }
    return others;
  }

  #writeOf({ task, token, fence }: RedisRecord): RedisWrite {
    const { move, priority } = this.#plan;
    const extra: RedisExtra[] = [];
    const order = task.status === "running" ? orderOf(this.#plan, task.seq, fence) : undefined;
    if (order !== undefined) extra.push(["order", encodeURIComponent(task.owner!), JSON.stringify(order)]);
    if (move !== "remove") {
      const moved = taskControl(task, move, this.#now, priority);
      return { seq: task.seq, token, task: moved, ...(extra.length === 0 ? {} : { extra }) };
    }
    for (const path of task.firstOut === undefined ? [task.out] : [task.out, task.firstOut]) {
      extra.push(["unpath", redisField(path)]);
    }
    if (task.id !== `t${task.seq}`) extra.push(["unid", redisField(task.id)]);
    return { seq: task.seq, token, extra };
  }
}
