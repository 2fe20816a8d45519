/** How {@linkcode until} waits. */
export interface UntilOptions {
  /** How long at the most, in milliseconds; it says when to give up, and is no bound on what is tested. Default 120000. */
  timeoutMs?: number;
  /** How long between two looks, in milliseconds. Default 50. */
  everyMs?: number;
  /** What to add to the error. */
  detail?: () => string;
}

/**
 * Looks again and again until a condition holds.
 *
 * @param what What is waited for, for the error.
 * @param look Gives something truthy once it has come.
 * @param options How long to wait.
 * @returns What the last look gave.
 * @throws {Error} If it does not come in time.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Exclude<T, false | null | undefined | 0 | "">> {
  const { timeoutMs = 120_000, everyMs = 50, detail } = options;
  const end = performance.now() + timeoutMs;
  while (true) {
    const value = await look();
    if (value) return value as Exclude<T, false | null | undefined | 0 | "">;
    if (performance.now() > end) {
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}${detail === undefined ? "" : `\n${detail()}`}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
