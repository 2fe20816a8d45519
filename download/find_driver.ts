import type { DownloadDriver, MovedError } from "./download_driver.ts";
import { DownloadError } from "./download_error.ts";

function driverOf(url: string, drivers: readonly DownloadDriver[]): DownloadDriver | undefined {
  const scheme = schemeOf(url);
  return drivers.find((candidate) => candidate.schemes.includes(scheme));
}

/**
 * Finds who fetches a url.
 *
 * @throws {DownloadError} If nobody does.
 */
export function findDriver(url: string, drivers: readonly DownloadDriver[]): DownloadDriver {
  const driver = driverOf(url, drivers);
  if (driver !== undefined) return driver;
  const scheme = schemeOf(url);
  const supported = drivers.flatMap((candidate) => candidate.schemes).join(" ");
  throw new DownloadError("unsupported", `Cannot fetch "${scheme}" urls as the scheme must be one of ${supported}`);
}

/** Where a redirect has led. */
export interface Moved {
  /** The url. */
  url: string;
  /** Who fetches that. */
  driver: DownloadDriver;
}

/** Who follows a redirect to another protocol; undefined if nobody does. */
export function whereMoved({ url }: MovedError, drivers: readonly DownloadDriver[]): Moved | undefined {
  const driver = driverOf(url, drivers);
  return driver?.anonymous === true ? { url, driver } : undefined;
}

function schemeOf(url: string): string {
  // Nearly all urls begin so, and parsing one costs more than anything else here.
  if (url.startsWith("http://")) return "http:";
  if (url.startsWith("https://")) return "https:";
  return URL.parse(url)?.protocol ?? "";
}
