/**
 * Owners on Redis. An owner is registered, says that it lives, and is buried before its tasks are taken back: so a buried
 * owner claims nothing, and the fences of what it still runs decide who settles each task. All times are the server's.
 *
 * @module
 */
import type { RedisClock } from "./redis_clock.ts";
import { rawRecords, readRecords } from "./redis_broken.ts";
import type { RedisLink } from "./redis_link.ts";
import { listScript } from "./task_redis_prelude.ts";
import { OWNERS } from "./task_redis_scripts.ts";
import { settleClaims } from "./task_redis_settle.ts";
import { endOf, farewellOutcome, type OwnerEnd } from "./task_death.ts";
import type { ClaimedTask, Task } from "./task_model.ts";
import type { OwnerInfo, OwnerState, OwnerVerdict, OwnerVitals, TaskOrder } from "./task_shared_list.ts";

const owners = listScript(OWNERS);

/** Keeps account of the owners of a list. */
export class TaskRedisOwners {
  readonly #link: RedisLink;
  readonly #clock: RedisClock;
  /** What wakes others. */
  readonly #wake: string;
  #calls = 0;

  constructor(link: RedisLink, clock: RedisClock, wake: string) {
    this.#link = link;
    this.#clock = clock;
    this.#wake = wake;
  }

  async register(info: OwnerInfo): Promise<void> {
    await this.#ask("register", info.owner, JSON.stringify(info));
  }

  async heartbeat(owner: string, vitals?: OwnerVitals): Promise<"alive" | "lost"> {
    const [answer] = await this.#ask("renew", owner, vitals === undefined ? "" : JSON.stringify(vitals));
    return answer === "1" ? "alive" : "lost";
  }

  async leave(owner: string): Promise<void> {
    await this.#ask("bury", owner, "released");
    await this.#giveBack(owner, "released");
  }

  async list(): Promise<OwnerState[]> {
    return (await this.#read()).map(({ state }) => state);
  }

  async reclaim(
    isAlive: ((owner: OwnerState) => OwnerVerdict) | undefined,
    failed?: (task: Task) => void,
  ): Promise<number> {
    const registered = await this.#read();
    for (const { name, state, alive } of registered) {
      const verdict = isAlive?.(state);
      // A heartbeat that arrives between the look and the burial saves the owner.
      if (verdict === false || (verdict !== true && !state.alive)) {
        await this.#send("bury", name, endOf(verdict), alive);
      }
    }
    const dead = await this.#send("dead", "");
    let count = 0;
    for (let i = 0; i < dead.length; i += 2) {
      // Whoever finishes giving back the tasks of an owner must know how it went.
      count += await this.#giveBack(decodeURIComponent(dead[i]!), dead[i + 1] as OwnerEnd, failed);
    }
    return count;
  }

  async takeOrders(owner: string): Promise<TaskOrder[]> {
    const [orders] = await this.#ask("orders", owner, `${this.#wake}.${++this.#calls} `);
    return orders === "" || orders === undefined ? [] : JSON.parse(orders);
  }

  async #read(): Promise<{ name: string; state: OwnerState; alive: string }[]> {
    const answer = await this.#send("list", "");
    const now = this.#clock.now();
    const registered = [];
    for (let i = 0; i < answer.length; i += 4) {
      const [name, info, until, vitals] = answer.slice(i, i + 4) as [string, string, string, string];
      const aliveUntil = Number(until);
      const state: OwnerState = { ...JSON.parse(info) as OwnerInfo, aliveUntil, alive: aliveUntil >= now };
      if (vitals !== "") state.vitals = JSON.parse(vitals);
      registered.push({ name, alive: until, state });
    }
    return registered;
  }

  /** Gives back what an owner was running, and forgets it; says how many tasks that were. */
  async #giveBack(owner: string, end: OwnerEnd, failed?: (task: Task) => void): Promise<number> {
    let total = 0;
    while (true) {
      const values = await this.#ask("running", owner);
      if (values.length === 0) break;
      const records = await readRecords(this.#link, rawRecords(values));
      const settlements = records.filter((record) => record !== undefined).map(({ task, fence }) => {
        return { task: { ...task, fence } as ClaimedTask, outcome: farewellOutcome({ ...task, fence }, end) };
      });
      const results = await settleClaims(this.#link, settlements, this.#clock.now(), this.#wake);
      for (const result of results) {
        if (result.type !== "settled") continue;
        total++;
        if (result.task.status === "failed") failed?.(result.task);
      }
    }
    await this.#ask("forget", owner);
    return total;
  }

  #ask(verb: string, owner: string, more = ""): Promise<string[]> {
    return this.#send(verb, encodeURIComponent(owner), more);
  }

  async #send(verb: string, name: string, more = "", alive = ""): Promise<string[]> {
    const answer = await this.#link.run(owners, (again) => {
      return [verb, this.#clock.argument, name, more, verb === "orders" ? (again ? "1" : "") : alive];
    }) as string[];
    this.#clock.learn(Number(answer[0]));
    return answer.slice(1);
  }
}
