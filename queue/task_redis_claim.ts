import { BrokenRecordError } from "./broken_record_error.ts";
import { firstShard } from "./first_shard.ts";
import { HostRooms } from "./host_rooms.ts";
import { setClaimedAside } from "./redis_broken.ts";
import type { RedisClock } from "./redis_clock.ts";
import type { RedisLink } from "./redis_link.ts";
import { claimedRecord, redisHost } from "./task_redis_record.ts";
import { CLAIM } from "./task_redis_claim_script.ts";
import { listScript } from "./task_redis_prelude.ts";
import type { ClaimedTask } from "./task_model.ts";
import type { ClaimRequest } from "./task_shared_list.ts";

const claim = listScript(CLAIM);

/** Tasks that one call takes, at the most. */
const AT_ONCE = 500;
/** Calls of one claim, at the most; each gets further. */
const CALLS = 200;
/** Hosts that the next claim is told of unasked. */
const REMEMBERED = 128;

type Answer = [time: string | undefined, fence: string, texts: string[], asks: string[], more: string];

/** Claims tasks for the owners of one process. */
export class TaskRedisClaimer {
  readonly #link: RedisLink;
  readonly #clock: RedisClock;
  readonly #salt: string;
  readonly #hostCap: number | undefined;
  readonly #turns = new Map<number, number>();
  /** The hosts that were met last: the next tasks are probably theirs. */
  readonly #recent = new Set<string>();
  #claiming: Promise<unknown> = Promise.resolve();
  #calls = 0;

  /**
   * @param salt What no other process has, so that no two calls have one name.
   * @param hostCap How many tasks of one host all owners together may run. Default: any number.
   */
  constructor(link: RedisLink, clock: RedisClock, salt: string, hostCap?: number) {
    this.#link = link;
    this.#clock = clock;
    this.#salt = salt;
    this.#hostCap = hostCap;
  }

  /**
   * Takes waiting tasks; see the script for how. One claim after the other: the server remembers only the latest one of an
   * owner, should its answer get lost.
   */
  claim(request: ClaimRequest): Promise<ClaimedTask[]> {
    const claimed = this.#claiming.then(() => this.#claim(request));
    this.#claiming = claimed.catch(() => {});
    return claimed;
  }

  async #claim(request: ClaimRequest): Promise<ClaimedTask[]> {
    const { owner, core, limit } = request;
    const index = request.worker?.index ?? 0;
    const turn = this.#turns.get(index) ?? 0;
    this.#turns.set(index, turn + 1);
    const shard = firstShard(request, turn).toString(16);
    const name = encodeURIComponent(owner);
    const rooms = new HostRooms(request.hosts);
    const hosts = new Set(rooms.unlimited ? [] : this.#recent);
    const claimed: ClaimedTask[] = [];
    for (let calls = 0; claimed.length < limit && calls < CALLS; calls++) {
      const wanted = Math.min(AT_ONCE, limit - claimed.length);
      const [time, fence, texts, asks, more] = await this.#call(
        claimed,
        [name, String(core), String(wanted), shard],
        rooms,
        hosts,
      );
      if (time === undefined) break;
      this.#clock.learn(Number(time));
      const bad: string[] = [];
      for (const text of texts) {
        const task = readClaimed(text, owner, core, fence);
        if (task === undefined) {
          bad.push(text);
          continue;
        }
        claimed.push(task);
        if (rooms.unlimited) continue;
        const host = redisHost(task.url);
        if (host === "0") continue;
        rooms.take(host.slice(1));
        this.#remember(host);
      }
      if (bad.length > 0) await setClaimedAside(this.#link, name, fence, bad);
      for (const host of asks) {
        hosts.add(host);
        this.#remember(host);
      }
      if (texts.length < wanted && more === "0") break;
    }
    return claimed;
  }

  async #call(
    claimed: readonly ClaimedTask[],
    args: string[],
    rooms: HostRooms,
    hosts: ReadonlySet<string>,
  ): Promise<Answer> {
    const told: string[] = [];
    for (const host of hosts) {
      const { room, until } = rooms.stateOf(host.slice(1));
      told.push(host, String(Math.min(room, Number.MAX_SAFE_INTEGER)), String(this.#untilOf(until)));
    }
    const nonce = `${this.#salt}.${++this.#calls}`;
    const cap = this.#hostCap === undefined ? "" : String(this.#hostCap);
    const mode = rooms.unlimited ? "any" : "known";
    try {
      return await this.#link.run(claim, (again) => {
        return [...args, this.#clock.argument, nonce, again ? "1" : "", mode, cap, ...told];
      }) as Answer;
    } catch (error) {
      // What is claimed is running, and nobody but this owner could run it: the trouble waits for the next call.
      if (claimed.length === 0) throw error;
      return [undefined, "", [], [], "0"];
    }
  }

  #untilOf(until: number): number {
    return until > 0 ? this.#clock.fromMachine(until) : 0;
  }

  #remember(host: string): void {
    this.#recent.delete(host);
    this.#recent.add(host);
    if (this.#recent.size > REMEMBERED) {
      for (const oldest of this.#recent) {
        this.#recent.delete(oldest);
        break;
      }
    }
  }
}

/** A task as it was claimed; undefined if its record cannot be read. */
function readClaimed(text: string, owner: string, core: number, fence: string): ClaimedTask | undefined {
  try {
    return claimedRecord(text, owner, core, fence);
  } catch (error) {
    if (error instanceof BrokenRecordError) return undefined;
    throw error;
  }
}
