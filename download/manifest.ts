import { join } from "@std/path";
import { PRIVATE_FILE } from "../base/private_mode.ts";
import type { TaskDoneFacts } from "../queue/task_model.ts";
import type { FileForm } from "./file_form.ts";
import { MANIFEST, manifestFileName, manifestFolder } from "./manifest_files.ts";
import { ManifestIndex } from "./manifest_index.ts";
import type { ManifestLine, VoidLine } from "./manifest_line.ts";
import { makeStateFolder } from "./state_folder.ts";

export type { ManifestLine };

const encoder = new TextEncoder();
const NO_LINES: readonly never[] = [];
/** A file that is as large as this gets no further line: what is finished is easily kept, moved and read. */
const FULL_BYTES = 16 * 1024 * 1024;

/** What the manifest knows of a finished file. */
export interface StoredFile extends TaskDoneFacts {
  /** Its form, if its answer had a Content-Encoding. */
  form?: FileForm;
}

/** How a {@linkcode Manifest} writes. */
export interface ManifestOptions {
  /** The name of the machine, for every line. Default: it is not said. */
  machine?: string;
  /** A file of this size is followed by another one. Default 16 MiB. */
  fullBytes?: number;
}

/**
 * The journal of finished files below `DIR/.corehaul/manifest`: its own files for each writer, one line a file, written
 * before the file gets its final name. So a file whose name is there, and whose task is not settled, is known to be whole.
 */
export class Manifest implements Disposable {
  readonly #root: string;
  readonly #folder: string;
  readonly #writer: string;
  readonly #fullBytes: number;
  readonly #machine: string | undefined;
  #file: Deno.FsFile | undefined;
  #part = 1;
  #bytes = 0;
  #synced = false;
  /** Lines that may be there in part or whole, though whoever wrote them was told that they are not. */
  #failed: readonly (ManifestLine | VoidLine)[] = NO_LINES;
  readonly #index: ManifestIndex;

  /**
   * @param root The download folder.
   * @param writer The name of the writer's own files, unique among all writers and without a dot.
   * @param options What every line says, and when a file is full.
   */
  constructor(root: string, writer: string, { machine, fullBytes = FULL_BYTES }: ManifestOptions = {}) {
    this.#root = root;
    this.#folder = manifestFolder(root);
    this.#writer = writer;
    this.#fullBytes = fullBytes;
    this.#machine = machine;
    this.#index = new ManifestIndex(this.#folder);
  }

  /** Writes lines, all in one write. */
  append(lines: readonly ManifestLine[]): void {
    this.#write(lines);
  }

  /** Brings all lines to the disk. */
  async sync(): Promise<void> {
    this.#synced = true;
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
  async find(url: string, out: string, size: number, inode = 0): Promise<StoredFile | undefined> {
    let line = this.#index.find(url, out, size, inode);
    if (line === undefined || (inode !== 0 && line.inode !== inode)) {
      // Somebody may have finished it since the index was read, in this process or in another.
      await this.#index.refresh();
      line = this.#index.find(url, out, size, inode);
    }
    if (line === undefined) return undefined;
    const { bytes, finalUrl, etag, lastModified, contentEncoding, decodedFrom, encodingMode } = line;
    return {
      bytes,
      finalUrl,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
      ...((contentEncoding ?? decodedFrom) === undefined ? {} : {
        form: {
          ...(contentEncoding === undefined ? {} : { contentEncoding }),
          ...(decodedFrom === undefined ? {} : { decodedFrom }),
          ...(encodingMode === undefined ? {} : { encodingMode }),
        },
      }),
    };
  }

  /** True if the newest line for a path, of any writer, is about the file that has this inode. */
  async isNewest(out: string, inode: number): Promise<boolean> {
    await this.#index.refresh();
    return inode !== 0 && this.#index.newest(out)?.inode === inode;
  }

  /** The url, without credentials, whose file was the last to be stored under a path, as the manifest of any writer says. */
  async urlOf(out: string): Promise<string | undefined> {
    await this.#index.refresh();
    return this.#index.newest(out)?.url;
  }

  #write(lines: readonly (ManifestLine | VoidLine)[]): void {
    if (this.#file === undefined) this.#open();
    else if (this.#bytes >= this.#fullBytes) this.#rotate(this.#file);
    const failed = this.#failed;
    // The last of them may be torn: what follows must not become a part of it.
    let text = failed.length === 0 ? "" : "\n";
    for (const line of failed) {
      const taken = "void" in line ? line : { void: line.fence, out: line.out };
      text += JSON.stringify(taken) + "\n";
    }
    const machine = this.#machine;
    for (const line of lines) {
      text += JSON.stringify("void" in line || machine === undefined ? line : { ...line, machine }) + "\n";
    }
    const bytes = encoder.encode(text);
    let written = 0;
    try {
      while (written < bytes.length) written += this.#file!.writeSync(bytes.subarray(written));
      this.#failed = NO_LINES;
    } catch (error) {
      if (written > 0) this.#failed = [...failed, ...lines];
      throw error;
    } finally {
      this.#bytes += written;
    }
  }

  /** Goes on with the last file, as a writer may end and begin again. */
  #open(): void {
    makeStateFolder(this.#root, MANIFEST);
    while (isThere(join(this.#folder, manifestFileName(this.#writer, this.#part + 1)))) this.#part++;
    const path = join(this.#folder, manifestFileName(this.#writer, this.#part));
    const file = Deno.openSync(path, { append: true, create: true, mode: PRIVATE_FILE });
    try {
      this.#bytes = file.statSync().size;
      // The last line may be torn: what follows must not become a part of it.
      if (this.#bytes > 0) this.#bytes += file.writeSync(encoder.encode("\n"));
    } catch (error) {
      file.close();
      throw error;
    }
    this.#file = file;
  }

  #rotate(full: Deno.FsFile): void {
    if (this.#synced) full.syncDataSync();
    const path = join(this.#folder, manifestFileName(this.#writer, this.#part + 1));
    this.#file = Deno.openSync(path, { append: true, create: true, mode: PRIVATE_FILE });
    this.#part++;
    this.#bytes = 0;
    full.close();
  }

  [Symbol.dispose](): void {
    try {
      if (this.#failed.length > 0) this.#write(NO_LINES);
    } catch {
      // There is no space for it: their files are not there, which whoever reads them sees.
    }
    this.#file?.close();
    this.#file = undefined;
    this.#index[Symbol.dispose]();
  }
}

/** Once for each writer: that is cheaper than to load what would make it cheap. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
