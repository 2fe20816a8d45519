/**
 * Makes entries of what stands in columns of tables and in fields of JSON.
 *
 * @module
 */
import { type FieldColumn, namedColumns, noteIgnored, type TaskFileColumns } from "./column_map.ts";
import { HEADER_PREFIX, nearField } from "./near_field.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { fieldsWhere, TASK_FIELDS } from "./task_request.ts";

/** Fields whose values are numbers, true or false, or urls. */
const NUMBERS: ReadonlySet<string> = new Set(fieldsWhere(({ cell }) => cell === "number"));
const SWITCHES: ReadonlySet<string> = new Set(fieldsWhere(({ cell }) => cell === "switch"));
const URLS: ReadonlySet<string> = new Set(fieldsWhere(({ cell }) => cell === "urls"));
const SWITCH_VALUES: ReadonlyMap<unknown, boolean> = new Map([["true", true], ["false", false]]);
const FIELDS: ReadonlySet<string> = new Set(TASK_FIELDS);
const MOST_NAMES = 1000;
/** An algorithm in the name of a column, and the number of hexadecimal digits of each. */
const ALGORITHM = /(?:sha-?(512|384|256|224|1)(?!\d)|md5)/i;
const DIGITS: Readonly<Record<number, string>> = {
  32: "md5",
  40: "sha-1",
  56: "sha-224",
  64: "sha-256",
  96: "sha-384",
  128: "sha-512",
};

/**
 * Gives an entry what stands in a column. An empty text and null are fields that are not there.
 *
 * @param entry The entry.
 * @param field The field, or `header:NAME`.
 * @param value The text of a cell, or any JSON value; what the field does not take is left to the schema.
 * @param column The name of the column, if it may tell the algorithm of a checksum.
 */
export function putField(entry: Record<string, unknown>, field: string, value: unknown, column?: string): void {
  if (value === null || value === undefined || value === "") return;
  if (field.startsWith(HEADER_PREFIX)) {
    const headers = (entry.headers ??= {}) as Record<string, unknown>;
    headers[field.slice(HEADER_PREFIX.length)] = textOf(value);
  } else if (NUMBERS.has(field)) entry[field] = numberOf(value);
  else if (SWITCHES.has(field)) entry[field] = SWITCH_VALUES.get(value) ?? value;
  else if (URLS.has(field)) entry[field] = typeof value === "string" ? value.split(/\s+/) : value;
  else {
    const text = textOf(value);
    entry[field] = field === "checksum" && column !== undefined && typeof text === "string"
      ? checksumOf(text, column)
      : text;
  }
}

/** Makes entries of JSON objects by the columns that the user names. */
export class ObjectEntries {
  readonly #columns: readonly FieldColumn[];
  readonly #urlColumn: string | undefined;
  readonly #ignored: Set<string>;
  /** Names that mean something else than a field, as far as they were met. */
  readonly #foreign = new Map<string, boolean>();

  /**
   * @param columns What the user says.
   * @param ignored Gets the names of fields that mean nothing to a task.
   */
  constructor(columns: TaskFileColumns, ignored: Set<string>) {
    this.#columns = namedColumns(columns);
    this.#urlColumn = columns.urlColumn;
    this.#ignored = ignored;
  }

  /** What an entry of a JSON list says; a text is a url, and what is no object is left to the schema. */
  entryOf(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return this.#urlColumn === undefined ? value : this.#named(value);
    return this.#urlColumn !== undefined ? this.#named(value) : this.#byName(value as Record<string, unknown>);
  }

  #named(value: object): unknown {
    const entry: Record<string, unknown> = {};
    for (const [field, column] of this.#columns) putField(entry, field, valueAt(value, column), column);
    return entry.url === undefined
      ? new RefusedEntry("url", `must be in ${JSON.stringify(this.#urlColumn)}, which is not there`)
      : entry;
  }

  #isForeign(name: string): boolean {
    let foreign = this.#foreign.get(name);
    if (foreign === undefined) {
      foreign = nearField(name) === undefined;
      if (this.#foreign.size < MOST_NAMES) this.#foreign.set(name, foreign);
    }
    return foreign;
  }

  #byName(value: Record<string, unknown>): unknown {
    let entry: Record<string, unknown> | undefined;
    for (const name in value) {
      if (FIELDS.has(name) || !this.#isForeign(name)) continue;
      entry ??= { ...value };
      delete entry[name];
      if (!this.#columns.some(([, column]) => column === name)) noteIgnored(this.#ignored, name);
    }
    if (this.#columns.length === 0) return entry ?? value;
    entry ??= { ...value };
    for (const [field, column] of this.#columns) putField(entry, field, valueAt(value, column), column);
    return entry;
  }
}

function valueAt(value: object, column: string): unknown {
  const key = Array.isArray(value) ? Number(column) - 1 : column;
  return Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}

function textOf(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  return typeof value === "number" || typeof value === "bigint" ? String(value) : value;
}

function numberOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value;
}

/** A bare digest with its algorithm, which the column names, or else its length tells. */
function checksumOf(text: string, column: string): string {
  if (text.includes(":")) return text;
  const [named, bits] = ALGORITHM.exec(column) ?? [];
  if (named !== undefined) return `${bits === undefined ? "md5" : `sha-${bits}`}:${text}`;
  const algorithm = /^[0-9a-f]+$/i.test(text) ? DIGITS[text.length] : undefined;
  return algorithm === undefined ? text : `${algorithm}:${text}`;
}
