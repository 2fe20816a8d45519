import type { TaskDraft } from "../queue/task_shared_list.ts";
import type { TaskEntry } from "../queue/task_entry_schema.ts";
import { fallbackOut, outFromUrl, outProblem } from "./task_names.ts";

/** A draft, or the field that is wrong and why. */
export type DraftResult = { type: "draft"; draft: TaskDraft } | { type: "problem"; field: string; message: string };

/**
 * Makes a draft of a checked entry: gives it a name if the user did not, and refuses a name that leads elsewhere.
 *
 * @param entry The entry.
 * @returns The draft, or what is wrong with it.
 */
export function taskDraft(entry: TaskEntry): DraftResult {
  const { out: given, ...rest } = entry;
  if (given === undefined) {
    const out = outFromUrl(entry.url);
    return { type: "draft", draft: { ...rest, out, fallbackOut: fallbackOut(out, entry.url) } };
  }
  const problem = outProblem(given);
  if (problem !== undefined) {
    return { type: "problem", field: "out", message: `${problem}: current value is ${JSON.stringify(given)}` };
  }
  return { type: "draft", draft: { ...rest, out: given } };
}
