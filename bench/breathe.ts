/**
 * Lets signals and timers through in a long synchronous loop.
 *
 * @throws The signal's reason, if it was aborted.
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
}
