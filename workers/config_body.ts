import { findTaskFiles } from "../queue/task_file_patterns.ts";
import { taskSource } from "../queue/task_source.ts";
import { FileChanges } from "./file_changes.ts";
import { followTaskFile } from "./follow_task_file.ts";
import { encodeDrafts, type FromProcConfig, type ToProcConfig } from "./proc_messages.ts";
import { type DraftBatch, TaskFileReader } from "./task_file_reader.ts";
import type { WorkerScope } from "./worker_body.ts";

/** How often to look for new files, at the most: folders may be large. */
const FIND_MS = 250;
/** Looking for files takes no more than this part of the time. */
const FIND_SHARE = 0.05;

/** Runs the config worker in this thread, as the main thread says. */
export function startConfig(scope: WorkerScope, hello: FromProcConfig): void {
  const post = (message: FromProcConfig) => scope.postMessage(message);
  let feed: TaskFileFeed | undefined;
  scope.onmessage = (event: MessageEvent<ToProcConfig>) => {
    const message = event.data;
    if (message.type === "added") feed?.added();
    else void (feed = new TaskFileFeed(message, post)).run();
  };
  post(hello);
}

/** Follows all task files: those that are named, and those that come into folders and patterns. */
class TaskFileFeed {
  readonly #start: ToProcConfig & { type: "start" };
  readonly #post: (message: FromProcConfig) => void;
  readonly #followed = new Map<string, Promise<void>>();
  readonly #told = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();
  #added: (() => void) | undefined;

  constructor(start: ToProcConfig & { type: "start" }, post: (message: FromProcConfig) => void) {
    this.#start = start;
    this.#post = post;
  }

  /** The entries that were sent are on the list. */
  added(): void {
    this.#added?.();
  }

  async run(): Promise<void> {
    const { words, watch } = this.#start;
    let first: Promise<void>[] | undefined = [];
    while (true) {
      const start = performance.now();
      for (const read of await this.#find(words)) first?.push(read);
      if (first !== undefined) void Promise.all(first).then(() => this.#post({ type: "listed" }));
      first = undefined;
      if (!watch) return;
      const took = performance.now() - start;
      await new Promise((resolve) => setTimeout(resolve, Math.max(FIND_MS, took / FIND_SHARE)));
    }
  }

  /** Follows files that are new; gives the first read of each. */
  async #find(words: readonly string[]): Promise<Promise<void>[]> {
    const reads: Promise<void>[] = [];
    for (const word of words) {
      try {
        const { files, named, empty } = await findTaskFiles([word]);
        for (const file of files) {
          if (this.#followed.has(file)) continue;
          const source = await taskSource(file);
          reads.push(this.#follow(file, source, named.has(file)));
        }
        if (empty.length === 0) this.#told.delete(word);
        else this.#tellOnce(word, { type: "missing", file: word });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#tellOnce(word, { type: "unreadable", file: word, message });
      }
    }
    return reads;
  }

  #tellOnce(word: string, message: FromProcConfig): void {
    if (!this.#told.has(word)) this.#post(message);
    this.#told.add(word);
  }

  /** Follows a file until it is gone for good; resolves when it was read once. */
  #follow(file: string, source: string, expected: boolean): Promise<void> {
    const { rules, reading, watch, whole } = this.#start;
    const read = Promise.withResolvers<void>();
    const reader = new TaskFileReader(file, { ...rules, source }, reading);
    const told = new Set<string>();
    const following = followTaskFile({
      reader,
      changes: new FileChanges(file, () => this.#followed.size),
      watch,
      whole: whole || !watch,
      expected,
      turn: (read) => {
        const turn = this.#turn.then(read);
        this.#turn = turn.catch(() => {});
        return turn;
      },
      send: (batch) => this.#send(file, batch, told),
      post: (news) => {
        this.#post({ ...news, file });
        read.resolve();
      },
    });
    // What no file can cause ends the thread, and another one begins anew.
    this.#followed.set(file, following.finally(() => this.#followed.delete(file)));
    return read.promise;
  }

  #send(file: string, { drafts, indexes, lines, problems, block }: DraftBatch, told: Set<string>): Promise<void> {
    // An entry beside a changed one is read again, but is no news.
    const news = problems.filter(({ index, field, message }) => {
      const name = `${index} ${field} ${message}`;
      return !told.has(name) && told.add(name);
    });
    if (news.length > 0) this.#post({ type: "refused", file, problems: news });
    if (drafts.length === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#added = resolve;
    this.#post({ type: "drafts", file, block, ...encodeDrafts(drafts), indexes, lines });
    return promise;
  }
}
