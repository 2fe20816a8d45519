import type { TableHeader } from "./table_header.ts";

/** A form of task files to which entries can be added at the end: a plain list, JSON values in a row, or a table. */
export type GrowingForm = { type: "list" } | { type: "values" } | { type: "table"; header: TableHeader };
