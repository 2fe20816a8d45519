import { textDigest } from "../base/text_digest.ts";

/** Enough that no two task files of a list ever share one, and little for each of a million tasks to carry. */
const LENGTH = 6;

/** Stands for a task file in the tasks that it brought. */
export function taskSource(file: string): string {
  return textDigest(file, "base64").slice(0, LENGTH);
}
