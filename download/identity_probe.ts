import { HostAddresses } from "./host_addresses.ts";
import type { HttpIdentity } from "./http_identity.ts";
import { proxyChoice } from "./proxy_choice.ts";
import { type ConnectProbe, connectProbe } from "./watchdog.ts";

/**
 * What to try where a server is silent, so that the watchdog goes no other way than the requests do.
 *
 * @param identity Who asks.
 * @param hosts Where the hosts are. Default: where the system finds them.
 */
export function identityProbe(
  identity: HttpIdentity,
  hosts: HostAddresses = new HostAddresses(identity),
): ConnectProbe {
  const proxyOf = proxyChoice(identity);
  if (proxyOf === undefined) return (url, signal, watch) => connectProbe(url, signal, watch, hosts.connect);
  const { connect } = new HostAddresses({ denyPrivate: false, allowPrivate: [] }, hosts.names);
  return (href, signal, watch) => {
    const url = new URL(href);
    // Of the environment's proxies nobody knows whether they are for other schemes.
    if (identity.proxy === undefined && !/^https?:$/.test(url.protocol)) return Promise.resolve();
    return connectProbe(proxyOf(url) ?? href, signal, watch, connect);
  };
}
