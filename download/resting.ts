import type { Watched } from "./watchdog.ts";

/** How often a stall is ruled out while the disk is waited for. */
const REST_EVERY_MS = 100;

/**
 * Waits for the disk, which is no stall of the server, however long it takes.
 *
 * @param watched The download that waits.
 * @param work What the disk does for it.
 */
export async function resting<T>(watched: Watched, work: Promise<T>): Promise<T> {
  const timer = setInterval(() => watched.rest(), REST_EVERY_MS);
  try {
    watched.rest();
    return await work;
  } finally {
    clearInterval(timer);
    watched.rest();
  }
}
