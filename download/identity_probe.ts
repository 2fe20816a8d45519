import type { HttpIdentity } from "./http_identity.ts";
import { proxyChoice } from "./proxy_choice.ts";
import { lazyGuardedConnect } from "./lazy_guarded_connect.ts";
import { type ConnectProbe, connectProbe } from "./watchdog.ts";

/**
 * What to try where a server is silent, so that the watchdog goes no other way than the requests do.
 *
 * @param identity Who asks.
 */
export function identityProbe(identity: HttpIdentity): ConnectProbe {
  const proxyOf = proxyChoice(identity);
  const { proxy, denyPrivate, allowPrivate } = identity;
  if (proxyOf !== undefined) {
    return (href, signal) => {
      const url = new URL(href);
      // Of the environment's proxies nobody knows whether they are for other schemes.
      if (proxy === undefined && !/^https?:$/.test(url.protocol)) return Promise.resolve();
      return connectProbe(proxyOf(url) ?? href, signal);
    };
  }
  if (!denyPrivate) return connectProbe;
  const connect = lazyGuardedConnect(allowPrivate);
  return (url, signal) => connectProbe(url, signal, connect);
}
