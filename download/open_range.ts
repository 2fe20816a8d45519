import { type DownloadDriver, type DriverRequest, type DriverResponse, RangeRefusedError } from "./download_driver.ts";
import { DownloadError } from "./download_error.ts";
import { isSameVersion, type PartState, validatorsOf } from "./part_state.ts";
import { refusedRangeStatus } from "./range_refusals.ts";
import type { ByteRange } from "./segment_plan.ts";

/** What a server answers who is asked for a part of a certain version. */
export type RangeAnswer =
  /** That part of that version. */
  | { type: "part"; response: DriverResponse }
  /** All of the file: it has changed, or the server gives no parts. */
  | { type: "all"; response: DriverResponse; same: boolean }
  /** Nothing begins there. */
  | { type: "nothing" }
  /** The server gives no part of it; that says nothing of the whole file. */
  | { type: "refused"; error: DownloadError; status: number }
  /** Something that makes no sense, or is of another version: it says nothing about the whole file. */
  | { type: "unclear" };

/**
 * Asks for a part of a file, as long as it is the version that is known.
 *
 * @param driver Who asks.
 * @param request The request, without the range.
 * @param state The version.
 * @param from The first byte.
 * @param to The first byte behind those that are wanted. Default: the end of the file, which the request does not name.
 * @throws {DownloadError} If there is no answer, or a status that has nothing to do with the range.
 */
export async function openRange(
  driver: DownloadDriver,
  request: DriverRequest,
  state: PartState,
  from: number,
  to?: number,
): Promise<RangeAnswer> {
  const validators = validatorsOf(state);
  for (const [index, ifRange] of validators.entries()) {
    let response: DriverResponse;
    try {
      response = await driver.open({ ...request, range: { from, ...(to === undefined ? {} : { to }), ifRange } });
    } catch (error) {
      if (error instanceof RangeRefusedError) return { type: "nothing" };
      const status = refusedRangeStatus(error);
      if (status !== undefined) return { type: "refused", error: error as DownloadError, status };
      if (error instanceof DownloadError && error.kind === "protocol") return { type: "unclear" };
      throw error;
    }
    const { offset, end } = response;
    const same = isSameVersion(state, response);
    if (same && offset === from && end === to) return { type: "part", response };
    const whole = offset === 0 && end === undefined;
    // Some servers know the version by its date only; the same version deserves the other question.
    const another = same && index + 1 < validators.length;
    if (whole && !another) return { type: "all", response, same };
    response[Symbol.dispose]();
    if (!whole) break;
  }
  return { type: "unclear" };
}

/** The first bytes that are missing beside those that are there, in order and apart from each other. */
export function firstGap(length: number, done: readonly ByteRange[]): [from: number, to?: number] {
  const [first, second] = done;
  if (first === undefined) return [0];
  const [from, to] = first[0] > 0 ? [0, first[0]] : [first[1], second?.[0]];
  return to === undefined || to >= length ? [from] : [from, to];
}
