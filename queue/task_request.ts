/**
 * What a user asks of a file: the one place that names these fields. Entries, drafts, tasks, what a worker gets, the mark
 * of changes, the columns of tables and saved files all go by it. A new field is one line in {@linkcode TaskRequest}, one in
 * {@linkcode TASK_REQUEST_FIELDS} and one in the schema of entries; the compiler names what is missing.
 *
 * @module
 */

/** What a user asks of a file, as drafts and tasks have it. Optional fields are absent, not `undefined`. */
export interface TaskRequest {
  /** Where the file is. */
  url: string;
  /** A name for the task. Default: `t` and a number. */
  id?: string;
  /** Where the file goes, relative to the download folder. Default: as the server calls it, else the last part of the url's path. */
  out?: string;
  /** Higher goes first. Default 0. */
  priority?: number;
  /** Extra request headers, sent to the origin of `url` only. */
  headers?: Record<string, string>;
  /** Other urls of the same file, the best first, tried in turn when `url` fails. */
  mirrors?: readonly string[];
  /** Bytes a second that this file may take. Default: no limit of its own. */
  limitRate?: number;
  /** Connections for this file, from 1 to 16. Default: what holds for all. */
  segments?: number;
  /** What the bytes must add up to: `sha-256:`, `sha-512:`, `sha-384:`, `sha-224:`, `sha-1:` or `md5:`, and the digest in lower-case hex. */
  checksum?: string;
  /** How many bytes the file must have. */
  size?: number;
  /** The earliest time of the first attempt, in milliseconds since the epoch. Default: at once. */
  notBefore?: number;
  /** Ask without the headers of the options, but for `User-Agent` and `Accept`, and without netrc. Default false. */
  anonymous?: boolean;
}

/** One entry of a task file: a request in the form in which users write it. */
export interface TaskEntry extends Omit<TaskRequest, "notBefore"> {
  /** Who asks, for a `url` without a user name in it. */
  user?: string;
  /** The password of `user`. */
  password?: string;
  /** What the bytes must add up to: `sha-256:`, `sha-512:`, `sha-384:`, `sha-224:`, `sha-1:` or `md5:`, and the digest in hex or base64. */
  checksum?: string;
  /** The file is not fetched before this time, after ISO 8601; without an offset it is local. Default: at once. */
  notBefore?: string;
}

/** What holds for a field wherever it comes by. */
export interface RequestField<Role extends string = "kept" | "own" | "entry", Cell extends string = string> {
  /**
   * `kept`: drafts, tasks, workers and saved files have it as the entry does, without further code; another value of it is
   * a change of the task. `own`: it has rules of its own. `entry`: only entries have it.
   */
  readonly role: Role;
  /** What a cell of a table holds. */
  readonly cell: Cell;
  /** What others may see of it: all, if absent; a url without its credentials; or nothing, as it is a secret. */
  readonly shown?: "url" | "secret";
  /** True if it is about one file, so that a folder cannot have it. */
  readonly ofOneFile?: true;
}

/** How a cell of a table holds a value of this type. */
type CellOf<Value> = Value extends number ? "number"
  : Value extends boolean ? "switch"
  : Value extends string ? "text"
  : Value extends readonly string[] ? "urls"
  : "headers";

type RequestFields = {
  readonly [Field in keyof TaskEntry]-?: RequestField<
    Field extends keyof TaskRequest ? TaskEntry[Field] extends TaskRequest[Field] ? "kept" | "own" : "own" : "entry",
    CellOf<Required<TaskEntry>[Field]>
  >;
};

/** Every field of an entry, in their order. A new `kept` one goes behind the others: {@linkcode draftMark} goes by it. */
export const TASK_REQUEST_FIELDS = {
  url: { role: "own", cell: "text", shown: "url" },
  id: { role: "own", cell: "text", ofOneFile: true },
  out: { role: "own", cell: "text" },
  priority: { role: "own", cell: "number" },
  headers: { role: "kept", cell: "headers", shown: "secret" },
  user: { role: "entry", cell: "text", shown: "secret" },
  password: { role: "entry", cell: "text", shown: "secret" },
  mirrors: { role: "kept", cell: "urls", shown: "url", ofOneFile: true },
  limitRate: { role: "kept", cell: "number" },
  segments: { role: "kept", cell: "number" },
  checksum: { role: "kept", cell: "text", ofOneFile: true },
  size: { role: "kept", cell: "number", ofOneFile: true },
  notBefore: { role: "own", cell: "text" },
  anonymous: { role: "kept", cell: "switch" },
} as const satisfies RequestFields;

/** The fields of a role. */
type FieldOf<Role extends RequestField["role"]> = {
  [Field in keyof TaskEntry]-?: typeof TASK_REQUEST_FIELDS[Field]["role"] extends Role ? Field : never;
}[keyof TaskEntry];

/** A field that everybody has as the entry does. */
export type KeptField = FieldOf<"kept">;
/** A field of a request that has rules of its own. */
export type OwnField = FieldOf<"own">;
/** What everybody has of a request as the entry does. */
export type KeptRequest = Pick<TaskRequest, KeptField>;

/** A type error here names a field that is treated nowhere near. */
export type NoField<Field extends never> = Field;

/** The names of all fields of an entry. */
export const TASK_FIELDS = Object.keys(TASK_REQUEST_FIELDS) as readonly (keyof TaskEntry)[];

/** The fields of which something holds. */
export function fieldsWhere(holds: (facts: RequestField) => boolean): readonly (keyof TaskEntry)[] {
  return TASK_FIELDS.filter((field) => holds(TASK_REQUEST_FIELDS[field]));
}

/** The fields that everybody has as the entry does. */
export const KEPT_FIELDS = fieldsWhere(({ role }) => role === "kept") as readonly KeptField[];

/** Copies what is kept of a request: one field after the other, as every task comes by here. */
export function copyKept(from: KeptRequest, to: KeptRequest): void {
  for (const field of KEPT_FIELDS) {
    const value = from[field];
    if (value !== undefined) (to as Record<string, unknown>)[field] = value;
  }
}
