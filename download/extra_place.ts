import { taskHost } from "../queue/task_model.ts";
import type { HostTable } from "./host_table.ts";

/**
 * Hands out further connections for files that already have one: only what the host has free now.
 *
 * @param hosts What is known of the hosts.
 * @param capped True if connections or requests to a host are limited; otherwise only cooling counts.
 * @returns Takes one to the host of a url, and gives what gives it back; undefined if none is free.
 */
export function extraPlace(hosts: HostTable, capped: boolean): (url: string) => (() => void) | undefined {
  return (url) => {
    const host = taskHost(url);
    if (!capped) return hosts.cooling && hosts.coolUntil(host) > 0 ? undefined : () => {};
    return hosts.tryAcquire(host).type === "ok" ? () => hosts.release(host) : undefined;
  };
}
