/** How often to look whether a file has changed. */
const LOOK_MS = 50;
/** So many files are looked at that often: of more, each is looked at more seldom. */
const LOOKED_AT = 20;

/** How a file was found. */
export interface FileState {
  /** Changes whenever the file does. */
  mark: string;
  /** What stands in the way of reading it, if it is no regular file. */
  problem?: string;
}

/**
 * Changes of one file, by looking at it. `Deno.watchFs` would open and close whatever changes in the folder of the file, and
 * with that give up the locks that SQLite has on a list which lies there: another process that closes it would then
 * take its write-ahead log away.
 */
export class FileChanges {
  readonly #file: string;
  readonly #files: () => number;

  /**
   * @param file The file.
   * @param files How many files are looked at.
   */
  constructor(file: string, files: () => number) {
    this.#file = file;
    this.#files = files;
  }

  /** How the file is now; `undefined` if it is not there. */
  async now(): Promise<FileState | undefined> {
    try {
      const { isFile, ino, size, mtime } = await Deno.stat(this.#file);
      if (isFile) return { mark: `${ino} ${size} ${mtime?.getTime()}` };
      // To open a pipe would wait for its writer, and to look at it twice is not possible.
      return { mark: "no file", problem: "It must be a regular file" };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      const problem = error instanceof Error ? error.message : String(error);
      return { mark: problem, problem };
    }
  }

  /**
   * Resolves when the file is not as it was any more, and has been left alone for a moment; or when it has stayed as it was for
   * `mostMs`, by default never.
   *
   * @returns True if it is not as it was.
   */
  async next(before: FileState | undefined, quietMs: number, mostMs = Infinity): Promise<boolean> {
    const since = performance.now();
    while ((await this.now())?.mark === before?.mark) {
      if (performance.now() - since >= mostMs) return false;
      await this.#pause();
    }
    await this.quiet(quietMs);
    return true;
  }

  /** Resolves when nothing has changed for a time. */
  async quiet(ms: number): Promise<void> {
    let seen = await this.now();
    let since = performance.now();
    while (performance.now() - since < ms) {
      await this.#pause(ms);
      const now = await this.now();
      if (now?.mark === seen?.mark) continue;
      seen = now;
      since = performance.now();
    }
  }

  #pause(most: number = Infinity): Promise<void> {
    const ms = Math.min(most, LOOK_MS * Math.ceil(this.#files() / LOOKED_AT));
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}
