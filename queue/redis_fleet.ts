import type { RedisClock } from "./redis_clock.ts";
import type { RedisLink } from "./redis_link.ts";
import { listScript } from "./task_redis_prelude.ts";
import { COOL } from "./task_redis_scripts.ts";
import type { FleetHosts } from "./task_shared_list.ts";

const cool = listScript(COOL);

/** What the machines of a list on Redis tell each other of the hosts: at once by a message, and by a record for those that come later. */
export class RedisFleet implements FleetHosts {
  readonly #link: RedisLink;
  readonly #clock: RedisClock;
  readonly #name: string;
  readonly #listeners = new Set<(host: string, forMs: number) => void>();

  /** @param name Who says it: its own messages are not for it. */
  constructor(link: RedisLink, clock: RedisClock, name: string) {
    this.#link = link;
    this.#clock = clock;
    this.#name = name;
  }

  /** A message has come. */
  hear(message: string): void {
    const [sender, host, forMs] = JSON.parse(message) as [string, string, string];
    if (sender !== this.#name) this.#tell(host, Number(forMs));
  }

  async cool(host: string, forMs: number): Promise<void> {
    const args = [this.#clock.argument, this.#name, host, String(Math.ceil(forMs))];
    await this.#link.run(cool, () => args);
  }

  onCool(listener: (host: string, forMs: number) => void): () => void {
    this.#listeners.add(listener);
    // What was said before this process began is told as soon as it is known; a list that fails says so elsewhere.
    void this.#recall().catch(() => {});
    return () => this.#listeners.delete(listener);
  }

  async #recall(): Promise<void> {
    const known = await this.#link.run(cool, () => [this.#clock.argument, this.#name]) as string[];
    for (let i = 0; i < known.length; i += 2) this.#tell(known[i]!, Number(known[i + 1]));
  }

  #tell(host: string, forMs: number): void {
    for (const listener of this.#listeners) listener(host, forMs);
  }
}
