import type { Clock } from "../base/clock.ts";
import { RedisFleet } from "./redis_fleet.ts";
import { controlRedis, syncRedis } from "./task_redis_control.ts";
import { RedisClock } from "./redis_clock.ts";
import type { TaskFilter } from "./task_filter.ts";
import type { RedisAddress } from "../config/redis_address.ts";
import { ListMemory } from "./list_memory.ts";
import { RedisLink, type RedisLinkOptions } from "./redis_link.ts";
import { brokenRecords, removeBroken } from "./redis_broken.ts";
import { withBroken } from "./with_broken.ts";
import { listScript } from "./task_redis_prelude.ts";
import { TaskRedisAdder } from "./task_redis_add.ts";
import { TaskRedisClaimer } from "./task_redis_claim.ts";
import { TaskRedisOwners } from "./task_redis_owners.ts";
import { noteClaims } from "./task_redis_note.ts";
import { reviveClaims } from "./task_redis_revive.ts";
import { listRedis } from "./task_redis_read.ts";
import { renameClaims } from "./task_redis_rename.ts";
import { COUNTS, LOST } from "./task_redis_scripts.ts";
import { settleClaims } from "./task_redis_settle.ts";
import { findById } from "./task_redis_writer.ts";
import { statusLetter } from "./task_redis_record.ts";
import { type ClaimedTask, type Task, TASK_STATUSES, type TaskOutcome } from "./task_model.ts";
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

/** How {@linkcode TaskRedisList.open} opens. */
export interface TaskRedisListOptions extends RedisLinkOptions {
  /** Which of the lists on this server: each has a name of letters, digits, `.`, `_` and `-`. Default `default`. */
  namespace?: string;
  /** How many tasks of one host all machines together may run. Default: any number. */
  hostCap?: number;
  /** Wait for ever for a server that does not answer when the list is opened. Default false. */
  wait?: boolean;
  /** What says the time instead of the server. */
  clock?: Clock;
}

const counts = listScript(COUNTS);
const lost = listScript(LOST);

/** The task list on Redis: any number of processes on any number of machines share it. */
export class TaskRedisList implements TaskSharedList {
  readonly #link: RedisLink;
  readonly #clock: RedisClock;
  readonly #name = crypto.randomUUID();
  readonly #memory = new ListMemory();
  readonly #adder: TaskRedisAdder;
  readonly #claimer: TaskRedisClaimer;
  readonly #owners: TaskRedisOwners;
  readonly #listeners = new Set<() => void>();

  /** What other machines say of the hosts. */
  readonly fleet: RedisFleet;

  private constructor(link: RedisLink, { clock, hostCap }: TaskRedisListOptions) {
    this.#link = link;
    this.#clock = new RedisClock(clock);
    this.fleet = new RedisFleet(link, this.#clock, this.#name);
    this.#adder = new TaskRedisAdder(link);
    this.#claimer = new TaskRedisClaimer(link, this.#clock, this.#name, hostCap);
    this.#owners = new TaskRedisOwners(link, this.#clock, this.#name);
  }

  /**
   * Opens the list, which is made if it is missing.
   *
   * @param address Where the server is.
   * @param options The namespace, the certificates, and how patient it is.
   * @returns The open list; dispose of it.
   * @throws {QueueUnavailableError} If the server does not answer, or refuses.
   */
  static async open(address: RedisAddress, options: TaskRedisListOptions = {}): Promise<TaskRedisList> {
    const root = `corehaul:{${options.namespace ?? "default"}}:`;
    const list = new TaskRedisList(new RedisLink(address, root, options), options);
    try {
      await list.#link.subscribe(`${root}wake`, (sender) => {
        if (sender !== list.#name) list.#wake();
      });
      await list.#link.subscribe(`${root}cool`, (message) => list.fleet.hear(message));
      if (options.wait === true) list.#link.patienceMs = Infinity;
      await list.counts();
      list.#link.patienceMs = options.patienceMs;
      return list;
    } catch (error) {
      await list[Symbol.asyncDispose]();
      throw error;
    }
  }

  async add(drafts: readonly TaskDraft[]): Promise<AddResult[]> {
    const results = await this.#adder.add(drafts, this.#clock.now(), this.#name, false);
    if (results.some((result) => result.type === "added")) this.#wake();
    // From now on it would notice if the server forgot them.
    if (!this.#memory.knows) await this.counts();
    return results;
  }

  preview(drafts: readonly TaskDraft[]): Promise<AddResult[]> {
    return this.#adder.add(drafts, this.#clock.now(), "", true);
  }

  register(info: OwnerInfo): Promise<void> {
    return this.#owners.register(info);
  }

  heartbeat(owner: string, vitals?: OwnerVitals): Promise<"alive" | "lost"> {
    return this.#owners.heartbeat(owner, vitals);
  }

  leave(owner: string): Promise<void> {
    return this.#owners.leave(owner);
  }

  claim(request: ClaimRequest): Promise<ClaimedTask[]> {
    return this.#claimer.claim(request);
  }

  settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    const timely = settlements.map(({ task, outcome }) => ({ task, outcome: this.#timely(outcome) }));
    return settleClaims(this.#link, timely, this.#clock.now(), "");
  }

  rename(renames: readonly RenameRequest[]): Promise<RenameResult[]> {
    return renameClaims(this.#link, renames);
  }

  note(notes: readonly NoteRequest[]): Promise<NoteResult[]> {
    return noteClaims(this.#link, notes);
  }

  async revive(tasks: readonly ClaimedTask[]): Promise<void> {
    await reviveClaims(this.#link, tasks, this.#name);
    this.#wake();
  }

  async reclaim(isAlive?: (owner: OwnerState) => OwnerVerdict, failed?: (task: Task) => void): Promise<number> {
    const count = await this.#owners.reclaim(isAlive, failed);
    if (count > 0) this.#wake();
    return count;
  }

  async control(request: ControlRequest): Promise<ControlResult> {
    const timely = this.#timelyFilter(request);
    const moved = await controlRedis(this.#link, timely, this.#clock.now(), this.#name);
    const result = await withBroken(request, moved, (keys) => removeBroken(this.#link, keys));
    if (result.touched > 0) this.#wake();
    return result;
  }

  async sync(request: SyncRequest): Promise<SyncResult> {
    const result = await syncRedis(this.#link, request, this.#clock.now(), this.#name);
    if (result.returned > 0) this.#wake();
    return result;
  }

  takeOrders(owner: string): Promise<TaskOrder[]> {
    return this.#owners.takeOrders(owner);
  }

  async get(id: string): Promise<Task | undefined> {
    return (await findById(this.#link, [id]))[0]?.task;
  }

  list(request: ListRequest = {}): Promise<TaskPage> {
    return listRedis(this.#link, this.#timelyFilter(request));
  }

  async counts(): Promise<TaskCounts> {
    const args = [this.#clock.argument, ...TASK_STATUSES.map(statusLetter)];
    const [time, name, last, ...values] = await this.#link.run(counts, () => args) as string[];
    this.#clock.learn(Number(time));
    const result: TaskCounts = { waiting: 0, running: 0, paused: 0, done: 0, failed: 0, canceled: 0 };
    for (const [i, status] of TASK_STATUSES.entries()) result[status] = Number(values[i]);
    this.#memory.learn(name!, Number(last), result.waiting + result.running);
    return result;
  }

  forgotten(): number {
    return this.#memory.forgotten;
  }

  async lost(): Promise<number> {
    return Number(await this.#link.run(lost, () => []));
  }

  broken(): Promise<BrokenRecords> {
    return brokenRecords(this.#link);
  }

  async evicts(): Promise<string | undefined> {
    const policy = /^maxmemory_policy:(\S+)/m.exec(String(await this.#link.ask(["INFO", "memory"])))?.[1];
    return policy === "noeviction" ? undefined : policy;
  }

  owners(): Promise<OwnerState[]> {
    return this.#owners.list();
  }

  onWake(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  hurry(on: boolean): void {
    this.#link.hurry(on);
  }

  /** The same outcome with the server's times. */
  #timely(outcome: TaskOutcome): TaskOutcome {
    const timely = { ...outcome };
    if ("startedAt" in timely) timely.startedAt = this.#clock.fromMachine(timely.startedAt);
    if ("notBefore" in timely) timely.notBefore = this.#clock.fromMachine(timely.notBefore);
    if ("error" in timely && timely.error !== undefined) {
      timely.error = { ...timely.error, at: this.#clock.fromMachine(timely.error.at) };
    }
    return timely;
  }

  /** The same request with the server's times. */
  #timelyFilter<R extends { filter?: TaskFilter }>(request: R): R {
    const before = request.filter?.finishedBefore;
    if (before === undefined) return request;
    return { ...request, filter: { ...request.filter, finishedBefore: this.#clock.fromMachine(before) } };
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#link[Symbol.asyncDispose]();
  }
}
