import { dispositionName } from "./content_disposition.ts";
import type { DownloadTask } from "./download_context.ts";
import type { DriverResponse } from "./download_driver.ts";
import { fallbackOut, lastPart, nameInUrl, safeSegment } from "./task_names.ts";

/** What never has to be changed: nearly every name, told at little cost. */
const PLAIN = /^(?!con|prn|aux|nul|com|lpt)[a-z0-9](?:[a-z0-9_-]|\.(?!part)(?=[a-z0-9_-])){0,99}$/i;
const MAX_LENGTH = 1000;

/**
 * The name that a file has at its server, if that could not be its name here: it is hidden, a device, one of an unfinished file,
 * too long, or has characters that no file may have.
 *
 * @param task The task, with the path that the file gets.
 * @param response The answer that brings it.
 * @returns The name at the server, at most 1000 characters of it; undefined if it was not changed, or if the path is one
 * that the user chose.
 */
export function originalName(
  { out, url }: Pick<DownloadTask, "out" | "url">,
  { finalUrl, disposition }: Pick<DriverResponse, "finalUrl" | "disposition">,
): string | undefined {
  const name = out.slice(out.lastIndexOf("/") + 1);
  const given = disposition === undefined ? undefined : dispositionName(disposition);
  if (given !== undefined && isNameOf(lastPart(given), name, url)) return changed(lastPart(given), name);
  for (let href = finalUrl;; href = url) {
    const raw = nameAt(href);
    if (raw !== "" && isNameOf(raw, name, url)) return changed(raw, name);
    if (href === url) return undefined;
  }
}

/** The name in a url; that of nearly every url is found without reading all of it. */
function nameAt(href: string): string {
  const end = href.search(/[?#]/);
  // Not every url has a query: of others this may be a part of the name.
  if (end !== -1 && !href.startsWith("http")) return nameInUrl(href);
  const path = end === -1 ? href : href.slice(0, end);
  const segment = path.slice(path.lastIndexOf("/") + 1);
  return PLAIN.test(segment) ? segment : nameInUrl(href);
}

/** True if a file with that name at its server gets this one here. */
function isNameOf(raw: string, name: string, url: string): boolean {
  if (raw === name) return true;
  const safe = PLAIN.test(raw) ? raw : safeSegment(raw);
  // Of two files with one name the second has another one.
  return safe === name || (name.length > safe.length && fallbackOut(safe, url) === name);
}

function changed(raw: string, name: string): string | undefined {
  if (raw === name || PLAIN.test(raw)) return undefined;
  const whole = raw.toWellFormed().normalize("NFC");
  return safeSegment(raw) === whole ? undefined : whole.slice(0, MAX_LENGTH).toWellFormed();
}
