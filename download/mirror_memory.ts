import { taskHost } from "../queue/task_model.ts";

/** A host that has failed goes behind the others for this long. */
const REMEMBERED_MS = 60_000;
/** Lists name a million hosts. */
const MOST = 1000;

/** Which hosts have failed lately, so that the next task with mirrors does not begin with them. */
export class MirrorMemory {
  readonly #failedAt = new Map<string, number>();

  /** Notes that a url failed. */
  failed(url: string, now: number): void {
    if (this.#failedAt.size >= MOST) this.#failedAt.clear();
    this.#failedAt.set(taskHost(url), now);
  }

  /** Notes that a url has brought its file. */
  worked(url: string): void {
    if (this.#failedAt.size > 0) this.#failedAt.delete(taskHost(url));
  }

  /**
   * The order in which to try urls: as they are given, but those of hosts that have failed lately after the others.
   *
   * @param urls The url of a task and its mirrors.
   * @param now Milliseconds since the epoch.
   */
  order(urls: readonly string[], now: number): string[] {
    const good: string[] = [];
    const bad: string[] = [];
    for (const url of urls) {
      const failedAt = this.#failedAt.get(taskHost(url));
      (failedAt === undefined || now - failedAt > REMEMBERED_MS ? good : bad).push(url);
    }
    return [...good, ...bad];
  }
}
