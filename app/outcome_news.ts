import { redactUrl } from "../base/redact_url.ts";
import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import type { DownloaderNews } from "./downloader_event.ts";

/** What is told of a task whose claim was settled. */
export type SettledTask = Pick<ClaimedTask, "id" | "url" | "out" | "core" | "attempts">;

/** The news that a claim has ended; `undefined` if that is nobody's concern. */
export function outcomeNews(task: SettledTask, outcome: TaskOutcome): DownloaderNews | undefined {
  const { id, out, core } = task;
  const about = { id, url: redactUrl(task.url), out, core, attempts: task.attempts + 1 };
  switch (outcome.type) {
    case "done": {
      const { facts: { bytes }, startedAt, unchanged, originalName, contentEncoding, continuedAt } = outcome;
      return {
        type: "task_done",
        ...about,
        bytes,
        ms: Date.now() - startedAt,
        ...(unchanged === undefined ? {} : { unchanged }),
        ...(originalName === undefined ? {} : { originalName }),
        ...(contentEncoding === undefined ? {} : { contentEncoding }),
        ...(continuedAt === undefined ? {} : { continuedAt }),
      };
    }
    case "failed":
      return { type: "task_failed", ...about, error: outcome.error };
    case "retry":
      return { type: "task_retry", ...about, error: outcome.error, notBefore: outcome.notBefore };
    case "deferred": {
      const { error, notBefore } = outcome;
      return error === undefined
        ? undefined
        : { type: "task_retry", ...about, attempts: task.attempts, error, notBefore };
    }
    default:
      return undefined;
  }
}
