import type { HttpIdentity } from "./http_identity.ts";
import { noProxyRule } from "./no_proxy.ts";

/** Gives the proxy for a url; undefined if it is to be asked directly. */
export type ProxyChoice = (url: URL) => string | undefined;

/**
 * Decides which requests go through which proxy, for every client that asks over HTTP.
 *
 * @param identity Whose requests they are.
 * @returns The choice for each url of http or https; undefined if everything is asked directly.
 */
export function proxyChoice(
  { proxy, environmentProxies, noProxy }: Pick<HttpIdentity, "proxy" | "environmentProxies" | "noProxy">,
): ProxyChoice | undefined {
  if (proxy === undefined && environmentProxies === undefined) return undefined;
  const isExempt = noProxy === undefined ? undefined : noProxyRule(noProxy);
  return (url) => {
    const chosen = proxy ?? (url.protocol === "https:" ? environmentProxies?.https : environmentProxies?.http);
    return chosen === undefined || isExempt?.(url) === true ? undefined : chosen;
  };
}
