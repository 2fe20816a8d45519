import { isPlanted } from "./open_locked.ts";
import { decodePartState, type PartState } from "./part_state.ts";

/** What a state file says; nothing if it is not there, or is none. */
export function readState(path: string): PartState | undefined {
  try {
    return isPlanted(path) ? undefined : decodePartState(Deno.readTextFileSync(path));
  } catch {
    return undefined;
  }
}
