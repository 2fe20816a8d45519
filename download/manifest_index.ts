import { listManifestFiles, type ManifestFile, readManifestFile, readManifestLineAt } from "./manifest_files.ts";
import type { ManifestLine } from "./manifest_line.ts";
import { type ManifestPlace, ManifestTable } from "./manifest_table.ts";

/** So many files stay open for reading single lines. */
const MOST_OPEN = 8;

/** What all files of a manifest say, read on from where they were left. Only places are kept, not the lines. */
export class ManifestIndex implements Disposable {
  readonly #folder: string;
  readonly #table = new ManifestTable();
  /** The files, by their numbers in the table, and how far each was read. */
  readonly #files: { path: string; end: number }[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #open = new Map<number, Deno.FsFile>();
  #refreshing: Promise<void> = Promise.resolve();

  /** @param folder The folder of the manifest. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The newest line for a path, of those that were read. */
  newest(out: string): ManifestLine | undefined {
    const place = this.#table.find(out);
    return place === undefined ? undefined : this.#lineAt(place, out);
  }

  /**
   * The line of the very file, if it is for this url and this size; else the newest line for the path, as a folder may have
   * been copied. A file that is replaced gets its line before it is there: a crash in between leaves the one before.
   */
  find(url: string, out: string, size: number, inode: number): ManifestLine | undefined {
    const newest = this.newest(out);
    const isIt = (line: ManifestLine | undefined) => line?.inode === inode && line.bytes === size;
    const own = inode === 0 || isIt(newest)
      ? newest
      : this.#table.findAll(out).map((place) => this.#lineAt(place, out)).find(isIt);
    const line = own ?? newest;
    return line?.url === url && line.bytes === size ? line : undefined;
  }

  /** Reads what was added; callers take turns, as each piece may be read only once. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.catch(() => {}).then(() => this.#refresh());
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    for (const file of await listManifestFiles(this.#folder)) await this.#readOn(file);
  }

  async #readOn({ path, writer }: ManifestFile): Promise<void> {
    const number = this.#numbers.get(path) ?? this.#files.push({ path, end: 0 }) - 1;
    this.#numbers.set(path, number);
    const file = this.#files[number]!;
    if ((await Deno.stat(path)).size <= file.end) return;
    for await (const { entries, end } of readManifestFile(path, file.end)) {
      for (const { line, offset } of entries) {
        if ("void" in line) this.#table.void(writer, line);
        else this.#table.add(writer, line, { file: number, offset });
      }
      file.end = end;
    }
  }

  #lineAt({ file, offset }: ManifestPlace, out: string): ManifestLine | undefined {
    const line = readManifestLineAt(this.#opened(file), offset);
    return line === undefined || "void" in line || line.out !== out ? undefined : line;
  }

  #opened(number: number): Deno.FsFile {
    let file = this.#open.get(number);
    if (file !== undefined) return file;
    file = Deno.openSync(this.#files[number]!.path, { read: true });
    this.#open.set(number, file);
    if (this.#open.size > MOST_OPEN) {
      const [oldest, idle] = this.#open.entries().next().value!;
      idle.close();
      this.#open.delete(oldest);
    }
    return file;
  }

  [Symbol.dispose](): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }
}
