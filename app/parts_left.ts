import { delay } from "@std/async/delay";
import { meetPart, type MetPart } from "../download/drop_part.ts";
import type { Task } from "../queue/task_model.ts";

/** Unfinished files, in numbers. */
export interface PartsSum {
  /** How many. */
  files: number;
  /** Bytes of files that are there. */
  bytes: number;
}

/** What became of the unfinished files of tasks that were moved. */
export interface PartsLeft {
  /** They stay, and the next download of the same url goes on with them. */
  left: PartsSum;
  /** They were removed. */
  dropped: PartsSum;
  /** They were to be removed, and a download that has not ended still writes them. */
  held: PartsSum;
}

/** A download that its user took away ends within a second. */
const ENDS_WITHIN_MS = 5000;
const LOOK_MS = 20;
/** Tasks whose downloads are still to end, at the most: further ones are told as they are met. */
const MOST_OPEN = 100_000;

/**
 * Looks after the unfinished files of tasks that are canceled or removed: says how much of them stays, or removes them.
 *
 * @example
 * ```ts ignore
 * const parts = await PartsOfMoved.at("photos", { drop: true });
 * await downloader.control({ verb: "cancel", moved: (task) => parts?.note(task), dropParts: true });
 * console.log(await parts?.settled());
 * ```
 */
export class PartsOfMoved {
  readonly #root: string;
  readonly #drop: boolean;
  /** What a download writes. */
  readonly #open = new Map<string, { task: Task; bytes: number }>();
  readonly #sum: PartsLeft = { left: none(), dropped: none(), held: none() };

  private constructor(root: string, drop: boolean) {
    this.#root = root;
    this.#drop = drop;
  }

  /**
   * Looks at a download folder.
   *
   * @param directory The folder.
   * @param options What to do.
   * @param options.drop Remove the unfinished files. Default: they stay.
   * @returns Undefined if there is no such folder.
   */
  static async at(directory: string, { drop = false }: { drop?: boolean } = {}): Promise<PartsOfMoved | undefined> {
    try {
      const root = await Deno.realPath(directory);
      return (await Deno.stat(root)).isDirectory ? new PartsOfMoved(root, drop) : undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
      throw error;
    }
  }

  /** Looks after the file of a task that was moved. What the disk refuses counts as left. */
  note(task: Task): void {
    // Nothing is left of what is done.
    if (task.status === "done") return;
    const part = this.#meet(task);
    if (part === undefined || part.type === "others") return;
    if (part.type === "held" && this.#open.size < MOST_OPEN) this.#open.set(task.id, { task, bytes: part.bytes });
    else this.#count(part);
  }

  /** Waits for the downloads to end, some seconds at the most, and says what became of all. */
  async settled(): Promise<PartsLeft> {
    const end = performance.now() + ENDS_WITHIN_MS;
    while (this.#open.size > 0) {
      const late = performance.now() > end;
      for (const [id, { task, bytes }] of this.#open) {
        const part = this.#meet(task);
        if (part?.type === "held" && !late) continue;
        this.#open.delete(id);
        // Who had it has removed it as it was told to, or had not enough of it to go on with.
        if (part !== undefined && part.type !== "others") this.#count(part);
        else if (part === undefined && this.#drop) this.#count({ type: "dropped", bytes });
      }
      if (this.#open.size > 0) await delay(LOOK_MS);
    }
    return this.#sum;
  }

  #meet(task: Task): MetPart | undefined {
    try {
      return meetPart(this.#root, task, this.#drop);
    } catch {
      return this.#drop ? meetPart(this.#root, task) : undefined;
    }
  }

  #count({ type, bytes }: MetPart): void {
    const sum = this.#sum[type === "dropped" ? "dropped" : type === "held" && this.#drop ? "held" : "left"];
    sum.files++;
    sum.bytes += bytes;
  }
}

function none(): PartsSum {
  return { files: 0, bytes: 0 };
}
