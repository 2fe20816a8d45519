import { taskHost } from "../queue/task_model.ts";
import type { HostTable } from "./host_table.ts";
import type { HostPlace } from "./host_visits.ts";

/** The place of a further connection; dispose of it when that ends. */
export interface ExtraPlace extends Disposable {
  /** Where it is: redirects may take it to other hosts. */
  readonly place: HostPlace;
}

/**
 * Hands out further connections for files that already have one: only what the host has free now.
 *
 * @param hosts What is known of the hosts.
 * @param capped True if connections or requests to a host are limited; otherwise only cooling counts.
 * @returns Takes one to the host of a url; undefined if none is free.
 */
export function extraPlace(hosts: HostTable, capped: boolean): (url: string) => ExtraPlace | undefined {
  return (url) => {
    const place: HostPlace = { host: taskHost(url) };
    if (!capped) {
      if (hosts.cooling && hosts.coolUntil(place.host) > 0) return undefined;
      return { place, [Symbol.dispose]: () => {} };
    }
    if (hosts.tryAcquire(place.host).type !== "ok") return undefined;
    return { place, [Symbol.dispose]: () => hosts.release(place.host) };
  };
}
