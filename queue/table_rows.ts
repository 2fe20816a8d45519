import { fieldOfColumn, meantField, namedColumns, noteIgnored, shownName, type TaskFileColumns } from "./column_map.ts";
import { putField } from "./column_values.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { placeOf, shownNames, type TableHeader } from "./table_header.ts";
import { TaskFileError } from "./task_file_error.ts";

/** What is in one column of the table. */
interface TableColumn {
  /** The field, or `header:NAME`. */
  readonly field: string;
  /** The place of the column, from 0. */
  readonly place: number;
  /** The name of the column, if the user named it. */
  readonly name?: string;
}

/** Makes entries of the rows of a table, by its header and by what the user says of its columns. */
export class TableRows {
  readonly #columns: readonly TableColumn[];
  readonly #urlColumn: string | undefined;
  /** How many columns the header has, or the first row. */
  readonly #width: number;
  /** Columns without a name, in which nothing was met so far. */
  readonly #unnamed: Set<number>;
  readonly #ignored: Set<string>;

  /**
   * @param header What comes before the rows: the names of the columns, and how many lines.
   * @param columns What the user says.
   * @param ignored Gets the names of columns that mean nothing to a task.
   * @throws {TaskFileError} If there is no column that the user names, or one seems to be meant for a field.
   */
  constructor(
    { names, width, lines }: Pick<TableHeader, "names" | "width" | "lines">,
    columns: TaskFileColumns,
    ignored: Set<string>,
  ) {
    const { urlColumn } = columns;
    const failure = (message: string) => new TaskFileError(message, lines, 1);
    const named = namedColumns(columns).map(([field, name]): TableColumn => {
      const byName = /^\d+$/.test(name) ? -1 : placeOf(names ?? [], name);
      const place = byName >= 0 || !/^\d+$/.test(name) ? byName : Number(name) - 1;
      if (place >= 0 && place < (names?.length ?? Infinity)) return { field, place, name: names?.[place] ?? name };
      const known = names === undefined ? "the table has no header" : `the columns are ${shownNames(names)}`;
      throw failure(`There is no column ${shownName(name)}: ${known}`);
    });
    const taken = new Set(named.flatMap(({ place }) => place));
    const fields = new Set(named.map(({ field }) => field));
    const called: TableColumn[] = [];
    for (const [place, name] of (urlColumn === undefined ? names ?? [] : []).entries()) {
      const field = fieldOfColumn(name);
      if (field !== undefined && !fields.has(field)) {
        if (called.some((column) => column.field === field)) {
          throw failure(`Each column must be there once: "${field}" is there twice`);
        }
        called.push({ field, place });
      } else if (name !== "" && !taken.has(place)) {
        const meant = field === undefined ? meantField(name) : undefined;
        if (meant !== undefined) {
          const way = "--url-column says that only what --columns names is taken";
          throw failure(`There is no field ${shownName(name)}: did you mean ${meant}? (${way})`);
        }
        noteIgnored(ignored, name);
      }
    }
    this.#columns = [...named, ...called];
    this.#urlColumn = urlColumn;
    this.#width = names?.length ?? width ?? Infinity;
    const bare = urlColumn === undefined ? [...(names ?? []).entries()].filter(([, name]) => name === "") : [];
    this.#unnamed = new Set(bare.map(([place]) => place).filter((place) => !taken.has(place)));
    this.#ignored = ignored;
  }

  /** The places of the columns that entries are made of, from 0. */
  get places(): number[] {
    return [...new Set(this.#columns.map(({ place }) => place))];
  }

  /**
   * The entry of a row.
   *
   * @param record What is in its columns; those that {@linkcode TableRows.places} does not name need not be there.
   */
  entryOf(record: readonly unknown[]): Record<string, unknown> | RefusedEntry {
    const entry: Record<string, unknown> = {};
    for (const { field, place, name } of this.#columns) {
      const value = record[place];
      if (value instanceof RefusedEntry) return new RefusedEntry(field, value.message);
      putField(entry, field, value, name);
    }
    for (const place of this.#unnamed) {
      if ((record[place] ?? "") === "") continue;
      this.#unnamed.delete(place);
      noteIgnored(this.#ignored, `column ${place + 1}`);
    }
    for (let place = this.#width; place < record.length; place++) {
      // The schema knows no such field, and says so.
      if (record[place] !== "") entry[`column ${place + 1}`] = record[place];
    }
    if (entry.url !== undefined || this.#urlColumn === undefined) return entry;
    return new RefusedEntry("url", `must be in the column ${JSON.stringify(this.#urlColumn)}, which is empty`);
  }
}
