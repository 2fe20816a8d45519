import type { HttpIdentity } from "./http_identity.ts";
import { lazyGuardedConnect } from "./lazy_guarded_connect.ts";
import { type ConnectProbe, connectProbe } from "./watchdog.ts";

/**
 * What to try where a server is silent, so that the watchdog goes no other way than the requests do.
 *
 * @param identity Who asks.
 * @param proxied The environment names a proxy; then nothing is tried, as nobody knows for which hosts it is.
 */
export function identityProbe({ proxy, denyPrivate, allowPrivate }: HttpIdentity, proxied: boolean): ConnectProbe {
  if (proxy !== undefined) return (_url, signal) => connectProbe(proxy, signal);
  if (proxied) return () => Promise.resolve();
  if (!denyPrivate) return connectProbe;
  const connect = lazyGuardedConnect(allowPrivate);
  return (url, signal) => connectProbe(url, signal, connect);
}
