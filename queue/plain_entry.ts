import { trimmedUrl } from "../base/trimmed_url.ts";
import type { TaskEntry } from "./task_request.ts";

/**
 * The entry that a value of a task file stands for, if it is of the plainest kind: a url, alone or in an object with
 * nothing else. It is exactly what `checkTaskEntry` makes of it, without the schema: most lists have nothing but such
 * entries, and loading the schema costs more than reading a thousand of them.
 *
 * @param value Anything that a task file held.
 * @returns The entry; `undefined` if it takes the schema to tell.
 *
 * @example
 * ```ts
 * import { plainEntry } from "./plain_entry.ts";
 *
 * plainEntry("https://example.org/a"); // { url: "https://example.org/a" }
 * plainEntry({ url: "https://example.org/a", priority: 1 }); // undefined
 * ```
 */
export function plainEntry(value: unknown): TaskEntry | undefined {
  if (typeof value === "string") return URL.canParse(value) ? { url: trimmedUrl(value) } : undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  for (const key in value) if (key !== "url") return undefined;
  if (!Object.hasOwn(value, "url")) return undefined;
  const { url } = value as { url: unknown };
  return typeof url === "string" && URL.canParse(url) ? { url: trimmedUrl(url) } : undefined;
}
