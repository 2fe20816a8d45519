import { aria2Entry, type Aria2Option, aria2Option } from "./aria2_options.ts";
import { plainLine } from "./plain_line.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { MAX_ENTRY_BYTES, textLines } from "./text_lines.ts";

/** An entry whose options may still come. */
interface OpenEntry {
  line: number;
  /** Its lines. */
  text: string;
  value: ReturnType<typeof plainLine>;
  options: Aria2Option[];
}

/**
 * Reads a plain list: one url a line, or several mirrors with TABs between them; `#` starts a comment. Below a url options
 * of aria2 may stand, indented.
 *
 * @param chunks The bytes of the file.
 * @param directory The download folder, for those that aria2 names by their whole path. Default: they are refused.
 * @returns The entries; at the end whether the last line is open, and the names of options that mean nothing here.
 */
export async function* scanPlainList(
  chunks: AsyncIterable<Uint8Array>,
  directory?: string,
): AsyncGenerator<RawEntry, ScanEnd> {
  const ignored = new Set<string>();
  const batches = textLines(chunks);
  let open: OpenEntry | undefined;
  let index = 0;
  let line = 0;
  let step = await batches.next();
  for (; step.done !== true; step = await batches.next()) {
    for (const raw of step.value) {
      line++;
      if (typeof raw === "string") {
        const text = raw.trim();
        if (text === "" || text.startsWith("#")) continue;
        const option = open !== undefined && text.length < raw.length ? aria2Option(raw, line) : undefined;
        if (option !== undefined && hasUrl(open!)) {
          addOption(open!, option, text);
          continue;
        }
        if (open !== undefined) yield rawEntry(open, index++, ignored, directory);
        open = { line, text, value: plainLine(text), options: [] };
      } else {
        if (open !== undefined) yield rawEntry(open, index++, ignored, directory);
        open = { line, text: raw.message, value: raw, options: [] };
      }
    }
  }
  if (open !== undefined) yield rawEntry(open, index, ignored, directory);
  return { ...step.value, ...(ignored.size === 0 ? {} : { ignored: [...ignored] }) };
}

/** True if it is a url that options may be about; a refused one has options too. */
function hasUrl({ value, options }: OpenEntry): boolean {
  return typeof value !== "string" || options.length > 0 || URL.canParse(value);
}

function addOption(open: OpenEntry, option: Aria2Option, text: string): void {
  // The texts of other lines begin with no blank: nothing else has the same one.
  open.text += `\n ${text}`;
  if (open.text.length <= MAX_ENTRY_BYTES) open.options.push(option);
  else {
    open.text = open.text.slice(0, MAX_ENTRY_BYTES);
    open.value = new RefusedEntry("entry", `must be at most ${MAX_ENTRY_BYTES} bytes long, with its options`);
  }
}

function rawEntry(
  { line, text, value, options }: OpenEntry,
  index: number,
  ignored: Set<string>,
  directory: string | undefined,
): RawEntry {
  if (options.length === 0 || value instanceof RefusedEntry) return { index, line, value, text };
  const made = aria2Entry(typeof value === "string" ? { url: value } : value, options, ignored, directory);
  if (made.type === "refused") return { index, line: made.line, value: made.value, text };
  const { entry } = made;
  const plain = typeof value === "string" && Object.keys(entry).length === 1;
  return { index, line, value: plain ? value : entry, text };
}
