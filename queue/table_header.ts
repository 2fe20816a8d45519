/**
 * Finds out whether a file is a table of tasks, and what its columns are.
 *
 * @module
 */
import { fieldOfColumn, shownName, type TaskFileColumns } from "./column_map.ts";
import { TaskFileError } from "./task_file_error.ts";

/** How a table separates its columns, the likeliest first. */
const DELIMITERS = ["\t", ",", ";"];
/** What stands in front of a list is no longer than this. */
const LONGEST = 64 * 1024;
/** Nobody puts more blanks in front of a list. */
const MOST_BLANKS = 1024 * 1024;
/** Spreadsheets write and read such a line. */
const SEPARATOR = /^sep=(.)$/i;
/** As many columns as a message names. */
const MOST_SHOWN = 20;

/** What comes before the rows of a table. */
export interface TableHeader {
  /** What stands between two columns. */
  delimiter: string;
  /** The names of the columns as they stand there; absent: there is no header, and the first row is one like the others. */
  names?: string[];
  /** Without a header, how many columns the first row has. */
  width?: number;
  /** How many lines come before the first row: comments, blank lines, `sep=` and the header. */
  lines: number;
}

interface FirstLine {
  text: string;
  /** How many lines come before it. */
  before: number;
  /** What a line `sep=` says. */
  delimiter?: string;
  /** The line behind it, that is not blank. */
  next: string;
  /** The breaks behind both are there. */
  isWhole: boolean;
}

/**
 * Reads what comes before the rows of a table. A table has a header with a column `url` or with the one that the user names, or
 * none if the user gives the number of the column.
 *
 * @param start The beginning of a file; see {@linkcode tellsHeader}.
 * @param columns What the user says of the columns.
 * @returns What comes before the rows; `undefined` if the file is something else, such as a list of urls.
 * @throws {TaskFileError} If it is a table, and nothing says where its urls are.
 */
export function tableHeader(start: string, { urlColumn }: TaskFileColumns = {}): TableHeader | undefined {
  const first = firstLine(start);
  if (first === undefined) return undefined;
  if (urlColumn === undefined) return headerByName(first);
  return /^\d+$/.test(urlColumn) ? headerByNumber(first, Number(urlColumn)) : headerWith(first, urlColumn);
}

/** True if a beginning is long enough to tell what a file is. */
export function tellsHeader(start: Uint8Array): boolean {
  const text = new TextDecoder().decode(start).trimStart();
  if (/^[[{<]/.test(text) || start.length > (text === "" ? MOST_BLANKS : LONGEST)) return true;
  const first = firstLine(text);
  return first?.isWhole === true;
}

function firstLine(start: string): FirstLine | undefined {
  const lines = start.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  const found: Pick<FirstLine, "delimiter"> = {};
  for (const [before, line] of lines.entries()) {
    const text = line.trim();
    const separator = SEPARATOR.exec(line)?.[1];
    if (separator !== undefined) found.delimiter = separator;
    else if (text !== "" && !text.startsWith("#")) {
      if (/^(?:[[{<]|\/[/*])/.test(text) && found.delimiter === undefined || text.length > LONGEST) return undefined;
      const after = lines.findIndex((line, at) => at > before && line.trim() !== "");
      // A url is no name of a column: nothing behind it changes that.
      const isWhole = (line.includes("://") ? before : after < 0 ? Infinity : after) < lines.length - 1;
      return { text: line, before, next: lines[after] ?? "", isWhole, ...found };
    }
  }
  return undefined;
}

function headerByName(first: FirstLine): TableHeader | undefined {
  if (first.text.includes("://")) return noHeader(first);
  for (const delimiter of delimitersOf(first)) {
    const names = cellsOf(first.text, delimiter);
    if (names.some((name) => fieldOfColumn(name) === "url")) return { delimiter, names, lines: first.before + 1 };
  }
  const delimiter = delimitersOf(first).find((delimiter) => isTable(first, delimiter));
  if (delimiter === undefined) return undefined;
  const must = "A table must have a column url, or --url-column must name it: its columns are";
  throw failure(first, `${must} ${shownNames(cellsOf(first.text, delimiter))}`);
}

/** A line with urls is no header. Cells in quotes make it one of a table all the same, which needs one. */
function noHeader(first: FirstLine): undefined {
  if (!first.text.includes('"')) return undefined;
  for (const delimiter of delimitersOf(first)) {
    const cells = cellsOf(first.text, delimiter);
    const place = first.text.includes(`"${cells.find(isUrl)}"`) ? cells.findIndex(isUrl) : -1;
    if (cells.length < 2 || place < 0) continue;
    throw failure(first, `A table needs a header with a column url, or --url-column ${place + 1}`);
  }
  return undefined;
}

function isUrl(cell = ""): boolean {
  return cell.includes("://") && URL.canParse(cell);
}

function headerWith(first: FirstLine, name: string): TableHeader | undefined {
  const delimiters = delimitersOf(first);
  for (const delimiter of delimiters) {
    const names = cellsOf(first.text, delimiter);
    if (placeOf(names, name) >= 0) return { delimiter, names, lines: first.before + 1 };
  }
  const delimiter = delimiters.find((delimiter) => cellsOf(first.text, delimiter).length > 1);
  if (!first.text.includes("://")) throw noColumn(first, JSON.stringify(name), cellsOf(first.text, delimiter ?? ","));
  if (delimiter === undefined) return undefined;
  const must = "give the number of the column, such as --url-column 1";
  throw failure(first, `There is no header with a column ${JSON.stringify(name)}: ${must}`);
}

function headerByNumber(first: FirstLine, number: number): TableHeader {
  const delimiters = delimitersOf(first);
  // What stands in no line of it does not separate its columns; a table of one column has no delimiter at all.
  const met = delimiters.filter((delimiter) => first.text.includes(delimiter));
  const bare = (met.length > 0 ? met : [","]).find((delimiter) => isUrl(cellsOf(first.text, delimiter)[number - 1]));
  if (bare !== undefined) return { delimiter: bare, width: cellsOf(first.text, bare).length, lines: first.before };
  const delimiter = delimiters.find((delimiter) => cellsOf(first.text, delimiter).length > 1) ?? ",";
  const names = cellsOf(first.text, delimiter);
  if (number > names.length) throw noColumn(first, String(number), names);
  return { delimiter, names, lines: first.before + 1 };
}

/** Where a column is that is called so, or else in other letters' case; -1 if there is none. */
export function placeOf(names: readonly string[], name: string): number {
  const place = names.indexOf(name);
  return place >= 0 ? place : names.findIndex((each) => each.toLowerCase() === name.toLowerCase());
}

/** The names of columns as a message shows them. */
export function shownNames(names: readonly string[]): string {
  const more = names.length > MOST_SHOWN ? " and more" : "";
  return names.slice(0, MOST_SHOWN).map(shownName).join(", ") + more;
}

function delimitersOf({ delimiter }: FirstLine): readonly string[] {
  return delimiter === undefined ? DELIMITERS : [delimiter];
}

/** True if this and the next line seem to be those of a table. */
function isTable({ text, next, delimiter: given }: FirstLine, delimiter: string): boolean {
  if (given !== undefined) return true;
  const cells = cellsOf(text, delimiter).length;
  // Not every url has slashes: those of `data:` have commas.
  return cells > 1 && cells === cellsOf(next, delimiter).length && !(URL.canParse(text) && URL.canParse(next));
}

/** The cells of a line, which may stand in quotes. */
function cellsOf(line: string, delimiter: string): string[] {
  const plain = line.split(delimiter);
  const quoted = delimiter !== "\t" && line.includes('"');
  return (quoted ? joinQuoted(plain, delimiter) : plain).map((cell) =>
    cell.trim().replace(/^"(.*)"$/s, "$1").replaceAll('""', '"').trim()
  );
}

/** Puts together what was cut within quotes. */
function joinQuoted(pieces: readonly string[], delimiter: string): string[] {
  const cells: string[] = [];
  let open: string | undefined;
  for (const piece of pieces) {
    open = open === undefined ? piece : open + delimiter + piece;
    if ((open.split('"').length - 1) % 2 === 1) continue;
    cells.push(open);
    open = undefined;
  }
  return open === undefined ? cells : [...cells, open];
}

function noColumn(first: FirstLine, column: string, names: readonly string[]): TaskFileError {
  return failure(first, `There is no column ${column}: the columns are ${shownNames(names)}`);
}

function failure({ before }: FirstLine, message: string): TaskFileError {
  return new TaskFileError(message, before + 1, 1);
}
