import { RefusedEntry } from "./refused_entry.ts";
import type { TaskEntry } from "./task_request.ts";

/** What most lines do not have. */
const ODD = /[\t ]|,$/;

/**
 * What a line of a plain list says. A blank is part of its url; TABs separate mirrors of one file, as in the input files of
 * aria2. What looks like two urls, or like a url and something else, is refused: it would be fetched as one.
 *
 * @param text The line, without blanks around it.
 * @returns A url; that with its mirrors; or why the line is refused. What is no url is left to the schema.
 */
export function plainLine(text: string): string | Pick<TaskEntry, "url" | "mirrors"> | RefusedEntry {
  if (!ODD.test(text)) return text;
  const cells = text.split("\t").map((cell) => cell.trim()).filter((cell) => cell !== "");
  const problem = cells.map(lineProblem).find((found) => found !== undefined);
  if (cells.length > 1 && !cells.every((cell) => URL.canParse(cell))) {
    return refused("must have a url on both sides of each TAB: a table needs a header or --url-column 1");
  }
  if (problem !== undefined) return refused(problem);
  const [url = "", ...mirrors] = cells;
  return mirrors.length === 0 ? url : { url, mirrors };
}

function lineProblem(cell: string): string | undefined {
  const blank = cell.indexOf(" ");
  if (blank >= 0 && cell.includes("://", blank)) {
    return "must have one url, or several with a TAB between them, as mirrors of one file";
  }
  if (cell.includes(" #")) return "must have no comment behind its url: a comment has a line of its own";
  return cell.endsWith(",") ? "must not end in a comma" : undefined;
}

function refused(message: string): RefusedEntry {
  return new RefusedEntry("line", message);
}
