import { assertEquals } from "@std/assert";
import { RETRY_CAP_MS, taskRetryAt } from "../../queue/task_retry.ts";

const policy = { retries: 3, retryWaitMs: 1000 };

Deno.test("taskRetryAt doubles the ceiling with each attempt, draws from all of it, and stops at the cap", () => {
  const generous = { retries: 100, retryWaitMs: 1000 };
  const at = (attempts: number, random: number) => taskRetryAt({ retryable: true, attempts }, generous, 5000, random);
  assertEquals([1, 2, 3, 4].map((attempts) => at(attempts, 1)), [6000, 7000, 9000, 13_000]);
  assertEquals([1, 4, 50].map((attempts) => at(attempts, 0)), [5000, 5000, 5000]);
  assertEquals(at(50, 1), 5000 + RETRY_CAP_MS);
});

Deno.test("taskRetryAt gives up after the retries, and at once when another attempt cannot help", () => {
  assertEquals(taskRetryAt({ retryable: true, attempts: 3 }, policy, 0, 0), 0);
  assertEquals(taskRetryAt({ retryable: true, attempts: 4 }, policy, 0, 0), undefined);
  assertEquals(taskRetryAt({ retryable: false, attempts: 1 }, policy, 0, 0), undefined);
  assertEquals(taskRetryAt({ retryable: true, attempts: 1 }, { ...policy, retries: 0 }, 0, 0), undefined);
});

Deno.test("taskRetryAt never comes before the time that the server asked for, however late that is", () => {
  const at = (retryAt: number) => taskRetryAt({ retryable: true, attempts: 1, retryAt }, policy, 1000, 0.5);
  assertEquals(at(20_000), 20_000);
  assertEquals(at(1200), 1500);
  assertEquals(at(1e12), 1e12);
});
