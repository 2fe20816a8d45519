/** What a user did to a task. */
export interface TaskUserMove {
  /** When, in milliseconds since the epoch. */
  at: number;
  /** What; `prioritize` gave it another priority. */
  move: "pause" | "resume" | "cancel" | "prioritize";
  /** It ran at that moment. */
  ran?: true;
  /** The new priority, for `prioritize`. */
  priority?: number;
}

/** What a task remembers. */
const MAX_MOVES = 8;

/**
 * What users did to a task, with one move more: the first one stays, and the last of the others.
 *
 * @param moves What they did before. Default: nothing.
 * @param move What is done now.
 */
export function withMove(moves: readonly TaskUserMove[] = [], move: TaskUserMove): TaskUserMove[] {
  const kept = moves.length < MAX_MOVES ? moves : [moves[0]!, ...moves.slice(2)];
  return [...kept, move];
}
