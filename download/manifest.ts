import { join } from "@std/path";
import type { TaskDoneFacts } from "../queue/task_model.ts";
import { STATE_FOLDER } from "./task_names.ts";

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

/**
 * The journal of finished files below `DIR/.corehaul/manifest`: one file a writer, one line a file, written before the
 * file gets its final name. So a file whose name is there, and whose task is not settled, is known to be whole.
 */
export class Manifest implements Disposable {
  readonly #folder: string;
  readonly #name: string;
  #file: Deno.FsFile | undefined;
  #index: Map<string, ManifestLine> | undefined;
  #indexed = "";

  /**
   * @param root The download folder.
   * @param writer The name of the writer's own file, unique among all writers.
   */
  constructor(root: string, writer: string) {
    this.#folder = join(root, STATE_FOLDER, "manifest");
    this.#name = `${writer}.jsonl`;
  }

  /** Writes a line. */
  append(line: ManifestLine): void {
    const bytes = new TextEncoder().encode(JSON.stringify(line) + "\n");
    if (this.#file === undefined) {
      Deno.mkdirSync(this.#folder, { recursive: true });
      this.#file = Deno.openSync(join(this.#folder, this.#name), { append: true, create: true });
    }
    for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
  }

  /**
   * What the manifest of any writer knows of a finished file: that this url was stored under this path with this size.
   *
   * @returns The facts, or `undefined` if the file is not ours.
   */
  async find(url: string, out: string, size: number): Promise<TaskDoneFacts | undefined> {
    const matches = (line: ManifestLine | undefined) => line?.url === url && line.bytes === size ? line : undefined;
    let line = matches(this.#index?.get(out));
    if (line === undefined) {
      // Somebody may have finished it since the index was read, in this process or in another.
      const files = await listFiles(this.#folder);
      if (this.#indexed !== files.join("\n")) {
        this.#index = await readIndex(files);
        this.#indexed = files.join("\n");
      }
      // Another call may have read the index while this one looked at the folder.
      line = matches(this.#index?.get(out));
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

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** The files of the manifest, each with its size: what changes when a line is added. */
async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.name.endsWith(".jsonl")) continue;
      const path = join(folder, entry.name);
      files.push(`${(await Deno.stat(path)).size} ${path}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort();
}

async function readIndex(files: readonly string[]): Promise<Map<string, ManifestLine>> {
  const index = new Map<string, ManifestLine>();
  for (const file of files) {
    const path = file.slice(file.indexOf(" ") + 1);
    for (const text of (await Deno.readTextFile(path)).split("\n")) {
      const line = parseLine(text);
      if (line === undefined) continue;
      const known = index.get(line.out);
      if (known === undefined || known.finishedAt <= line.finishedAt) index.set(line.out, line);
    }
  }
  return index;
}

/** A line, unless a crash tore it. */
function parseLine(text: string): ManifestLine | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
