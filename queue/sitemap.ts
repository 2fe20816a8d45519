import { SaxesParser } from "saxes";
import { redactUrl } from "../base/redact_url.ts";
import type { RawEntry, ScanEnd } from "./raw_entry.ts";
import { RefusedEntry } from "./refused_entry.ts";
import { TaskFileError } from "./task_file_error.ts";
import { MAX_ENTRY_BYTES } from "./text_lines.ts";

/** Between two tags no more may stand: it is kept until the next one comes. */
const MOST_BETWEEN = 8 * 1024 * 1024;
/** Stands for bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/**
 * Reads a sitemap (sitemaps.org): the pages that its `url` elements name by `loc`. What else they say of a page is left out.
 *
 * @param chunks The bytes of the file.
 * @returns The urls as they come.
 * @throws {TaskFileError} With line and column, at the first place that is not XML.
 */
export async function* scanSitemap(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawEntry, ScanEnd> {
  const reader = new SitemapReader();
  const decoder = new TextDecoder();
  for await (const chunk of chunks) yield* reader.push(decoder.decode(chunk, { stream: true }));
  yield* reader.end(decoder.decode());
  return { endsOpen: false };
}

class SitemapReader {
  readonly #parser: SaxesParser;
  readonly #found: RawEntry[] = [];
  #path: string[] = [];
  /** The prefix of the root, which is that of all that belongs to it. */
  #prefix = "";
  #index = 0;
  #loc: { line: number; text: string } | undefined;
  /** Characters since the parser told something. */
  #since = 0;

  constructor() {
    const parser = new SaxesParser({ position: true });
    parser.on("error", (error) => {
      throw notXml(error, parser);
    });
    parser.on("opentag", ({ name }) => this.#open(name));
    parser.on("closetag", () => this.#close());
    for (const kind of ["text", "cdata"] as const) parser.on(kind, (text) => this.#text(text));
    this.#parser = parser;
  }

  push(text: string): RawEntry[] {
    this.#since += text.length;
    this.#parser.write(text);
    if (this.#since > MOST_BETWEEN) {
      const { line, column } = this.#parser;
      throw new TaskFileError(`A part of a sitemap must be at most ${MOST_BETWEEN} bytes long`, line, column + 1);
    }
    return this.#found.splice(0);
  }

  end(text: string): RawEntry[] {
    this.#parser.write(text).close();
    return this.#found.splice(0);
  }

  #open(name: string): void {
    this.#since = 0;
    if (this.#path.length === 0) this.#prefix = name.slice(0, name.indexOf(":") + 1);
    // Pictures and videos of a page have a `loc` of their own, with another prefix.
    this.#path.push(name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name);
    if (this.#isLoc) this.#loc = { line: this.#parser.line, text: "" };
  }

  get #isLoc(): boolean {
    const [root, url, loc] = this.#path;
    return this.#path.length === 3 && root === "urlset" && url === "url" && loc === "loc";
  }

  #text(text: string): void {
    this.#since = 0;
    if (this.#loc === undefined) return;
    if (this.#loc.text.length <= MAX_ENTRY_BYTES) this.#loc.text += text;
  }

  #close(): void {
    this.#since = 0;
    if (this.#isLoc && this.#loc !== undefined) {
      const { line, text } = this.#loc;
      const value = valueOf(text.trim());
      const key = value instanceof RefusedEntry ? value.message : value;
      this.#found.push({ index: this.#index++, line, value, text: key });
      this.#loc = undefined;
    }
    this.#path.pop();
  }
}

function valueOf(text: string): string | RefusedEntry {
  if (text.length > MAX_ENTRY_BYTES) return new RefusedEntry("loc", `must be at most ${MAX_ENTRY_BYTES} bytes long`);
  return text.includes(REPLACEMENT) ? new RefusedEntry("loc", "must be UTF-8") : text;
}

/** What is wrong, which may repeat a url of the document. */
function notXml(error: Error, { line, column }: SaxesParser): TaskFileError {
  const message = error.message.replace(/^\d+:\d+: /, "").replace(/\S*[:@]\S*/g, (part) => redactUrl(part));
  return new TaskFileError(`Not valid XML: ${message}`, line, column + 1);
}
