import type { ScanEnd } from "./raw_entry.ts";
import { RefusedEntry } from "./refused_entry.ts";
import type { TableHeader } from "./table_header.ts";
import { type BadLine, textLines } from "./text_lines.ts";

/** Stands for a line that cannot be read; no text has this character. */
const MARK = "\uffff";

/**
 * The text of the rows of a table with one kind of line breaks, so that rows and lines can be counted. In the place of a line
 * that cannot be read stands a mark; the quotes around it stay as they were.
 *
 * @param chunks The bytes of the file.
 * @param header What comes before the rows, and is left out.
 * @param end Told whether the last line is open.
 */
export async function* tableText(
  chunks: AsyncIterable<Uint8Array>,
  { lines, delimiter }: TableHeader,
  end: ScanEnd,
): AsyncGenerator<string, void, void> {
  const quotes = delimiter === "\t" ? undefined : new Quotes();
  const batches = textLines(chunks);
  let skip = lines;
  let step = await batches.next();
  for (; step.done !== true; step = await batches.next()) {
    const rows = step.value.slice(skip);
    skip = Math.max(0, skip - step.value.length);
    if (rows.length === 0) continue;
    yield rows.map((row) => typeof row === "string" ? quotes?.pass(row) ?? row : marked(row, quotes)).join("\n") + "\n";
  }
  end.endsOpen = step.value.endsOpen;
}

/** Finds again what {@linkcode tableText} has marked. */
export class BadRows {
  /** What is wrong with a row; `undefined` if each of its lines could be read. */
  static problem(record: readonly string[]): RefusedEntry | undefined {
    for (const cell of record) {
      const at = cell.indexOf(MARK);
      if (at >= 0) return new RefusedEntry("line", cell.slice(at + 1).split(/["\n]/, 1)[0] || "must be UTF-8");
    }
    return undefined;
  }
}

/** Knows whether the next line begins within quotes. */
class Quotes {
  inside = false;

  pass(line: string): string {
    for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) this.inside = !this.inside;
    return line;
  }
}

function marked({ message, oddQuotes }: BadLine, quotes: Quotes | undefined): string {
  const mark = MARK + message;
  if (quotes === undefined || !oddQuotes) return mark;
  quotes.inside = !quotes.inside;
  return quotes.inside ? `"${mark}` : `${mark}"`;
}
