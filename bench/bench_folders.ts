import { statfsSync } from "node:fs";
import { bytesOfFiles, type CaseFiles } from "./case_files.ts";
import { UsageError } from "./usage_error.ts";

/** Where the source is served from, unless there is no tmpfs there. */
const TMPFS = "/dev/shm";
const PREFIX = "corehaul-bench-";
const PAGE_BYTES = 4096;

/** The bench's temporary folders; disposal removes them. */
export class BenchFolders implements AsyncDisposable {
  /** Holds what nginx serves. */
  readonly source: string;
  /** nginx's own. */
  readonly nginx: string;
  /** Holds the lists and, for each run, the output and the state. */
  readonly work: string;
  readonly #made: readonly string[];

  private constructor(sourceBase: string, workBase: string) {
    this.#made = [sourceBase, workBase];
    this.source = `${sourceBase}/source`;
    this.nginx = `${sourceBase}/nginx`;
    this.work = `${workBase}/work`;
    for (const folder of [this.source, this.nginx, this.work]) {
      Deno.mkdirSync(folder);
    }
  }

  /**
   * Makes them.
   *
   * @param on Folder in which the tools write; without it, they share the source's file system.
   * @throws {UsageError} If `on` cannot be written to.
   */
  static async create(on: string | undefined): Promise<BenchFolders> {
    const tmpfs = await Deno.stat(TMPFS).then((info) => info.isDirectory, () => false);
    const options = tmpfs ? { dir: TMPFS, prefix: PREFIX } : { prefix: PREFIX };
    const source = await Deno.makeTempDir(options);
    try {
      const work = on === undefined ? source : await Deno.makeTempDir({
        dir: await Deno.realPath(on),
        prefix: PREFIX,
      });
      return new BenchFolders(source, work);
    } catch (error) {
      await Deno.remove(source, { recursive: true });
      throw new UsageError(
        `Cannot use --on as it must be a folder that can be written to: current value is ${JSON.stringify(on)}`,
        { cause: error },
      );
    }
  }

  /**
   * Checks that there is room for one case: source and output.
   *
   * @throws {UsageError} If there is not.
   */
  needSpace(wanted: CaseFiles): void {
    // Each file ends somewhere in a page, and has one of its own beside.
    const once = bytesOfFiles(wanted) + wanted.files * 2 * PAGE_BYTES;
    const shared = this.#made[0] === this.#made[1];
    for (const folder of new Set(this.#made)) {
      const need = shared ? 2 * once : once;
      const { bavail, bsize } = statfsSync(folder);
      const free = bavail * bsize;
      if (free >= need) continue;
      throw new UsageError(
        `Cannot run the workload as ${folder} must have ${mib(need)} MiB free: current value is ${
          mib(free)
        } MiB (see --on and --scale)`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of new Set(this.#made)) {
      await Deno.remove(folder, { recursive: true });
    }
  }
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
