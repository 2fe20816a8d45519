import { type Clock, systemClock } from "../base/clock.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";
import type { DownloaderNews } from "./downloader_event.ts";

const LEAST_MS = 1000;
const MOST_MS = 3_600_000;
/** How many times within the time that is kept to look. */
const LOOKS = 10;

/** What forgetting works with. */
export interface KeepPorts {
  /** The task list. */
  list: TaskSharedList;
  /** How long to remember, in milliseconds; absent: for ever. */
  keepMs: number | undefined;
  /** Told how many tasks were forgotten. */
  news: (news: DownloaderNews) => void;
  /** The list failed for good. */
  failed: (error: unknown) => void;
  /** The clock. Default: the machine's. */
  clock?: Clock;
}

/** Forgets, while a run goes on, what was done or canceled too long ago. */
export class KeepWatch implements AsyncDisposable {
  readonly #ports: KeepPorts;
  readonly #end = new AbortController();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #looking: Promise<void> | undefined;

  constructor(ports: KeepPorts) {
    this.#ports = ports;
    const { keepMs, failed } = ports;
    if (keepMs === undefined) return;
    const look = () => {
      this.#looking ??= this.#look(keepMs).catch(failed).finally(() => this.#looking = undefined);
    };
    look();
    this.#timer = setInterval(look, Math.min(MOST_MS, Math.max(LEAST_MS, keepMs / LOOKS)));
  }

  async #look(keepMs: number): Promise<void> {
    const { list, news, clock = systemClock } = this.#ports;
    const finishedBefore = clock.now() - keepMs;
    const filter = { status: ["done", "canceled"] as const, finishedBefore };
    const { touched } = await list.control({ verb: "remove", filter, signal: this.#end.signal });
    if (touched > 0) news({ type: "tasks_forgotten", tasks: touched });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#looking;
  }
}
