import { redactUrl } from "../base/redact_url.ts";
import type { Task } from "./task_model.ts";
import { fieldsWhere, type RequestField, TASK_REQUEST_FIELDS } from "./task_request.ts";

const HIDDEN = fieldsWhere(({ shown }) => shown !== undefined);

/**
 * A task without what must not be shown: credentials in its urls, and the values of its headers.
 *
 * @param task The task, which stays as it is.
 *
 * @example
 * ```ts ignore
 * for (const task of (await downloader.list()).tasks) console.log(redactTask(task));
 * ```
 */
export function redactTask(task: Task): Task {
  const shown: Record<string, unknown> = { ...task };
  for (const field of HIDDEN) {
    if (shown[field] !== undefined) shown[field] = hidden(shown[field], TASK_REQUEST_FIELDS[field]);
  }
  return shown as unknown as Task;
}

function hidden(value: unknown, facts: RequestField): unknown {
  if (Array.isArray(value)) return value.map((part) => hidden(part, facts));
  if (facts.shown === "url") return redactUrl(String(value));
  // Which headers there are may be seen.
  return typeof value === "object" ? Object.fromEntries(Object.keys(value!).map((name) => [name, "…"])) : "…";
}
