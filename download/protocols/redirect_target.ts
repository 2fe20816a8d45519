import { bareUrl } from "../../base/bare_url.ts";
import { DownloadError } from "../download_error.ts";
import { fieldText } from "../field_text.ts";
import type { LaneStatus } from "./http_lane.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A redirect only if it says where to. */
const MULTIPLE_CHOICES = 300;
/** `Headers` joins fields; where another address begins behind a comma and a blank, there were two. */
const SEVERAL_LOCATIONS = /, (?=\/|[a-z][a-z0-9+.-]*:\/\/)/i;
/** Where redirects may lead, and whether what is there is encrypted on its way. */
const SCHEMES: ReadonlyMap<string, boolean> = new Map([
  ["http:", false],
  ["https:", true],
  ["ftp:", false],
  ["ftps:", true],
  ["ftpes:", true],
]);
const SHOWN_LENGTH = 200;

/** True for an answer that says where else the file is. */
export function isRedirect({ status, headers }: LaneStatus): boolean {
  return REDIRECTS.has(status) || (status === MULTIPLE_CHOICES && headers.has("location"));
}

/**
 * Where a redirect leads: over HTTP or FTP, and from what is encrypted only to what is so too.
 *
 * @param answer The redirect.
 * @param from The url that answered.
 * @param allowDowngrade Let it lead from https to http, too.
 * @returns A url without user name and password: what a server puts before the @ is not what the user gave.
 * @throws {DownloadError} If it leads nowhere, or to where it may not lead.
 */
export function redirectTarget({ status, headers, locations }: LaneStatus, from: URL, allowDowngrade: boolean): URL {
  const field = headers.get("location");
  if (field === null) {
    throw new DownloadError("redirect", `${from.host}: status ${status} without a Location`, { status });
  }
  const [location, ...others] = new Set((locations ?? field.split(SEVERAL_LOCATIONS)).map(fieldText));
  if (location === undefined || others.length > 0) {
    throw new DownloadError("redirect", `${from.host}: status ${status} with more than one Location`, { status });
  }
  const target = URL.parse(location, from);
  // What follows the path may be a key.
  const shown = bareUrl(location.trim()).slice(0, SHOWN_LENGTH);
  if (target === null) throw new DownloadError("redirect", `${from.host}: redirected to "${shown}", which is no url`);
  const scheme = target.protocol.slice(0, -1);
  const encrypted = SCHEMES.get(target.protocol);
  if (encrypted === undefined) {
    throw new DownloadError("redirect", `${from.host}: redirected to "${shown}": no redirect to ${scheme} is followed`);
  }
  if (from.protocol === "https:" && !encrypted) {
    const downgrade = target.protocol === "http:";
    if (!downgrade || !allowDowngrade) {
      const hint = downgrade ? " (see --allow-downgrade)" : ", where nothing is encrypted";
      throw new DownloadError("security", `${from.host}: redirected from https to ${scheme}${hint}`);
    }
  }
  target.username = target.password = "";
  return target;
}
