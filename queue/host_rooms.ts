import type { HostRoom } from "./task_shared_list.ts";

/** A DNS name is not longer; a key must not be much longer. */
const LONGEST_HOST = 255;

/** Keeps account, during one claim, of how many tasks of each host may still be taken. */
export class HostRooms {
  readonly #ask: ((host: string) => HostRoom | undefined) | undefined;
  readonly #known: Map<string, HostRoom | undefined>;
  /** The latest: neighbours are often of one host. */
  #lastHost = "";
  #last: HostRoom | undefined;
  /** True if a task was refused whose host may have more room any moment. */
  metBrief = false;

  /**
   * @param ask How it stands with a host; absent: any number of tasks of any host may be taken.
   * @param known What was asked before.
   */
  constructor(
    ask: ((host: string) => HostRoom | undefined) | undefined,
    known = new Map<string, HostRoom | undefined>(),
  ) {
    this.#ask = ask;
    this.#known = known;
  }

  /** True if any number of tasks of any host may be taken. */
  get unlimited(): boolean {
    return this.#ask === undefined;
  }

  /** The same account, to go on with: if what was taken from it is lost, this one still holds. */
  copy(): HostRooms {
    const known = new Map<string, HostRoom | undefined>();
    for (const [host, room] of this.#known) known.set(host, room === undefined ? undefined : { ...room });
    return new HostRooms(this.#ask, known);
  }

  /** How many tasks of a host may be taken. */
  roomOf(host: string): number {
    return this.#of(host)?.room ?? Infinity;
  }

  /** How many tasks of a host may be taken, and until when others are set aside. */
  stateOf(host: string): HostRoom {
    return this.#of(host) ?? { room: Infinity, until: 0 };
  }

  /**
   * Takes one task of a host.
   *
   * @returns `undefined` if it may be taken; else until when it is set aside.
   */
  take(host: string): number | undefined {
    const room = this.#of(host);
    if (room === undefined) return undefined;
    if (room.room <= 0) {
      if (room.brief === true) this.metBrief = true;
      return room.until;
    }
    room.room--;
    return undefined;
  }

  #of(host: string): HostRoom | undefined {
    if (this.#ask === undefined || host === "" || host.length > LONGEST_HOST) return undefined;
    if (host === this.#lastHost) return this.#last;
    this.#lastHost = host;
    if (this.#known.has(host)) return this.#last = this.#known.get(host);
    const asked = this.#ask(host);
    const room = asked === undefined ? undefined : { ...asked };
    this.#known.set(host, room);
    return this.#last = room;
  }
}
