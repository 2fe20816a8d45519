import type { DownloaderNews } from "./downloader_event.ts";
import type { TaskOutcome } from "../queue/task_model.ts";

/** Why there is no space: a file could not be written, or less is free than is to stay so. */
type Reason = "full" | "low";

/** What a timer can be set to. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Measures how long there has been no space for the files of a run, or no permission to write them: from the first that found
 * none, until one is stored.
 */
export class DiskWait implements Disposable {
  readonly #waitMs: number;
  readonly #over = Promise.withResolvers<"full">();
  readonly #reasons = new Set<Reason>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #forbidden = false;

  /** @param waitMs How long is too long, in milliseconds; 0: nothing is. */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Resolves when it has been too long. */
  get over(): Promise<"full"> {
    return this.#over.promise;
  }

  /** That it has been too long. */
  get news(): DownloaderNews {
    return { type: "space_missing", ms: this.#waitMs, ...(this.#forbidden ? { forbidden: true } : {}) };
  }

  /** Notes how a claim ended. */
  note(outcome: TaskOutcome): void {
    if (outcome.type === "done") this.#set("full", false);
    // No other failure of the disk lets a task wait without an attempt.
    else if (outcome.type === "deferred" && outcome.error?.kind === "disk") {
      this.#forbidden = outcome.error.forbidden === true;
      this.#set("full", true);
    }
  }

  /** Less is free than is to stay so, or not any more. */
  low(on: boolean): void {
    this.#set("low", on);
  }

  #set(reason: Reason, on: boolean): void {
    if (this.#waitMs === 0 || this.#reasons.has(reason) === on) return;
    if (on) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    if (this.#reasons.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else this.#timer ??= setTimeout(() => this.#over.resolve("full"), Math.min(this.#waitMs, LONGEST_MS));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
