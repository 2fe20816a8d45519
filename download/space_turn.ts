/** A file that waits for space, beside others. */
export interface SpaceWaiter {
  /** Names it: the same for whoever asks. */
  id: string;
  /** So many bytes it still needs. */
  missing: number;
  /** So many bytes its unfinished file has. */
  held: number;
  /** It may need more: its server does not tell its length. */
  atLeast: boolean;
}

/** What a file does that waits for space: goes on, waits, or waits and gives back what it has. */
export type SpaceTurn = "go" | "wait" | "give back";

/**
 * Whose turn it is where several files wait for space. Whoever is nearest to its end goes on; whoever follows may too, if
 * there is room for all before it. If the nearest has no room, those that are furthest from their ends give back
 * what they have, as many of them as that takes, and none if it would not help.
 *
 * @param own The file that asks.
 * @param others The others.
 * @param free So many bytes are free.
 */
export function spaceTurn(own: SpaceWaiter, others: readonly SpaceWaiter[], free: number): SpaceTurn {
  const line = [own, ...others].sort((a, b) => a.missing - b.missing || (a.id < b.id ? -1 : 1));
  const nearest = line[0]!;
  if (nearest === own) return own.missing <= free ? "go" : "wait";
  let taken = 0;
  for (const waiter of line) {
    // As long as nobody knows how long a file is, it is taken to be twice as long as what came of it.
    taken += waiter.atLeast ? 2 * waiter.missing : waiter.missing;
    if (waiter === own) break;
  }
  if (taken <= free) return "go";
  let lacking = nearest.missing - free;
  if (lacking <= 0 || own.held === 0 || line.slice(1).reduce((sum, { held }) => sum + held, 0) < lacking) return "wait";
  for (const waiter of line.toReversed()) {
    if (lacking <= 0) break;
    if (waiter === own) return "give back";
    lacking -= waiter.held;
  }
  return "wait";
}
