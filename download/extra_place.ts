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
 * @param most How many there may be at a time. Default: any number.
 * @returns Takes one to the host of a url; undefined if none is free.
 */
export function extraPlace(
  hosts: HostTable,
  capped: boolean,
  most = Infinity,
): (url: string) => ExtraPlace | undefined {
  let taken = 0;
  return (url) => {
    if (taken >= most) return undefined;
    const place: HostPlace = { host: taskHost(url) };
    if (capped ? hosts.tryAcquire(place.host).type !== "ok" : hosts.cooling && hosts.coolUntil(place.host) > 0) {
      return undefined;
    }
    taken++;
    let over = false;
    return {
      place,
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        taken--;
        if (capped) hosts.release(place.host);
      },
    };
  };
}
