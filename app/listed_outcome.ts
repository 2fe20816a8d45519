import type { TaskOutcome } from "../queue/task_model.ts";
import type { SettleResult } from "../queue/task_shared_list.ts";

/** How a claim ended as the list sees it: one crash too many is a failure. */
export function listedOutcome(outcome: TaskOutcome, result: SettleResult | undefined): TaskOutcome {
  if (outcome.type !== "crashed" || result?.type !== "settled") return outcome;
  const { status, error, startedAt = Date.now() } = result.task;
  return status === "failed" && error !== undefined ? { type: "failed", startedAt, error } : outcome;
}
