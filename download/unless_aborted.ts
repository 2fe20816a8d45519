/**
 * Waits for something that knows nothing of a signal.
 *
 * @param promise What is waited for; what becomes of it after an abort is its owner's business.
 * @param signal Ends the waiting.
 * @returns What the promise resolves to; an abort throws its reason.
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
