import { relative, resolve } from "@std/path";
import type { ErrorRecord } from "../base/error_record.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DraftRules } from "../download/task_draft.ts";
import { folderOfTaskFiles } from "../queue/task_file_patterns.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";
import { taskSource } from "../queue/task_source.ts";
import { decodeDrafts, type FromProcConfig, type ToProcConfig } from "../workers/proc_messages.ts";
import { addDrafts } from "./add_drafts.ts";
import type { ChecksumCount } from "./checksum_count.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import type { FolderLister } from "./folder_lister.ts";
import { taskFileRules } from "./task_file_rules.ts";
import { ProcThread } from "./proc_thread.ts";
import { threadPermissions } from "./thread_permissions.ts";
import { WantedTasks } from "./wanted_tasks.ts";

/** How often in a row the config worker may die before it has read its files once. */
const MOST_DEATHS = 5;
const RESTART_MS = 200;

/** What the feed works with. */
export interface ConfigFeedPorts {
  /** The task list. */
  list: TaskSharedList;
  /** The task files (files, folders and patterns), their columns, the download folder, and whether to cancel tasks whose entries vanish. */
  settings: Pick<CfgSettings, "tasks" | "sync" | "dir" | "urlColumn" | "columns">;
  /** What holds for all entries. */
  rules: DraftRules;
  /** Looks into folders. */
  folders: FolderLister;
  /** Counts the files of the first read. */
  count: ChecksumCount;
  /** Go on after the first read. */
  watch: boolean;
  /** The core of the config worker; absent: do not pin. */
  core: number | undefined;
  /** The C library to pin with. */
  library: string | undefined;
  /** Restrict the thread to what it needs. */
  restricted: boolean;
  /** The module that the config worker runs. Default: its own. */
  entry?: URL;
  /** When a config worker that has died is started again, in milliseconds; twice as late each time. Default 200. */
  restartMs?: number;
  /** Told of everything that happens. */
  news: (news: DownloaderNews) => void;
  /** The list failed for good, or the config worker dies again and again. */
  failed: (error: unknown) => void;
}

/** Runs the config worker and puts what it reads on the list. */
export class ConfigFeed implements Disposable {
  readonly #ports: ConfigFeedPorts;
  readonly #firstRead = Promise.withResolvers<void>();
  readonly #wanted = new Map<string, WantedTasks>();
  /** The names of each file that were told of. */
  readonly #ignored = new Map<string, string>();
  /** Every file that was there at the start has been read once. */
  #listed = false;
  #readOnce = false;
  readonly #end = new AbortController();
  #thread: ProcThread<ToProcConfig, FromProcConfig>;
  #refused = 0;
  #deaths = 0;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(ports: ConfigFeedPorts) {
    this.#ports = ports;
    this.#thread = this.#spawn();
  }

  /** Entries that were refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Resolves when every file was read once, or found missing or invalid. */
  get firstRead(): Promise<void> {
    return this.#firstRead.promise;
  }

  #spawn(): ProcThread<ToProcConfig, FromProcConfig> {
    const { settings, core, library, restricted, entry, failed } = this.#ports;
    const thread: ProcThread<ToProcConfig, FromProcConfig> = new ProcThread(
      entry ?? new URL("../workers/proc_config.ts", import.meta.url),
      {
        role: "proc_config",
        index: 0,
        ...(core === undefined ? {} : { core }),
        ...(library === undefined ? {} : { library }),
      },
      {
        // One message after the other: an entry is on the list before the file counts as read.
        message: (message) =>
          this.#work = this.#work.then(() => this.#hear(message, thread)).catch((error) =>
            this.#end.signal.aborted ? undefined : failed(error)
          ),
        crash: (error) => this.#died(error),
      },
      restricted
        ? threadPermissions({ read: settings.tasks.map(folderOfTaskFiles), write: [], net: false, library })
        : "inherit",
    );
    return thread;
  }

  /** Another thread reads everything anew; what is on the list already is no news. */
  #died(error: ErrorRecord): void {
    const { news, core, failed, restartMs = RESTART_MS } = this.#ports;
    news({ type: "proc_crashed", proc: "proc_config", core: core ?? 0, error, tasks: 0 });
    if (++this.#deaths >= MOST_DEATHS) {
      failed(new Error(`The config worker died ${this.#deaths} times in a row: ${error.message}`));
      return;
    }
    this.#restart = setTimeout(() => this.#thread = this.#spawn(), restartMs * 2 ** (this.#deaths - 1));
  }

  async #hear(message: FromProcConfig, thread: ProcThread<ToProcConfig, FromProcConfig>): Promise<void> {
    const { news, settings, rules, watch, core } = this.#ports;
    if (this.#end.signal.aborted) return;
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
        thread.post({
          type: "start",
          words: settings.tasks.map((word) => resolve(word)),
          watch,
          rules,
          reading: taskFileRules({ ...settings, directory: resolve(settings.dir) }),
          whole: settings.sync,
        });
        return;
      case "drafts":
        await this.#add(message);
        thread.post({ type: "added" });
        return;
      case "listed":
        this.#deaths = 0;
        if (this.#ports.settings.sync && !this.#listed) {
          this.#listed = true;
          for (const file of this.#clearFiles()) await this.#sync(file, [file]);
        }
        this.#readOnce = true;
        this.#firstRead.resolve();
        // Nothing more will come: what the thread holds is better spent on downloads.
        if (!watch) thread[Symbol.dispose]();
        return;
    }
    const file = this.#shown(message.file);
    switch (message.type) {
      case "refused":
        this.#refused += message.problems.length;
        for (const problem of message.problems) news({ type: "entry_refused", file, ...problem });
        return;
      case "read":
        if (this.#ports.settings.sync) await this.#read(message);
        this.#tellIgnored(file, message.ignored);
        news({ type: "tasks_read", file, entries: message.entries });
        return;
      case "missing":
        news({ type: "tasks_missing", file });
        return;
      case "invalid":
        this.#refused++;
        news({ type: "tasks_invalid", file, line: message.line, column: message.column, message: message.message });
        return;
      case "unreadable":
        this.#refused++;
        news({ type: "tasks_invalid", file, message: message.message });
        return;
    }
  }

  /** Tells of names that mean nothing; again only if there are others. */
  #tellIgnored(file: string, names: readonly string[] = []): void {
    const told = this.#ignored.get(file) ?? "";
    this.#ignored.set(file, names.join());
    if (names.length > 0 && names.join() !== told) this.#ports.news({ type: "fields_ignored", file, names });
  }

  async #add(message: FromProcConfig & { type: "drafts" }): Promise<void> {
    const { news, list, settings, folders, count } = this.#ports;
    const drafts = decodeDrafts(message);
    const { results, places } = await addDrafts(list, drafts, folders, this.#readOnce ? undefined : count);
    if (settings.sync) this.#wantedOf(message.file).added(message.block, results);
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
        const entry = places?.[i] ?? i;
        const place = { index: message.indexes[entry]!, line: message.lines[entry]! };
        news({ type: "entry_refused", file: this.#shown(message.file), ...place, field, message: reason });
      }
    }
    if (added > 0) news({ type: "tasks_added", added, duplicates });
    if (changed > 0) news({ type: "tasks_changed", changed });
  }

  /** A file was read as a whole. */
  async #read({ file, refused, blocks, moved }: FromProcConfig & { type: "read" }): Promise<void> {
    this.#wantedOf(file).read(blocks, refused > 0 || moved);
    // Before all files were read once, nobody knows what the others ask for.
    if (this.#listed && this.#wantedOf(file).clear) await this.#sync(file, this.#clearFiles());
  }

  /** Cancels what came from one of these files and what no file asks for any more, and takes back what one asks for again. */
  async #sync(file: string, from: readonly string[]): Promise<void> {
    const { list, news } = this.#ports;
    const all = [...this.#wanted.values()];
    const { canceled, returned } = await list.sync({
      sources: await Promise.all(from.map(taskSource)),
      wanted: (id) => all.some((wanted) => wanted.has(id)),
      signal: this.#end.signal,
    });
    if (canceled > 0 || returned > 0) news({ type: "tasks_synced", file: this.#shown(file), canceled, returned });
  }

  /** The files of which it is certain what they ask for. */
  #clearFiles(): string[] {
    return [...this.#wanted].filter(([, wanted]) => wanted.clear).map(([file]) => file);
  }

  #wantedOf(file: string): WantedTasks {
    const known = this.#wanted.get(file) ?? new WantedTasks();
    this.#wanted.set(file, known);
    return known;
  }

  /** A file in the words of the user. */
  #shown(file: string): string {
    const word = this.#ports.settings.tasks.find((word) => resolve(word) === file);
    if (word !== undefined) return word;
    const near = relative(Deno.cwd(), file);
    return near.startsWith("..") ? file : near;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#restart);
    this.#end.abort();
    this.#thread[Symbol.dispose]();
  }
}
