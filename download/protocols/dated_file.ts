import { type DriverRequest, NotModifiedError, RangeRefusedError } from "../download_driver.ts";
import type { BodyFacts } from "./body_response.ts";

/** What tells versions of a file apart where there are no ETags. */
export interface DatedVersion {
  /** Its size in bytes; absent: nobody tells. */
  length?: number;
  /** When it was modified, as an HTTP date; absent: nobody tells. */
  lastModified?: string;
}

/**
 * What to answer to a request for a file that has a size and a date: all of it, or a part if that is of this very version.
 *
 * @param host Who has it, for errors.
 * @param version The version that is there.
 * @param request What is asked for.
 * @param rangeable False if it cannot be begun in the middle. Default true.
 * @throws {NotModifiedError} If it is the version that the condition names.
 * @throws {RangeRefusedError} If the part begins behind its end.
 */
export function datedFacts(
  host: string,
  { length, lastModified }: DatedVersion,
  { url, range, condition }: Pick<DriverRequest, "url" | "range" | "condition">,
  rangeable = true,
): BodyFacts {
  if (lastModified !== undefined && condition?.lastModified === lastModified && condition.length === length) {
    throw new NotModifiedError(host);
  }
  const whole = {
    ...(length === undefined ? {} : { length }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
  const facts = { finalUrl: url, ...whole };
  if (!rangeable || length === undefined || lastModified === undefined) {
    return { ...facts, offset: 0, rangeable: false };
  }
  if (range?.ifRange !== lastModified) return { ...facts, offset: 0, rangeable };
  const { from, to } = range;
  if (from >= length) throw new RangeRefusedError(host);
  return { ...facts, offset: from, rangeable, ...(to === undefined ? {} : { end: to }) };
}
