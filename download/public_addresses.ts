import { isIP } from "node:net";
import { isPrivateAddress } from "./deny_private.ts";
import { DownloadError } from "./download_error.ts";

/**
 * Makes sure that a host is on the public internet.
 *
 * @param hostname Its name, or an address without brackets.
 * @param port The port.
 * @param addresses Its addresses.
 * @param allowed Servers that may be anywhere, as `host:port`, in the spelling of urls.
 * @throws {DownloadError} Of the kind `security` if but one of the addresses is not public.
 */
export function checkPublic(
  hostname: string,
  port: number,
  addresses: readonly string[],
  allowed: readonly string[],
): void {
  const host = `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`;
  const refused = allowed.includes(host) ? undefined : addresses.find(isPrivateAddress);
  if (refused === undefined) return;
  const via = refused === hostname ? "its address" : `its address ${refused}`;
  throw new DownloadError("security", `${host}: refused, as ${via} is not one of the public internet`);
}
