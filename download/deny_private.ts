/**
 * Which addresses are not on the public internet, so that urls from a stranger lead nowhere else.
 *
 * @module
 */
import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");
const MAPPED = ipaddr.IPv6.parseCIDR("::ffff:0:0/96");
const SIX_TO_FOUR = ipaddr.IPv6.parseCIDR("2002::/16");

/**
 * Says whether an address is anything but an ordinary one of the public internet: loopback, link-local, private, shared
 * (CGNAT), multicast, reserved, for documentation, and so on. Of IPv6 addresses that carry one of IPv4 (mapped, NAT64
 * with the well-known prefix, 6to4), the latter counts.
 *
 * @param ip The address, IPv6 with or without brackets.
 * @returns True also for whatever is not an address in its usual spelling, such as a name, `0177.0.0.1` or an
 * address with a zone.
 *
 * @example
 * ```ts
 * import { isPrivateAddress } from "./deny_private.ts";
 *
 * isPrivateAddress("192.168.1.1"); // true
 * isPrivateAddress("::ffff:127.0.0.1"); // true
 * isPrivateAddress("1.1.1.1"); // false
 * ```
 */
export function isPrivateAddress(ip: string): boolean {
  if (isIPv4(ip)) return ipaddr.IPv4.parse(ip).range() !== "unicast";
  const address = parseIPv6(ip);
  if (address === undefined) return true;
  const bytes = address.toByteArray();
  if (address.match(MAPPED) || address.match(NAT64)) return isPrivateAddress(bytes.slice(12).join("."));
  if (address.match(SIX_TO_FOUR)) return isPrivateAddress(bytes.slice(2, 6).join("."));
  return !address.match(GLOBAL_UNICAST) || address.range() !== "unicast";
}

/** The library takes `::1.2.3.4` for `::ffff:1.2.3.4`, so it gets the spelling of a URL. */
function parseIPv6(ip: string): InstanceType<typeof ipaddr.IPv6> | undefined {
  const plain = ip.replace(/^\[(.*)\]$/, "$1");
  if (!isIPv6(plain)) return undefined;
  const hostname = URL.parse(`http://[${plain}]/`)?.hostname.slice(1, -1);
  return hostname === undefined ? undefined : ipaddr.IPv6.parse(hostname);
}
