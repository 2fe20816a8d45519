import type { TaskOutcome } from "../queue/task_model.ts";

/** What came of the tasks of one scheme. */
export interface SchemeProgress {
  /** Such as `https`; of a task with mirrors, that of its own url. */
  scheme: string;
  /** Files that were finished. */
  done: number;
  /** Tasks that failed. */
  failed: number;
  /** Attempts that were repeated. */
  retried: number;
  /** Bytes of the files that were finished. */
  bytes: number;
}

/** Counts settled claims by the scheme of their url. */
export class SchemeCounts {
  readonly #counts = new Map<string, SchemeProgress>();

  /** Takes a claim into account. */
  count(url: string, outcome: TaskOutcome): void {
    const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
    let counts = this.#counts.get(scheme);
    if (counts === undefined) this.#counts.set(scheme, counts = { scheme, done: 0, failed: 0, retried: 0, bytes: 0 });
    if (outcome.type === "done") {
      counts.done++;
      counts.bytes += outcome.facts.bytes;
    } else if (outcome.type === "failed") counts.failed++;
    else if (outcome.type === "retry") counts.retried++;
  }

  /** The counts, by the name of the scheme. */
  get all(): SchemeProgress[] {
    return [...this.#counts.values()].sort((a, b) => a.scheme < b.scheme ? -1 : 1);
  }
}
