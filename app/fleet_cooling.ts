import type { HostTable } from "../download/host_table.ts";
import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import type { FleetHosts } from "../queue/task_shared_list.ts";
import { urlHost } from "../queue/url_host.ts";

/** Hosts about which is remembered what was said. */
const MOST_SAID = 10_000;

/** Carries news of hosts that want to be left alone between the machines of a list and the workers of this process. */
export class FleetCooling implements Disposable {
  readonly #fleet: FleetHosts;
  readonly #hosts: HostTable;
  readonly #stop: () => void;
  /** Until when others know that a host is to be left alone. */
  readonly #said = new Map<string, number>();

  constructor(fleet: FleetHosts, hosts: HostTable) {
    this.#fleet = fleet;
    this.#hosts = hosts;
    this.#stop = fleet.onCool((host, forMs) => {
      const until = Date.now() + forMs;
      this.#note(host, until);
      hosts.coolDown(host, until);
    });
  }

  /** A claim has ended: if its host wants to be left alone since, the others are told. */
  settled({ url }: Pick<ClaimedTask, "url">, outcome: TaskOutcome): void {
    if (outcome.type === "done" || !("error" in outcome) || !this.#hosts.cooling) return;
    const { host } = urlHost(url);
    const until = this.#hosts.coolUntil(host);
    if (until <= (this.#said.get(host) ?? 0)) return;
    this.#note(host, until);
    // Whoever does not hear of it learns it from the host.
    this.#fleet.cool(host, until - Date.now()).catch(() => {});
  }

  #note(host: string, until: number): void {
    if (this.#said.size >= MOST_SAID) this.#said.clear();
    this.#said.set(host, Math.max(until, this.#said.get(host) ?? 0));
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
