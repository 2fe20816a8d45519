import { type AppendedFile, openToAppend } from "../mod.ts";
import { StandardStream } from "./standard_stream.ts";

/** When a log file is full, and how many full ones are kept. */
export interface LogFileLimits {
  /** The size at which a file is full, in bytes. Default 10 MiB. */
  maxBytes?: number;
  /** How many full files are kept. Default 5. */
  kept?: number;
}

const MAX_BYTES = 10 * 1024 * 1024;
const KEPT = 5;

/**
 * A log in a file. Each line is written at once: who reads along sees it, and no end of the process loses it. A full file
 * becomes `FILE.1`, that one `FILE.2`, and so on. What is no regular file, such as a FIFO, only takes the lines.
 */
export class LogFile implements Disposable {
  readonly #maxBytes: number;
  readonly #kept: number;
  readonly #stream: StandardStream;
  #to: AppendedFile;
  /** What the file has, as far as this process knows. */
  #bytes: number;

  private constructor(to: AppendedFile, { maxBytes = MAX_BYTES, kept = KEPT }: LogFileLimits) {
    this.#to = to;
    this.#maxBytes = maxBytes;
    this.#kept = kept;
    this.#bytes = to.path === undefined ? 0 : to.file.statSync().size;
    const writeSync = (bytes: Uint8Array) => this.#to.file.writeSync(bytes);
    this.#stream = new StandardStream({ writeSync, write: (bytes) => Promise.resolve(writeSync(bytes)) });
  }

  /**
   * Opens a log, to write at its end.
   *
   * @param path Where; a link is followed.
   * @param limits When the file is full.
   * @throws {Error} If it cannot be written. The message says why.
   */
  static async open(path: string, limits: LogFileLimits = {}): Promise<LogFile> {
    return new LogFile(await openToAppend(path), limits);
  }

  /** Writes a line, with its line break. What cannot be written is lost. */
  write(line: string): void {
    // Most lines have as many bytes as letters: it need not be exact.
    if (this.#to.path !== undefined && this.#bytes > 0 && this.#bytes + line.length > this.#maxBytes) this.#turn();
    this.#stream.tell(line);
    this.#bytes += line.length;
  }

  [Symbol.dispose](): void {
    if (this.#to.path !== undefined) this.#to.file.syncDataSync();
    this.#to.file.close();
  }

  /** Begins another file, unless somebody else has done so, or made this one smaller. */
  #turn(): void {
    const { file, path } = this.#to;
    try {
      const { size, ino, mode } = file.statSync();
      this.#bytes = size;
      const named = inodeOf(path!);
      if (named === ino && size < this.#maxBytes / 2) return;
      if (named === ino) {
        for (let i = this.#kept - 1; i > 0; i--) moveIfThere(`${path}.${i}`, `${path}.${i + 1}`);
        Deno.renameSync(path!, `${path}.1`);
      }
      const next = Deno.openSync(path!, { append: true, create: true, mode: 0o600 });
      if (named === ino && mode !== null) Deno.chmodSync(path!, mode & 0o777);
      file.syncDataSync();
      file.close();
      this.#to = { file: next, path: path! };
      this.#bytes = next.statSync().size;
    } catch {
      // A folder in which nothing can be renamed: the log goes on in its file.
      this.#bytes = 0;
    }
  }
}

function inodeOf(path: string): number | null | undefined {
  try {
    return Deno.statSync(path).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
