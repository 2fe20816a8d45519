/**
 * Connects to public addresses only. What is dialled is what was looked at: a name is resolved once, and not again.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { isPrivateAddress } from "./deny_private.ts";
import { DownloadError } from "./download_error.ts";

/** Where to connect to. */
export interface ConnectTarget {
  /** A name, or an address without brackets. */
  hostname: string;
  /** The port. */
  port: number;
  /** Gives up; the reason is thrown. */
  signal: AbortSignal;
}

/** Makes a connection. */
export type Connect = (target: ConnectTarget) => Promise<Deno.TcpConn>;

/** All addresses of a name. */
export type ResolveName = (hostname: string) => Promise<readonly string[]>;

/** How long the next address waits for the one before. */
const NEXT_AFTER_MS = 250;

/**
 * Makes what connects only to addresses of the public internet, and to servers that are named.
 *
 * @param allowed Servers that may be anywhere, as `host:port`, in the spelling of urls.
 * @param resolve How names are resolved. Default: as the system does.
 * @returns A function that connects to the first address that answers. It throws a `DownloadError` of the kind
 * `security` if but one of the addresses is not public.
 */
export function guardedConnect(allowed: readonly string[], resolve: ResolveName = systemResolve): Connect {
  const passes = new Set(allowed);
  return async ({ hostname, port, signal }) => {
    return await connectAny(await checkedAddresses({ hostname, port, signal }, passes, resolve), port, signal);
  };
}

/**
 * The address to dial for those who cannot be given a connection: that of a public server, or of one that is named.
 *
 * @param target Where to connect to.
 * @param allowed Servers that may be anywhere, as `host:port`, in the spelling of urls.
 * @param resolve How names are resolved. Default: as the system does.
 * @returns One of its addresses, of IPv4 if there is one.
 * @throws {DownloadError} Of the kind `security` if but one of the addresses is not public.
 */
export async function guardedAddress(
  target: ConnectTarget,
  allowed: readonly string[],
  resolve: ResolveName = systemResolve,
): Promise<string> {
  const addresses = await checkedAddresses(target, new Set(allowed), resolve);
  return addresses.find((address) => isIP(address) === 4) ?? addresses[0]!;
}

async function checkedAddresses(
  { hostname, port, signal }: ConnectTarget,
  passes: ReadonlySet<string>,
  resolve: ResolveName,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const addresses = isIP(hostname) === 0 ? await unlessAborted(resolve(hostname), signal) : [hostname];
  if (addresses.length === 0) throw new Error("the name has no address");
  const host = `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`;
  const refused = passes.has(host) ? undefined : addresses.find(isPrivateAddress);
  if (refused === undefined) return addresses;
  const via = refused === hostname ? "its address" : `its address ${refused}`;
  throw new DownloadError("security", `${host}: refused, as ${via} is not one of the public internet`);
}

async function systemResolve(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}

/** Tries one address after the other, each without waiting for long for those before it; the first connection wins. */
function connectAny(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  const { promise, resolve, reject } = Promise.withResolvers<Deno.TcpConn>();
  const lost = new AbortController();
  const either = AbortSignal.any([signal, lost.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next = 0;
  let running = 0;
  let over = false;
  const start = () => {
    clearTimeout(timer);
    const hostname = addresses[next++];
    if (over || hostname === undefined) return;
    running++;
    timer = setTimeout(start, NEXT_AFTER_MS);
    Deno.connect({ hostname, port, signal: either }).then((conn) => {
      if (over) conn.close();
      else resolve(conn);
      over = true;
    }, (error) => {
      running--;
      if (next < addresses.length && !signal.aborted) start();
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
