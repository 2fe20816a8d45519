/**
 * The options below a url in an input file of aria2, as the fields of an entry.
 *
 * @module
 */
import { isAbsolute, relative, resolve } from "@std/path";
import { RefusedEntry } from "./refused_entry.ts";
import type { TaskEntry } from "./task_request.ts";

/** One line with an option. */
export interface Aria2Option {
  /** The line, from 1. */
  line: number;
  /** Its name. */
  name: string;
  /** Its value, without blanks around it. */
  value: string;
}

/** An entry with its options, or why it is refused and by which line. */
export type Aria2Entry =
  | { type: "entry"; entry: TaskEntry }
  | { type: "refused"; line: number; value: RefusedEntry };

const OPTION = /^[ \t]+([a-z][a-z0-9-]*)=(.*)$/;

/** Reads a line that is indented and of the form NAME=VALUE. */
export function aria2Option(text: string, line: number): Aria2Option | undefined {
  const [, name, value] = OPTION.exec(text) ?? [];
  return name === undefined ? undefined : { line, name, value: value!.trim() };
}

/**
 * Gives an entry what its options say.
 *
 * @param entry What stands above them.
 * @param options The options, in order; of one that is given twice the last counts, but for `header`.
 * @param ignored Gets the names of those that mean nothing here.
 * @param directory The download folder; without it no folder may be named by its whole path.
 */
export function aria2Entry(
  entry: Pick<TaskEntry, "url" | "mirrors">,
  options: readonly Aria2Option[],
  ignored: Set<string>,
  directory?: string,
): Aria2Entry {
  const made: TaskEntry = { ...entry };
  let folder = "";
  for (const { line, name, value } of options) {
    if (value === "") continue;
    const problem = take(name, value);
    if (problem !== undefined) return { type: "refused", line, value: new RefusedEntry(name, problem) };
  }
  if (folder !== "") made.out = `${folder}/${made.out ?? ""}`;
  return { type: "entry", entry: made };

  function take(name: string, value: string): string | undefined {
    switch (name) {
      case "out":
        made.out = value;
        return undefined;
      case "dir": {
        const below = folderBelow(value, directory);
        folder = below ?? "";
        return below === undefined
          ? `must be below the download folder, and relative to it: current value is ${JSON.stringify(value)}`
          : undefined;
      }
      case "header": {
        const [, header, text] = /^([^:]+):(.*)$/.exec(value) ?? [];
        // It may be a secret.
        if (header === undefined) return "must be NAME: VALUE";
        addHeader(header.trim(), text!.trim());
        return undefined;
      }
      case "referer":
        addHeader("Referer", value);
        return undefined;
      case "user-agent":
        addHeader("User-Agent", value);
        return undefined;
      case "checksum": {
        const [, type, digest] = /^([\w-]+)=(.+)$/.exec(value) ?? [];
        if (type === undefined) return `must be TYPE=DIGEST: current value is ${JSON.stringify(value)}`;
        made.checksum = `${type}:${digest}`;
        return undefined;
      }
      default:
        ignored.add(name);
        return undefined;
    }
  }

  function addHeader(name: string, value: string): void {
    const headers = made.headers ??= {};
    const lower = name.toLowerCase();
    const first = Object.keys(headers).find((known) => known.toLowerCase() === lower) ?? name;
    const values = [headers[first] ?? "", value].filter((each) => each.trim() !== "");
    // aria2 sends it, though it has no value.
    headers[first] = values.length === 0 ? " " : values.join(lower === "cookie" ? "; " : ", ");
  }
}

/** A folder relative to the download folder; `undefined` if it is not below that. */
function folderBelow(dir: string, directory: string | undefined): string | undefined {
  const below = isAbsolute(dir)
    ? directory === undefined ? ".." : relative(resolve(directory), resolve(dir))
    : dir.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "").replace(/^\.$/, "");
  return isAbsolute(below) || below.split(/[\\/]/).includes("..") ? undefined : below.replaceAll("\\", "/");
}
