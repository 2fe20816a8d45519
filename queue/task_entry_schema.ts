/**
 * What a task file may say: the one schema, for checking entries and for `docs/code_tasks.schema.json`.
 *
 * @module
 */
import { z } from "zod";
import { CHECKSUM_ALGORITHMS } from "../base/checksum_algorithm.ts";
import { parseDateTime } from "../base/date_time.ts";
import { redactUrl } from "../base/redact_url.ts";
import { trimmedUrl } from "../base/trimmed_url.ts";
import { nearField } from "./near_field.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { fieldsWhere, type TaskEntry } from "./task_request.ts";

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
const MAX_PRIORITY = 1_000_000_000;
const MAX_MIRRORS = 50;
const MAX_SEGMENTS = 16;
/** Fields of which no more is shown than that they are empty: headers are secrets often enough, in whatever form. */
const SECRET: ReadonlySet<unknown> = new Set(fieldsWhere(({ shown }) => shown === "secret"));
/** Fields that hold urls. */
const URLS: ReadonlySet<unknown> = new Set(fieldsWhere(({ shown }) => shown === "url"));

/** A type error here names a field that is missing, that no entry has, or that has another type there. */
type EntryShape = { [Field in keyof TaskEntry]-?: z.ZodType<TaskEntry[Field]> };

const entryShape = {
  url: z.string().overwrite(trimmedUrl).refine((url) => URL.canParse(url), "must be an absolute url")
    .meta({ format: "uri" }).describe("where the file is"),
  id: z.string().min(1).max(200).optional()
    .describe("a name for the task; default: t and its number"),
  out: z.string().min(1).optional()
    .describe(
      "where the file goes, relative to the download folder; a folder if it ends in /; default: as the server calls it",
    ),
  priority: z.int().min(-MAX_PRIORITY).max(MAX_PRIORITY).optional()
    .describe("higher goes first; default 0"),
  headers: z.record(
    z.string().regex(HEADER_NAME, "must be header names"),
    z.string().regex(HEADER_VALUE, "must be one line"),
  )
    .refine(
      (headers) => new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
      { error: ({ input }) => `must have each name once, whatever its case: there are ${twice(input)}` },
    )
    .optional()
    .describe(
      "extra request headers, sent to the origin of url only; one with an empty value is not sent, not by an option either",
    ),
  user: z.string().min(1).optional()
    .describe("who asks, for urls without a user name in them"),
  password: z.string().optional()
    .describe("the password of user"),
  mirrors: z.array(z.string().overwrite(trimmedUrl).refine((url) => URL.canParse(url), "must be absolute urls")).max(
    MAX_MIRRORS,
  ).optional()
    .describe("other urls of the same file, tried in turn when url fails"),
  limitRate: z.int().min(1).optional()
    .describe("bytes a second that this file may take, beside the limit of all"),
  segments: z.int().min(1).max(MAX_SEGMENTS).optional()
    .describe("how many connections may fetch this file at a time, in place of what holds for all"),
  checksum: z.string().optional()
    .describe(`what the bytes must add up to: ${CHECKSUM_ALGORITHMS.join(":, ")}: with the digest in hex or base64`),
  size: z.int().min(0).optional()
    .describe("how many bytes the file must have"),
  notBefore: z.string()
    .refine((time) => parseDateTime(time) !== undefined, "must be a time such as 2026-12-24T22:00:00Z").optional()
    .meta({ format: "date-time" }).describe(
      "the file is not fetched before this time; without an offset it is local",
    ),
  anonymous: z.boolean().optional()
    .describe("true: the headers of the options, but for User-Agent and Accept, and netrc are not for this file"),
} satisfies EntryShape;

const entrySchema = z.strictObject(entryShape).describe("one file to fetch");

/** A checked entry, or what is wrong with it. */
export type CheckedEntry =
  | { type: "entry"; entry: TaskEntry }
  | { type: "problem"; field: string; message: string };

/**
 * Checks one entry; a bare string is a url.
 *
 * @param value Anything that a task file held.
 * @returns The entry, or the first field that is wrong and why.
 */
export function checkTaskEntry(value: unknown): CheckedEntry {
  if (value instanceof RefusedEntry) return { type: "problem", field: value.field, message: value.message };
  const entry = typeof value === "string" ? { url: value } : value;
  const result = entrySchema.safeParse(entry);
  if (result.success) return { type: "entry", entry: result.data as TaskEntry };
  const slip = Object.keys(Object(entry)).find((key) =>
    !Object.hasOwn(entryShape, key) && nearField(key) !== undefined
  );
  if (slip !== undefined) {
    const message = `is not a field of a task: did you mean ${nearField(slip)}?`;
    return { type: "problem", field: redactUrl(slip), message };
  }
  const issue = result.error.issues[0]!;
  const [part] = issue.path;
  const unknown = issue.code === "unrecognized_keys";
  // What was meant for a url or a header may stand in the place of a name.
  const field = unknown ? redactUrl(issue.keys[0]!) : issue.path.join(".").replace(/^(headers\.[^:]*):.*$/s, "$1");
  const hidden = unknown || SECRET.has(part) && !isEmpty(entry, part!);
  const current = hidden ? "" : `: current value is ${show(entry, issue.path)}`;
  const reason = unknown ? "is not a field of a task" : lowerFirst(issue.message);
  return { type: "problem", field: field || "entry", message: `${reason}${current}` };
}

/** The JSON Schema (draft 2020-12) of a task file that is a JSON array. */
export function taskFileJsonSchema(): Record<string, unknown> {
  const schema = z.array(z.union([entrySchema, z.url().describe("a url, short for an entry with nothing else")]));
  return { title: "Corehaul task file", ...z.toJSONSchema(schema) };
}

function isEmpty(entry: unknown, field: PropertyKey): boolean {
  return ["[]", '""', "null", undefined].includes(JSON.stringify((entry as Record<PropertyKey, unknown>)[field]));
}

function show(value: unknown, path: readonly PropertyKey[]): string {
  let current = value;
  for (const key of path) current = (current as Record<PropertyKey, unknown> | undefined)?.[key];
  // Of what is no entry at all, every text may be a url.
  const urls = path.length === 0 || URLS.has(path[0]);
  const text = JSON.stringify(current, (key, part) => {
    if (SECRET.has(key)) return "…";
    // A list of another program may have lines such as `header=…` below its urls.
    return urls && typeof part === "string" ? redactUrl(part).replace(/^([\w-]+\s*=).*$/s, "$1…") : part;
  }) ?? "absent";
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The first two names of headers that differ in case only. */
function twice(headers: unknown): string {
  const groups = Map.groupBy(Object.keys(headers as object), (name) => name.toLowerCase()).values();
  return groups.find((names) => names.length > 1)?.slice(0, 2).map((name) => JSON.stringify(name)).join(" and ") ??
    "two";
}
