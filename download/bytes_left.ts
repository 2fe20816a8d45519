import type { PartState } from "./part_state.ts";
import { bytesIn } from "./segment_plan.ts";

/** What a state vouches for. */
export type PartBytes = Pick<PartState, "pieces" | "synced" | "length" | "bootId">;

/**
 * How many bytes of an unfinished file are certain, so that a later download can go on behind them.
 *
 * @param state What is known of it.
 * @param size The size of the file.
 * @param bootId This boot of the machine.
 * @returns The bytes; 0 if the file has to be fetched anew.
 */
export function bytesLeft(state: PartBytes, size: number, bootId: string): number {
  const sameBoot = state.bootId !== "" && state.bootId === bootId;
  if (state.pieces !== undefined) {
    const pieces = sameBoot ? state.pieces.written : state.pieces.synced;
    // Pieces behind the end of the file are none: the state outlived its bytes.
    return (pieces.at(-1)?.[1] ?? 0) <= size ? bytesIn(pieces) : 0;
  }
  // Such a file is only ever written at its end, so its size is what is there. After another boot that is not certain.
  const bytes = sameBoot ? size : Math.min(size, state.synced);
  return bytes <= state.length ? bytes : 0;
}
