import { taskHost } from "./task_model.ts";
import type { OwnerState } from "./task_shared_list.ts";

/**
 * Since when a host has not answered those who work on a list, as far as they name it.
 *
 * @param owners Who works on the list; what dead ones said does not count.
 * @param url A url of the host.
 * @returns Milliseconds since the epoch; `undefined` if nobody calls the host silent.
 *
 * @example
 * ```ts ignore
 * hostSilentSince(await list.owners(), "http://example.org/a.jpg"); // 1796119200000
 * ```
 */
export function hostSilentSince(owners: readonly OwnerState[], url: string): number | undefined {
  return silentHosts(owners).get(taskHost(url));
}

/**
 * The hosts that have not answered those who work on a list, and since when, in milliseconds since the epoch. Each owner names
 * no more than a hundred.
 *
 * @param owners Who works on the list; what dead ones said does not count.
 */
export function silentHosts(owners: readonly OwnerState[]): Map<string, number> {
  const silent = new Map<string, number>();
  for (const { alive, vitals } of owners) {
    if (!alive) continue;
    for (const [host, since] of vitals?.silent?.hosts ?? []) {
      silent.set(host, Math.min(since, silent.get(host) ?? Infinity));
    }
  }
  return silent;
}
