import { parseUrl } from "../base/parse_url.ts";
import { dispositionName } from "./content_disposition.ts";
import type { DownloadTask } from "./download_context.ts";
import type { DriverResponse } from "./download_driver.ts";
import { fallbackOut, outFromName, outFromUrl } from "./task_names.ts";

/**
 * The name that an answer gives a file whose name is still open: that of its Content-Disposition, else the last part of
 * the url that redirects led to.
 *
 * @param response The answer.
 * @param source The url that was asked: the task's, or a mirror's. How a mirror calls the file in its urls says nothing.
 * @param task The task.
 * @returns A safe name; undefined if the answer gives none, or none but the one that the task has already.
 */
export function learnedName(
  { finalUrl, disposition }: Pick<DriverResponse, "finalUrl" | "disposition">,
  source: string,
  { url, out }: Pick<DownloadTask, "url" | "out">,
): string | undefined {
  const name = givenName(disposition) ?? (finalUrl === source || source !== url ? undefined : outOfUrl(finalUrl));
  return name === undefined || name === out || fallbackOut(name, url) === out ? undefined : name;
}

function givenName(disposition: string | undefined): string | undefined {
  const given = disposition === undefined ? undefined : dispositionName(disposition);
  return given === undefined ? undefined : outFromName(given);
}

/** A url that ends in a slash names no file: what the task has is better. */
function outOfUrl(url: string): string | undefined {
  return /[^/]$/.test(parseUrl(url)?.pathname ?? "") ? outFromUrl(url) : undefined;
}
