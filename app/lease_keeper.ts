import { procIsAlive } from "../ffi/proc_identity.ts";
import type { ClaimedTask, Task } from "../queue/task_model.ts";
import type { OwnerState, OwnerVerdict, OwnerVitals, TaskSharedList } from "../queue/task_shared_list.ts";

/** How many heartbeats there are from one look for dead owners to the next. */
const RECLAIM_BEATS = 2.5;

/** Whom the keeper tells. */
export interface LeaseEvents {
  /** What the owner says of itself. */
  vitals: () => OwnerVitals;
  /** What it has in its hands. */
  held: () => ClaimedTask[];
  /** Others took this owner for dead: nothing that it runs is its own any more. */
  lost: () => void;
  /** Owners died. Resolves when what they left is cleared up, and their tasks may go back to the list. */
  died: () => Promise<void>;
  /** Tasks of dead owners went back to the list. */
  reclaimed: (tasks: number) => void;
  /** So many owners have died over a task that it failed. */
  gaveUp: (task: Task) => void;
  /** The list failed for good. */
  failed: (error: unknown) => void;
}

/** Keeps an owner alive on the list, and looks after the tasks of dead ones. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #list: TaskSharedList;
  readonly #owner: string;
  readonly #events: LeaseEvents;
  readonly #heartbeatMs: number;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #working: Promise<void> = Promise.resolve();

  /**
   * @param list The list.
   * @param owner Whom to keep alive.
   * @param heartbeatMs How often it says that it lives.
   * @param events Whom to tell.
   */
  constructor(list: TaskSharedList, owner: string, heartbeatMs: number, events: LeaseEvents) {
    this.#list = list;
    this.#owner = owner;
    this.#heartbeatMs = heartbeatMs;
    this.#events = events;
  }

  /** Takes back what dead owners left, then goes on by itself. The owner must be registered. */
  async start(): Promise<void> {
    await this.#reclaim();
    this.#timers.push(
      this.#every(this.#heartbeatMs, () => this.#beat()),
      this.#every(this.#heartbeatMs * RECLAIM_BEATS, () => this.#reclaim()),
    );
  }

  async #beat(): Promise<void> {
    if (await this.#list.heartbeat(this.#owner, this.#events.vitals()) !== "lost") return;
    // It stays lost, and the session ends.
    for (const timer of this.#timers) clearInterval(timer);
    await this.#list.revive(this.#events.held());
    this.#events.lost();
  }

  async #reclaim(): Promise<void> {
    const isDead = (owner: OwnerState) => owner.owner !== this.#owner && procIsAlive(owner) === false;
    const dead = new Set((await this.#list.owners()).filter(isDead).map(({ owner }) => owner));
    if (dead.size > 0) await this.#events.died();
    // A dead process is known at once; one that died since the look is left for the next. A living one is not vouched
    // for: if it is frozen, its lease runs out, and it has died of nothing.
    const isAlive = (owner: OwnerState): OwnerVerdict => {
      if (owner.owner === this.#owner) return true;
      if (dead.has(owner.owner)) return false;
      const alive = procIsAlive(owner);
      return alive === undefined ? undefined : alive ? "stuck" : true;
    };
    const tasks = await this.#list.reclaim(isAlive, this.#events.gaveUp);
    if (tasks > 0) this.#events.reclaimed(tasks);
  }

  /** One after the other; while the list does not answer, they do not pile up. */
  #every(ms: number, work: () => Promise<void>): ReturnType<typeof setInterval> {
    let waiting = false;
    return setInterval(() => {
      if (waiting) return;
      waiting = true;
      this.#working = this.#working.then(work).catch(this.#events.failed).finally(() => waiting = false);
    }, ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#working;
  }
}
