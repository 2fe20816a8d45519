import { join } from "@std/path";
import type { TaskDoneFacts } from "../queue/task_model.ts";
import { STATE_FOLDER } from "./task_names.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One finished file, as the manifest tells it. */
export interface ManifestLine {
  /** The task. */
  id: string;
  /** The proof of the claim. */
  fence: string;
  /** Where the file is from, without credentials. */
  url: string;
  /** The url that answered in the end, without credentials. */
  finalUrl: string;
  /** Where it is, relative to the download folder. */
  out: string;
  /** Its size. */
  bytes: number;
  /** Its inode when it was finished. */
  inode: number;
  /** Its ETag. */
  etag?: string;
  /** Its Last-Modified date. */
  lastModified?: string;
  /** Attempts before this one. */
  attempts: number;
  /** The core that fetched it. */
  core: number;
  /** When the attempt started, in milliseconds since the epoch. */
  startedAt: number;
  /** When it was whole. */
  finishedAt: number;
}

/** Takes a line back: the file did not get its name. */
interface VoidLine {
  /** The claim of the line. */
  void: string;
  /** Where the file would have been. */
  out: string;
}

/**
 * The journal of finished files below `DIR/.corehaul/manifest`: one file a writer, one line a file, written before the
 * file gets its final name. So a file whose name is there, and whose task is not settled, is known to be whole.
 */
export class Manifest implements Disposable {
  readonly #folder: string;
  readonly #name: string;
  #file: Deno.FsFile | undefined;
  readonly #index = new ManifestIndex();

  /**
   * @param root The download folder.
   * @param writer The name of the writer's own file, unique among all writers.
   */
  constructor(root: string, writer: string) {
    this.#folder = join(root, STATE_FOLDER, "manifest");
    this.#name = `${writer}.jsonl`;
  }

  /** Writes lines, all in one write. */
  append(lines: readonly ManifestLine[]): void {
    this.#write(lines);
  }

  /** Brings all lines to the disk. */
  async sync(): Promise<void> {
    await this.#file?.sync();
  }

  /** Takes a line back whose file did not get its name, as something else had it. */
  void({ fence, out }: { fence: string; out: string }): void {
    this.#write([{ void: fence, out }]);
  }

  /**
   * What the manifest of any writer knows of a finished file: that this url was stored under this path with this size.
   *
   * @param url Where the file is from.
   * @param out Where it is.
   * @param size Its size.
   * @param inode Its inode, which tells the versions of a file apart that have the same size. Default: not known.
   * @returns The facts, or `undefined` if the file is not ours.
   */
  async find(url: string, out: string, size: number, inode = 0): Promise<TaskDoneFacts | undefined> {
    let line = this.#index.find(url, out, size, inode);
    if (line === undefined || (inode !== 0 && line.inode !== inode)) {
      // Somebody may have finished it since the index was read, in this process or in another.
      await this.#index.refresh(this.#folder);
      line = this.#index.find(url, out, size, inode);
    }
    if (line === undefined) return undefined;
    const { bytes, finalUrl, etag, lastModified } = line;
    return {
      bytes,
      finalUrl,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    };
  }

  /** The url, without credentials, whose file was the last to be stored under a path, as the manifest of any writer says. */
  async urlOf(out: string): Promise<string | undefined> {
    await this.#index.refresh(this.#folder);
    return this.#index.last(out)?.url;
  }

  #write(lines: readonly (ManifestLine | VoidLine)[]): void {
    if (this.#file === undefined) {
      Deno.mkdirSync(this.#folder, { recursive: true });
      this.#file = Deno.openSync(join(this.#folder, this.#name), { append: true, create: true });
    }
    let text = "";
    for (const line of lines) text += JSON.stringify(line) + "\n";
    const bytes = encoder.encode(text);
    for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** What all files of a manifest say, read on from where they were left. */
class ManifestIndex {
  readonly #lines = new Map<string, ManifestLine[]>();
  readonly #read = new Map<string, number>();
  #refreshing: Promise<void> = Promise.resolve();

  /** The newest line for a path. */
  last(out: string): ManifestLine | undefined {
    return this.#lines.get(out)?.at(-1);
  }

  /**
   * The line of the very file, if it is for this url and this size; else the newest line for the path, as a folder may have
   * been copied. A file that is replaced gets its line before it is there: a crash in between leaves the one before.
   */
  find(url: string, out: string, size: number, inode: number): ManifestLine | undefined {
    const lines = this.#lines.get(out);
    const own = inode === 0 ? undefined : lines?.findLast((line) => line.inode === inode && line.bytes === size);
    const line = own ?? lines?.at(-1);
    return line?.url === url && line.bytes === size ? line : undefined;
  }

  /** Reads what was added; callers take turns, as each piece may be read only once. */
  refresh(folder: string): Promise<void> {
    this.#refreshing = this.#refreshing.catch(() => {}).then(() => this.#refresh(folder));
    return this.#refreshing;
  }

  async #refresh(folder: string): Promise<void> {
    for (const path of await listFiles(folder)) {
      using file = await Deno.open(path, { read: true });
      const from = this.#read.get(path) ?? 0;
      const { size } = await file.stat();
      if (size <= from) continue;
      await file.seek(from, Deno.SeekMode.Start);
      const bytes = await readExactly(file, size - from);
      // The last line may still be on its way, or torn by a crash.
      const end = bytes.lastIndexOf(0x0a) + 1;
      this.#read.set(path, from + end);
      for (const text of decoder.decode(bytes.subarray(0, end)).split("\n")) this.#note(parseLine(text));
    }
  }

  #note(line: ManifestLine | VoidLine | undefined): void {
    if (line === undefined) return;
    const known = this.#lines.get(line.out) ?? [];
    if ("void" in line) {
      this.#lines.set(line.out, known.filter(({ fence }) => fence !== line.void));
    } else {
      known.push(line);
      known.sort((a, b) => a.finishedAt - b.finishedAt);
      this.#lines.set(line.out, known);
    }
  }
}

async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.endsWith(".jsonl")) files.push(join(folder, entry.name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files;
}

async function readExactly(file: Deno.FsFile, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/** A line, unless a crash tore it. */
function parseLine(text: string): ManifestLine | VoidLine | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
