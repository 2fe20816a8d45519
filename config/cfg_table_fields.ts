/**
 * The options about the columns of task files.
 *
 * @module
 */
import type { CfgRows } from "./cfg_field.ts";
import { COLUMNS, textThat } from "./cfg_kinds.ts";

const READING = ["run", "get", "add", "check"] as const;

/** The options, in the order of the help. */
export const CFG_TABLE_FIELDS = {
  urlColumn: {
    flag: "url-column",
    group: "what",
    placeholder: "NAME",
    kind: textThat("name a column, or be its number"),
    defaultNote: "url",
    help:
      "the column of tables, or the field of JSON, that holds the url: its name or number; no other is taken then by name",
    commands: READING,
  },
  columns: {
    flag: "columns",
    group: "what",
    placeholder: "FIELD=NAME,…",
    kind: COLUMNS,
    defaultNote: "those called like fields",
    help: "the columns of other fields of a task, such as out=name,checksum=sha256",
    commands: READING,
  },
} as const satisfies CfgRows;
