import { DownloadError } from "../download_error.ts";

/** What an answer brings of a file. */
export interface FilePart {
  /** Where it begins. */
  offset: number;
  /** Where it ends, if that was asked for. */
  end?: number;
  /** How many bytes the whole file has, if the answer says it elsewhere than in its Content-Length. */
  length?: number;
}

/** All of the file: of these answers the Content-Length says how long that is. */
export const WHOLE_FILE: FilePart = { offset: 0 };

/** `bytes 0-4/5`: what follows the unit are the first byte, the last one, and the length of the file. */
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i;

/**
 * What an answer brings of the file that was asked for: all of it under 200, 201 and 203, and under 206 the part that was asked
 * for. Where no part was, a 206 brings the file if that is all of it.
 *
 * @param status The status.
 * @param headers Gives the fields; they are only looked at under 206.
 * @param range Given if a part was asked for; `to` is where it ends, by default at the end of the file.
 * @param url What was asked for.
 * @returns Undefined if it brings no file.
 * @throws {DownloadError} If it brings another part than was asked for, or does not say which.
 */
export function broughtBy(
  status: number,
  headers: () => Headers,
  range: { readonly to?: number } | undefined,
  url: URL,
): FilePart | undefined {
  if (status === 200 || status === 201 || status === 203) return WHOLE_FILE;
  if (status !== 206) return undefined;
  if (range !== undefined) return partOf(headers(), range.to, url);
  const whole = contentRange(headers());
  return whole !== undefined && whole.offset === 0 && whole.end === whole.length
    ? { offset: 0, length: whole.length }
    : undefined;
}

/**
 * What a 206 brings: it must go to the end that was asked for, or to that of the file, and say how long the file is.
 *
 * @throws {DownloadError} If it does not.
 */
function partOf(headers: Headers, to: number | undefined, { host }: URL): FilePart {
  const part = contentRange(headers);
  if (part !== undefined && part.end === (to ?? part.length)) {
    const { offset, length } = part;
    return { offset, length, ...(to === undefined ? {} : { end: part.end }) };
  }
  const wanted = to === undefined ? "reaches the end" : "ends where it was asked to";
  throw new DownloadError("protocol", `${host}: status 206 without a Content-Range that ${wanted}`);
}

/** What a Content-Range says; undefined if it makes no sense, or is not as long as the body. */
function contentRange(headers: Headers): Required<FilePart> | undefined {
  const match = CONTENT_RANGE.exec(headers.get("content-range")?.trim() ?? "");
  const [offset = 1, last = 0, length = 0] = match?.slice(1).map(Number) ?? [];
  const end = last + 1;
  if (offset > last || end > length) return undefined;
  const announced = headers.get("content-length");
  return announced === null || Number(announced) === end - offset ? { offset, end, length } : undefined;
}
