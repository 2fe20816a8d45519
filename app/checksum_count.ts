import type { TaskDraft } from "../queue/task_shared_list.ts";

/** Counts the files of a list, and those of them that have a checksum. */
export class ChecksumCount {
  #files = 0;
  #found = 0;

  /** How many files there were. */
  get files(): number {
    return this.#files;
  }

  /** How many of them have a checksum. */
  get found(): number {
    return this.#found;
  }

  /** Counts further files. */
  note(drafts: readonly TaskDraft[]): void {
    this.#files += drafts.length;
    for (const { checksum } of drafts) if (checksum !== undefined) this.#found++;
  }
}

/** How many files have a checksum, for people. */
export function checksumCountText({ found, files }: { found: number; files: number }): string {
  const none = found > 0 ? "" : ": --checksum-file names none of them";
  return `${found} of ${files} files ${found === 1 ? "has" : "have"} a checksum${none}`;
}
