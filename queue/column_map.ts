/**
 * Which columns of a table, or fields of JSON, are which fields of a task.
 *
 * @module
 */
import { redactUrl } from "../base/redact_url.ts";
import { HEADER_PREFIX, nearField } from "./near_field.ts";
import { TASK_FIELDS } from "./task_request.ts";

/** What the user says of the columns of task files, as plain data. */
export interface TaskFileColumns {
  /**
   * The column or field that holds the url: its name, or its number from 1 on. Then no other one is taken that `columns` does
   * not name. Default: those that are called like fields of a task.
   */
  readonly urlColumn?: string;
  /** The column of each field, such as `{ out: "name", "header:Referer": "page" }`. Default: none. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** What the user says of task files, as plain data. */
export interface TaskFileRules extends TaskFileColumns {
  /** The download folder: only below it may an input file of aria2 name folders by their whole path. Default: nowhere. */
  readonly directory?: string;
}

/** A field, and where it is. */
export type FieldColumn = readonly [field: string, column: string];

/** As much of a name as is told. */
const SHOWN = 80;
/** Of more names that mean nothing the others are not told. */
const MOST_IGNORED = 1000;

/**
 * Says what is wrong with what the user says of the columns.
 *
 * @returns Which of the two is wrong, and what it must be; `undefined` if both are fine.
 */
export function columnsProblem(
  { urlColumn, columns = {} }: TaskFileColumns,
): { field: keyof TaskFileColumns; message: string } | undefined {
  if (urlColumn !== undefined && /^0+$/.test(urlColumn)) {
    const message = `must be the name of a column, or its number from 1 on: current value is "${urlColumn}"`;
    return { field: "urlColumn", message };
  }
  if (Object.hasOwn(columns, "url")) return { field: "columns", message: "must not name url: --url-column does" };
  const wrong = Object.keys(columns).find((field) => !isColumnField(field));
  if (wrong === undefined) return undefined;
  const meant = meantField(wrong);
  const message = `must name fields of a task: ${shownName(wrong)} is none${
    meant === undefined ? "" : `, did you mean ${meant}?`
  }`;
  return { field: "columns", message };
}

/** The columns that the user named, each with its field; the first is that of the url, if `urlColumn` names it. */
export function namedColumns({ urlColumn, columns = {} }: TaskFileColumns): FieldColumn[] {
  return [...(urlColumn === undefined ? [] : [["url", urlColumn] as const]), ...Object.entries(columns)];
}

/** The field that a column stands for by its own name, in any case; `undefined` if that means something else. */
export function fieldOfColumn(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower.startsWith(HEADER_PREFIX)) return HEADER_PREFIX + name.slice(HEADER_PREFIX.length);
  return TASK_FIELDS.find((field) => field !== "headers" && field.toLowerCase() === lower);
}

/** What a column was perhaps meant for whose name is no field. */
export function meantField(name: string): string | undefined {
  const field = nearField(name);
  return field === "headers" ? `${HEADER_PREFIX}NAME` : field;
}

/** Notes a name that means nothing to a task. */
export function noteIgnored(ignored: Set<string>, name: string): void {
  if (ignored.size < MOST_IGNORED) ignored.add(redactUrl(name).slice(0, SHOWN).toWellFormed());
}

/** A name as a message may show it. */
export function shownName(name: string): string {
  return JSON.stringify(redactUrl(name).slice(0, SHOWN).toWellFormed());
}

function isColumnField(field: string): boolean {
  return field.startsWith(HEADER_PREFIX) && field.length > HEADER_PREFIX.length ||
    TASK_FIELDS.some((known) => known === field && known !== "headers");
}
