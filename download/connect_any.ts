import { connectTcp } from "./connect_tcp.ts";

/** How long the next address waits for the one before. */
const NEXT_AFTER_MS = 250;

/**
 * Connects to one of several addresses of a host, as RFC 8305 has it: IPv6 and IPv4 by turns, each without waiting for long for
 * those before it; the first connection wins.
 *
 * @param addresses The addresses, the best one first; at least one.
 * @param port The port.
 * @param signal Gives up; the reason is thrown.
 * @returns The connection. If there is none, it fails as the last address did.
 */
export function connectAny(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  if (addresses.length === 1) return connectTcp({ hostname: addresses[0]!, port, signal });
  const ordered = byTurns(addresses);
  const { promise, resolve, reject } = Promise.withResolvers<Deno.TcpConn>();
  const lost = new AbortController();
  const either = AbortSignal.any([signal, lost.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next = 0;
  let running = 0;
  let over = false;
  const start = () => {
    clearTimeout(timer);
    const hostname = ordered[next++];
    if (over || hostname === undefined) return;
    running++;
    timer = setTimeout(start, NEXT_AFTER_MS);
    connectTcp({ hostname, port, signal: either }).then((conn) => {
      if (over) conn.close();
      else resolve(conn);
      over = true;
    }, (error) => {
      running--;
      if (next < ordered.length && !signal.aborted) start();
      else if (running === 0) reject(signal.aborted ? signal.reason : error);
    });
  };
  start();
  return promise.finally(() => {
    over = true;
    clearTimeout(timer);
    lost.abort();
  });
}

/** Addresses of both kinds by turns, beginning with that of the first one. */
function byTurns(addresses: readonly string[]): readonly string[] {
  const isFirstKind = (address: string) => address.includes(":") === addresses[0]!.includes(":");
  const first = addresses.filter(isFirstKind);
  const second = addresses.filter((address) => !isFirstKind(address));
  if (second.length === 0) return addresses;
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, i) => [first[i], second[i]]).flat().filter((one) => one !== undefined);
}
