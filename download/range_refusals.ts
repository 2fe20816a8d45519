import { DownloadError } from "./download_error.ts";

/** Statuses below 500 that have nothing to do with the range: who asks, how often, or that it took too long. */
const NOT_OF_RANGES: ReadonlySet<number> = new Set([401, 407, 408, 425, 429]);
/** A file begins anew so often, because its host refuses ranges. */
const MOST_ANEW = 2;

/** Statuses by which a server says that the file is gone. */
const GONE: ReadonlySet<number> = new Set([404, 410]);

/** The status of an answer that refuses a range, though the server may well give the whole file; else undefined. */
export function refusedRangeStatus(error: unknown): number | undefined {
  const status = error instanceof DownloadError && error.kind === "http" ? error.status : undefined;
  if (status === undefined || NOT_OF_RANGES.has(status)) return undefined;
  return (status >= 400 && status < 500) || status === 500 || status === 501 ? status : undefined;
}

/**
 * Which hosts refuse ranges, and how often each file has begun anew for that. A worker remembers it for as long as it runs: a
 * file of such a host is never continued, only fetched from its first byte.
 */
export class RangeRefusals {
  readonly #statuses = new Map<string, number>();
  readonly #anew = new Map<string, number>();

  /** The status by which a host has refused a range; undefined if it has not. */
  statusOf(host: string): number | undefined {
    return this.#statuses.get(host);
  }

  /** Notes that a host has refused a range of a file that it gave a moment ago; if that is gone, it says nothing of ranges. */
  noteInPassing(host: string, status: number): void {
    if (!GONE.has(status)) this.#statuses.set(host, status);
  }

  /**
   * Looks whether the file of a task may begin anew.
   *
   * @throws {DownloadError} If it has done so too often: it would never end.
   */
  checkAnew(id: string, host: string, status: number): void {
    const times = this.#anew.get(id) ?? 0;
    if (times < MOST_ANEW) return;
    const message = `${host}: the server refuses ranges (HTTP status ${status}), and the file broke off ${
      times + 1
    } times`;
    throw new DownloadError("http", message, { retryable: false, host });
  }

  /**
   * Notes that the file of a task begins anew, as its host refuses ranges and gives the whole file.
   *
   * @returns What is to be said of it, should it fail again.
   */
  beginAnew(id: string, host: string, status: number): string {
    this.#statuses.set(host, status);
    this.#anew.set(id, (this.#anew.get(id) ?? 0) + 1);
    return `the server refuses ranges (HTTP status ${status}), so the file began anew`;
  }
}
