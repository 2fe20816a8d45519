import { dirname, resolve } from "@std/path";
import type { DraftRules } from "../download/task_draft.ts";
import type { AddResult, TaskSharedList } from "../queue/task_shared_list.ts";
import { decodeDrafts, type FromProcConfig, type ToProcConfig } from "../workers/proc_messages.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import { ProcThread } from "./proc_thread.ts";
import { threadPermissions } from "./thread_permissions.ts";

/** What the feed works with. */
export interface ConfigFeedPorts {
  /** The task list. */
  list: TaskSharedList;
  /** The task file. */
  file: string;
  /** Checksums by file name, for entries without one of their own. */
  rules: DraftRules;
  /** Go on after the first read. */
  watch: boolean;
  /** The core of the config worker; absent: do not pin. */
  core: number | undefined;
  /** The C library to pin with. */
  library: string | undefined;
  /** Restrict the thread to what it needs. */
  restricted: boolean;
  /** Told of everything that happens. */
  news: (news: DownloaderNews) => void;
  /** The list failed for good, or the config worker died. */
  failed: (error: unknown) => void;
}

/** Runs the config worker and puts what it reads on the list. */
export class ConfigFeed implements Disposable {
  readonly #ports: ConfigFeedPorts;
  readonly #thread: ProcThread<ToProcConfig, FromProcConfig>;
  readonly #firstRead = Promise.withResolvers<void>();
  #refused = 0;
  #work: Promise<void> = Promise.resolve();
  #reading = true;

  constructor(ports: ConfigFeedPorts) {
    this.#ports = ports;
    const { file, core, library } = ports;
    const permissions = ports.restricted
      ? threadPermissions({ read: dirname(resolve(file)), write: false, net: false, library })
      : "inherit";
    this.#thread = new ProcThread(
      new URL("../workers/proc_config.ts", import.meta.url),
      {
        role: "proc_config",
        index: 0,
        ...(core === undefined ? {} : { core }),
        ...(library === undefined ? {} : { library }),
      },
      {
        // One message after the other: an entry is on the list before the file counts as read.
        message: (message) => this.#work = this.#work.then(() => this.#hear(message)).catch(ports.failed),
        crash: (error) => ports.failed(new Error(`The config worker died: ${error.message}`)),
      },
      permissions,
    );
  }

  /** Entries that were refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** False while entries are on their way to the list. */
  get idle(): boolean {
    return !this.#reading;
  }

  /** Resolves when the file was read once, or found missing or invalid. */
  get firstRead(): Promise<void> {
    return this.#firstRead.promise;
  }

  async #hear(message: FromProcConfig): Promise<void> {
    const { news, file, rules, watch, core } = this.#ports;
    switch (message.type) {
      case "hello":
        if (message.pinError !== undefined) {
          news({ type: "proc_unpinned", proc: "proc_config", core: core ?? 0, error: message.pinError });
        }
        news({
          type: "proc_started",
          proc: "proc_config",
          core: core ?? 0,
          pinned: core !== undefined && message.pinError === undefined,
        });
        // Not before: while it loads, a thread loses whatever is sent to it.
        this.#thread.post({ type: "start", file, watch, rules });
        return;
      case "drafts":
        this.#reading = true;
        await this.#add(message);
        this.#thread.post({ type: "added" });
        return;
      case "refused":
        this.#refused += message.problems.length;
        for (const problem of message.problems) news({ type: "entry_refused", file, ...problem });
        return;
      case "read":
        news({ type: "tasks_read", file, entries: message.entries });
        break;
      case "missing":
        news({ type: "tasks_missing", file });
        break;
      case "invalid":
        this.#refused++;
        news({ type: "tasks_invalid", file, line: message.line, column: message.column, message: message.message });
        break;
      case "unreadable":
        this.#refused++;
        news({ type: "tasks_invalid", file, message: message.message });
        break;
    }
    this.#reading = false;
    this.#firstRead.resolve();
    // Nothing more will come: what the thread holds is better spent on downloads.
    if (!watch) this.#thread[Symbol.dispose]();
  }

  async #add(message: FromProcConfig & { type: "drafts" }): Promise<void> {
    const { news, file, list } = this.#ports;
    const results: AddResult[] = await list.add(decodeDrafts(message));
    let added = 0;
    let duplicates = 0;
    let changed = 0;
    for (const [i, result] of results.entries()) {
      if (result.type === "added") added++;
      else if (result.type === "duplicate") duplicates++;
      else if (result.type === "changed") changed++;
      else {
        this.#refused++;
        const { field, reason } = result;
        news({
          type: "entry_refused",
          file,
          index: message.indexes[i]!,
          line: message.lines[i]!,
          field,
          message: reason,
        });
      }
    }
    if (added > 0) news({ type: "tasks_added", added, duplicates });
    if (changed > 0) news({ type: "tasks_changed", changed });
  }

  [Symbol.dispose](): void {
    this.#thread[Symbol.dispose]();
  }
}
