import { taskRetryAt, type TaskRetryPolicy } from "../queue/task_retry.ts";
import type { SilencePolicy } from "./host_visits.ts";

/** However few attempts a task may make, one silent url is no silent host. */
const LEAST_TRIES = 3;

/**
 * What becomes of hosts that do not answer: such a host is left alone for as long as a task waits that has failed as often, and
 * its tasks fail once it was asked as often as a task is.
 */
export function silencePolicy(
  { retries, retryWaitMs, maxHostWaitMs }: TaskRetryPolicy & { maxHostWaitMs: number },
): SilencePolicy {
  return {
    tries: Math.max(LEAST_TRIES, retries + 1),
    waitMs: (tries) => {
      const waitMs = taskRetryAt({ retryable: true, attempts: tries }, { retries: Infinity, retryWaitMs }, 0, 1)!;
      // What is longer than the user allows would fail the tasks at once.
      return Math.min(waitMs, maxHostWaitMs);
    },
  };
}
