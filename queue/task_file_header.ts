/** How a table separates its columns, the likeliest first. */
const DELIMITERS = ["\t", ",", ";"];
/** A header is no longer than this. */
const LONGEST = 64 * 1024;
/** Nobody puts more blanks in front of a list. */
const MOST_BLANKS = 1024 * 1024;

/** The header of a table of tasks. */
export interface TableHeader {
  /** What stands between two columns. */
  delimiter: string;
  /** The names of the columns as they stand there. */
  columns: string[];
}

/**
 * Reads the header of a table of tasks: names of columns with tabs, commas or semicolons between them, one of which is `url`.
 *
 * @param start The beginning of a file.
 * @returns The header; `undefined` if the file is something else, such as a list of urls.
 */
export function tableHeader(start: string): TableHeader | undefined {
  const [line = ""] = start.trimStart().split(/\r?\n/, 1);
  if (line.length > LONGEST || /^[[{<#]|:\/\//.test(line)) return undefined;
  for (const delimiter of DELIMITERS) {
    const columns = line.split(delimiter).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1").trim());
    if (columns.some((name) => name.toLowerCase() === "url")) return { delimiter, columns };
  }
  return undefined;
}

/** True if a beginning is long enough to tell whether it is the header of a table. */
export function tellsHeader(start: Uint8Array): boolean {
  const text = new TextDecoder().decode(start).trimStart();
  return start.length > (text === "" ? MOST_BLANKS : LONGEST) || /^[[{<]|\n/.test(text);
}
