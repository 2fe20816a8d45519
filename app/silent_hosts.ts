import type { HostTable } from "../download/host_table.ts";
import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import type { SilentHosts } from "../queue/task_shared_list.ts";
import { urlHost } from "../queue/url_host.ts";

/** Hosts that are named, at the most: an owner says this with each heartbeat. */
const NAMED = 100;
/** Hosts that are remembered. */
const MOST_KNOWN = 10_000;

/** Gathers which hosts have never answered this process: the table knows them only by numbers. */
export class SilentHostNames {
  readonly #table: HostTable;
  readonly #known = new Set<string>();

  /** @param table What is known of the hosts. */
  constructor(table: HostTable) {
    this.#table = table;
  }

  /** A claim has ended. */
  settled({ url }: ClaimedTask, outcome: TaskOutcome): void {
    if (outcome.type !== "done" && "error" in outcome && outcome.error?.kind === "timeout") {
      this.#look(urlHost(url).host);
    }
  }

  /**
   * Which hosts are silent now.
   *
   * @param asked The hosts that may be asked at the moment.
   * @returns `undefined` if there are none.
   */
  read(asked: Iterable<string>): SilentHosts | undefined {
    if (this.#table.answers === undefined) return undefined;
    for (const host of asked) this.#look(host);
    const hosts: SilentHosts["hosts"] = [];
    for (const host of this.#known) {
      const since = this.#table.answers.silentSince(host);
      if (since > 0) hosts.push([host, since]);
      else this.#known.delete(host);
    }
    hosts.sort(([, one], [, other]) => one - other);
    return hosts.length === 0 ? undefined : { count: hosts.length, hosts: hosts.slice(0, NAMED) };
  }

  #look(host: string): void {
    if (this.#known.size < MOST_KNOWN && (this.#table.answers?.silentSince(host) ?? 0) > 0) this.#known.add(host);
  }
}
