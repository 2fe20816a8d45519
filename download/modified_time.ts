import { parseHttpDate } from "./http_date.ts";

/**
 * The modification time that a file gets from its Last-Modified date.
 *
 * @param facts What is known of it.
 * @param remoteTime False if it keeps the time of its download.
 * @returns Seconds since the epoch; undefined if it stays as it is, also because no such time has been yet.
 */
export function modifiedTime({ lastModified }: { lastModified?: string }, remoteTime: boolean): number | undefined {
  if (!remoteTime || lastModified === undefined) return undefined;
  const now = Date.now();
  const time = parseHttpDate(lastModified, now);
  return time !== undefined && time >= 0 && time <= now ? time / 1000 : undefined;
}
