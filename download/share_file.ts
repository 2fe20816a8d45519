import type { DriverResponse } from "./download_driver.ts";
import type { PartFile, PartTarget } from "./part_file.ts";
import { type PartState, partState } from "./part_state.ts";
import { type ByteRange, segmentCount, SegmentPlan } from "./segment_plan.ts";

/** A file that several connections may fetch, or whose pieces are to be completed. */
export interface SharedFile {
  /** Its version. */
  state: PartState;
  /** What is there already. */
  kept: readonly ByteRange[];
  /** What is missing. */
  plan: SegmentPlan;
  /** At most so many connections. */
  count: number;
  /** The answer that came first. */
  first: DriverResponse;
}

/** A connection of its own is not worth fewer bytes. */
const SEGMENT_BYTES = 1024 * 1024;

/**
 * Finds out whether several connections may fetch a file: it must be worth it, and its version must be certain.
 *
 * @param target Where it goes.
 * @param part The unfinished file.
 * @param opened The first answer, and what is kept of what was left.
 * @param wanted How many connections the user wants.
 * @param least How many bytes a connection is worth. Default: 1 MiB.
 * @returns Undefined if one connection is to read it to its end.
 */
export function shareFile(
  { url, bootId }: PartTarget,
  part: PartFile,
  { response, kept }: { response: DriverResponse; kept: readonly ByteRange[] },
  wanted: number | "auto",
  least: number = SEGMENT_BYTES,
): SharedFile | undefined {
  const resumed = kept.length > 0 ? part.left : undefined;
  const fresh = response.decoded === true ? undefined : partState(url, response, bootId);
  const state = resumed?.state ?? fresh;
  if (state === undefined) return undefined;
  const plan = new SegmentPlan(state.length, kept, least);
  const count = segmentCount(wanted, state.length, plan.missing, least);
  const alone = count === 1 || response.rangeable === false;
  if (alone && resumed?.pieces === undefined) return undefined;
  plan.divide(count);
  return { state, kept, plan, count, first: response };
}
