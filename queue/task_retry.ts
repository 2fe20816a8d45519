/** What decides how long to wait. */
export interface TaskRetryPolicy {
  /** Further attempts after the first. */
  retries: number;
  /** The base of the backoff, in milliseconds. */
  retryWaitMs: number;
}

/** The longest wait that the backoff itself asks for. */
export const RETRY_CAP_MS = 60_000;

/** What {@linkcode taskRetryAt} looks at. */
export interface TaskFailure {
  /** True if another attempt could succeed. */
  retryable: boolean;
  /** Attempts that ended so far, this one included. */
  attempts: number;
  /** The time that the server asked for, in milliseconds since the epoch. */
  retryAt?: number | undefined;
}

/**
 * When a failed task may try again: exponential backoff with full jitter, and never before the time that the server asked for.
 *
 * @param failure The failure.
 * @param policy The policy.
 * @param now Milliseconds since the epoch.
 * @param random A number from 0 to 1. Default: `Math.random()`.
 * @returns The time in milliseconds since the epoch, or `undefined` if it should not try again.
 *
 * @example
 * ```ts
 * import { taskRetryAt } from "./task_retry.ts";
 *
 * taskRetryAt({ retryable: true, attempts: 2 }, { retries: 5, retryWaitMs: 1000 }, 0, 0.5); // 1000
 * ```
 */
export function taskRetryAt(
  failure: TaskFailure,
  policy: TaskRetryPolicy,
  now: number,
  random: number = Math.random(),
): number | undefined {
  if (!failure.retryable || failure.attempts > policy.retries) return undefined;
  const ceiling = Math.min(RETRY_CAP_MS, policy.retryWaitMs * 2 ** (failure.attempts - 1));
  const backoff = now + Math.round(random * ceiling);
  return Math.max(backoff, failure.retryAt ?? 0);
}
