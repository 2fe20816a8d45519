import { Broadcast, type Lagged } from "../base/broadcast.ts";
import { silentLogger } from "../base/logger.ts";
import { SharedCounters } from "../base/shared_counters.ts";
import { parseTimeWindow } from "../base/time_window.ts";
import type { HostTable } from "../download/host_table.ts";
import { RateLimiter } from "../download/rate_limiter.ts";
import type { TaskEntry } from "../queue/task_request.ts";
import type { Task } from "../queue/task_model.ts";
import type {
  AddResult,
  ControlRequest,
  ControlResult,
  ListRequest,
  TaskCounts,
  TaskPage,
  TaskSharedList,
} from "../queue/task_shared_list.ts";
import { placeEntries } from "./add_entries.ts";
import { askAgain } from "./ask_again.ts";
import { ChecksumCount } from "./checksum_count.ts";
import { closeTaskList } from "./close_task_list.ts";
import { ConfigFeed } from "./config_feed.ts";
import { DiskWait } from "./disk_wait.ts";
import { DownloadSession } from "./download_session.ts";
import type { DownloaderEvent, DownloaderNews } from "./downloader_event.ts";
import { type DownloaderOptions, settingsFromOptions } from "./downloader_options.ts";
import { type DownloaderPlan, makePlan, pinMain, processStarter, workerCores } from "./downloader_plan.ts";
import { KeepWatch } from "./keep_watch.ts";
import { type ListProgress, ListProgressMeter } from "./list_progress.ts";
import { LoadSampler } from "./load_sampler.ts";
import { openTaskList } from "./open_task_list.ts";
import { checkTaskFiles, type DownloadFolder, prepareFolder } from "./prepare_folder.ts";
import { type DownloaderProgress, ProgressMeter } from "./downloader_progress.ts";
import { readChecksums } from "./read_checksums.ts";
import { placedNews } from "./placed_news.ts";
import { outcomeNews } from "./outcome_news.ts";
import { ScheduleWatch } from "./schedule_watch.ts";
import { SpaceWatch } from "./space_watch.ts";
import { holdUntilRead, StartHold } from "./start_hold.ts";
import { StopRequest } from "./stop_request.ts";
import { taskListOptions } from "./task_list_options.ts";
import { TaskLog } from "./task_log.ts";
import { FleetCooling } from "./fleet_cooling.ts";
import { makeHostTable } from "./host_limit.ts";
import { FolderLister } from "./folder_lister.ts";
import { readIdentity } from "./read_identity.ts";
import type { RunOptions, RunSummary } from "./run_summary.ts";
import { SchemeCounts } from "./scheme_counts.ts";
import { untilSettled } from "./until_settled.ts";
import { workerPermissions } from "./thread_permissions.ts";
import { WorkerAnswers } from "./worker_answers.ts";

const EVENT_BUFFER = 10_000;
/** Of the worker that runs suspects, and of the main thread. */
const FURTHER_COUNTERS = 2;
const RUNNING = "Cannot run a downloader as it must not be running: current value is running";

/**
 * Downloads lists of files with pinned workers.
 *
 * @example
 * ```ts ignore
 * import { Downloader } from "jsr:@corehaul/corehaul";
 *
 * await using downloader = await Downloader.open({ directory: "photos" });
 * await downloader.add(["https://example.org/a.jpg", { url: "https://example.org/b.jpg", priority: 1 }]);
 * const { done, failed } = await downloader.run({ once: true });
 * console.log(done, failed);
 * ```
 */
export class Downloader implements AsyncDisposable {
  readonly #plan: DownloaderPlan;
  readonly #options: DownloaderOptions;
  readonly #folder: DownloadFolder;
  #sessions = 0;
  readonly #list: TaskSharedList;
  readonly #log: TaskLog;
  readonly #events = new Broadcast<DownloaderEvent>(EVENT_BUFFER);
  readonly #counters: SharedCounters;
  readonly #progress: ProgressMeter;
  readonly #listProgress: ListProgressMeter;
  readonly #hosts: HostTable;
  readonly #cooling: FleetCooling | undefined;
  readonly #rate: RateLimiter | undefined;
  readonly #schemes = new SchemeCounts();
  readonly #checksums = new ChecksumCount();
  readonly #answers: WorkerAnswers;
  readonly #folders: FolderLister;
  #seq = 0;
  #refused = 0;
  #stopping: StopRequest | undefined;
  #schedule: ScheduleWatch | undefined;
  #disk: DiskWait | undefined;
  #session: DownloadSession | undefined;
  #running: Promise<RunSummary> | undefined;
  #disposed = false;

  private constructor(plan: DownloaderPlan, options: DownloaderOptions, folder: DownloadFolder, list: TaskSharedList) {
    this.#plan = plan;
    this.#options = options;
    this.#folder = folder;
    this.#list = list;
    this.#log = new TaskLog(options.logger ?? silentLogger, plan.settings.lang);
    this.#counters = SharedCounters.create(plan.cores.length + FURTHER_COUNTERS);
    this.#progress = new ProgressMeter(this.#counters, plan.cores);
    this.#listProgress = new ListProgressMeter(list, () => this.#session?.owner, () => this.progress());
    const { settings, identity } = plan;
    this.#rate = settings.limitRate > 0 ? RateLimiter.create(settings.limitRate) : undefined;
    this.#answers = new WorkerAnswers(settings, (news) => this.#tell(news), processStarter(plan), options);
    const { restricted } = plan;
    this.#folders = new FolderLister({ settings, identity: () => identity, answers: this.#answers, restricted });
    this.#hosts = makeHostTable(settings, plan.cores.length);
    this.#cooling = list.fleet === undefined ? undefined : new FleetCooling(list.fleet, this.#hosts);
  }

  /**
   * Checks the options, makes the download folder, and opens the task list. Nothing is downloaded before `run`.
   *
   * @param options How to work; everything has a default.
   * @returns A downloader; dispose of it (`await using`).
   * @throws {CfgError} If an option is wrong, the folder cannot be written, or a file that is named cannot be read.
   * @throws {QueueUnavailableError} If the task list cannot be opened.
   */
  static async open(options: DownloaderOptions = {}): Promise<Downloader> {
    const settings = settingsFromOptions(options);
    const plan = makePlan(settings, await readIdentity(settings, options), options.restrictWorkers === true);
    const checksums = await readChecksums(settings, options.logger);
    if (options.tasks !== undefined) await checkTaskFiles(settings.tasks);
    if (checksums !== undefined) plan.rules.checksums = checksums;
    const listOptions = await taskListOptions(settings, true, options.logger);
    const folder = await prepareFolder(plan.settings.dir, options.logger);
    const unpinned = options.pinMain === true && plan.settings.pin ? pinMain(plan) : undefined;
    const log = new TaskLog(options.logger ?? silentLogger, settings.lang);
    let tell = (news: DownloaderNews) => log.write(news);
    const list = await openTaskList(settings.queue, {
      ...listOptions,
      onTrouble: (reason) => tell(reason === undefined ? { type: "list_back" } : { type: "list_silent", reason }),
    });
    const downloader = new Downloader(plan, options, folder, list);
    tell = (news) => downloader.#tell(news);
    for (const news of [unpinned, plan.fewFiles]) if (news !== undefined) downloader.#tell(news);
    return downloader;
  }

  /** The core of each download worker. */
  get cores(): readonly number[] {
    return this.#plan.cores;
  }

  /**
   * Puts tasks on the list, before or during a run.
   *
   * @param entries What a task file would hold: objects with a `url`, or bare urls.
   * @param options Where they stand.
   * @param options.first The place of the first one among all, for events about it. Default 0.
   * @returns One result for each entry, and for each file of a folder, in order; `refused` names the field and the reason.
   */
  async add(
    entries: readonly (TaskEntry | string)[],
    { first = 0 }: { first?: number } = {},
  ): Promise<AddResult[]> {
    const placed = await placeEntries(this.#list, entries, this.#plan.rules, this.#folders, this.#checksums);
    for (const news of placedNews(placed, first)) {
      if (news.type === "entry_refused") this.#refused++;
      this.#tell(news);
    }
    return placed.results;
  }

  /**
   * Downloads until it is stopped, or with `once` until nothing is waiting or running.
   *
   * @param options When to end.
   * @returns What was done.
   * @throws {QueueUnavailableError} If the task list failed.
   */
  run(options: RunOptions = {}): Promise<RunSummary> {
    if (this.#running !== undefined) return Promise.reject(new TypeError(RUNNING));
    this.#running = this.#run(options).finally(() => this.#running = undefined);
    return this.#running;
  }

  /**
   * Ends the run: nothing new starts, and what is running gets a grace period.
   *
   * @param graceMs How long running downloads may go on. Default: the option `graceMs`.
   */
  async stop(graceMs: number = this.#plan.settings.graceMs): Promise<void> {
    this.#stopping?.ask(graceMs);
    await this.#running?.catch(() => {});
  }

  /** Reads what happens from now on. A reader that falls behind gets `{ type: "lagged" }` in place of what it missed. */
  events(options: { signal?: AbortSignal } = {}): AsyncIterableIterator<DownloaderEvent | Lagged> {
    return this.#events.subscribe(options);
  }

  /** Counts the tasks of the list, whoever works on them. */
  counts(): Promise<TaskCounts> {
    return this.#list.counts();
  }

  /** Reads the list, page by page. */
  list(request: ListRequest = {}): Promise<TaskPage> {
    return this.#list.list(request);
  }

  /** Finds a task by its id. */
  get(id: string): Promise<Task | undefined> {
    return this.#list.get(id);
  }

  /**
   * Moves tasks: `pause`, `resume`, `cancel`, `retry`, `remove`, or another `priority`. What runs obeys within a second, in
   * whatever process it runs.
   *
   * @param request What to do, and to which tasks: by `ids`, by `filter`, or all.
   * @returns How many were moved, and which ids were not.
   *
   * @example
   * ```ts ignore
   * await downloader.control({ verb: "retry", filter: { status: ["failed"], error: ["http-503"] } });
   * await downloader.control({ verb: "priority", priority: 5, ids: ["t1"] });
   * ```
   */
  control(request: ControlRequest): Promise<ControlResult> {
    return this.#list.control(request);
  }

  /** What the workers have done and are doing, read from memory that they share. */
  progress(): DownloaderProgress {
    return this.#progress.read(this.#session?.files, this.#schedule?.opensAt);
  }

  /** How far the list has come, whoever works on it: percent and time left go by bytes where sizes are known. */
  listProgress(): Promise<ListProgress> {
    return this.#listProgress.read();
  }

  async #run({ once = false, signal }: RunOptions): Promise<RunSummary> {
    const { settings, cores, allowed, library } = this.#plan;
    using stopping = this.#stopping = new StopRequest(settings.graceMs, [signal, this.#options.signal]);
    this.#progress.start();
    this.#list.hurry?.(false);
    const tell = (news: DownloaderNews) => this.#tell(news);
    using sampler = new LoadSampler(this.#counters, workerCores(cores), allowed, settings.admitIntervalMs, library);
    const failure = Promise.withResolvers<never>();
    failure.promise.catch(() => {});
    using _told = this.#listProgress.every(
      settings.progressIntervalMs,
      () => !this.#events.idle,
      (progress) => this.#tell({ type: "progress", ...progress }),
    );
    using hold = new StartHold(this.#counters);
    using disk = this.#disk = new DiskWait(once ? settings.diskWaitMs : 0);
    // Threads take longest to start, and the reader of the list has most to do before the first file: it comes first.
    using feed = this.#startFeed(once, failure.reject);
    let session: DownloadSession | undefined = this.#makeSession(sampler);
    session.spawn();
    if (!once) void (feed?.firstRead ?? Promise.resolve()).then(() => this.#tellChecksums());
    try {
      using _space = new SpaceWatch(
        this.#folder.root,
        settings.minFree,
        hold,
        (news) => {
          disk.low(news.type === "space_low");
          this.#tell(news);
        },
        library,
      );
      using _schedule = this.#schedule = new ScheduleWatch({
        startAt: settings.startAt === undefined ? 0 : Date.parse(settings.startAt),
        windows: settings.window?.map((text) => parseTimeWindow(text)!) ?? [],
        graceMs: settings.graceMs,
        hold,
        interrupt: () => this.#session?.interrupt(),
        news: tell,
      });
      // Before anything is claimed, and only here: a session that begins after a lost one goes on with the same tasks.
      if (settings.refresh) await askAgain(this.#list, stopping.asked, tell);
      await using _keep = new KeepWatch({
        list: this.#list,
        keepMs: settings.keepMs,
        news: tell,
        failed: failure.reject,
      });
      if (settings.sync && feed !== undefined) await holdUntilRead(hold, this.#list, feed.firstRead);
      while (true) {
        this.#session = session ??= this.#makeSession(sampler);
        const settled = new AbortController();
        let end: "settled" | "lost" | "full" | number;
        try {
          await session.start();
          end = await Promise.race([
            stopping.asked,
            session.over,
            failure.promise,
            disk.over,
            untilSettled({ list: this.#list, session, firstRead: feed?.firstRead, once, tell, signal: settled.signal }),
          ]);
        } finally {
          settled.abort();
        }
        if (end === "full") this.#tell(disk.news);
        if (typeof end === "number") this.#list.hurry?.(true);
        await session.stop(typeof end === "number" ? end : end === "full" ? settings.graceMs : 0);
        session = undefined;
        if (end === "lost") continue;
        if (once) this.#tellChecksums();
        const broken = await this.#list.broken?.();
        if (broken?.total) this.#tell({ type: "records_broken", records: broken.total, keys: broken.keys });
        return {
          ...this.progress(),
          end: typeof end === "number" ? "stopped" : end,
          refused: this.#refused + (feed?.refused ?? 0),
          counts: await this.#list.counts(),
          ...(broken?.total ? { broken: broken.total } : {}),
          schemes: this.#schemes.all,
        };
      }
    } finally {
      // Something failed before it could end by itself.
      await session?.stop(0).catch(() => {});
      this.#stopping = undefined;
      this.#schedule = undefined;
    }
  }

  #makeSession(sampler: LoadSampler): DownloadSession {
    const { settings, identity, cores, library, restricted, extraConnections } = this.#plan;
    return new DownloadSession({
      list: this.#list,
      settings,
      identity,
      root: this.#folder.root,
      writableAt: this.#folder.writableAt,
      fresh: this.#folder.empty && this.#sessions++ === 0,
      cores,
      library,
      permissions: workerPermissions(this.#plan, this.#folder.root),
      restricted,
      extraConnections,
      counters: this.#counters,
      hosts: this.#hosts,
      ...(this.#rate === undefined ? {} : { rate: this.#rate }),
      sampler,
      answers: this.#answers,
      news: (news) => this.#tell(news),
      settled: (task, outcome) => {
        this.#schemes.count(task.url, outcome);
        this.#disk?.note(outcome);
        this.#cooling?.settled(task, outcome);
        const news = outcomeNews(task, outcome);
        if (news !== undefined) this.#tell(news);
      },
    });
  }

  #startFeed(once: boolean, failed: (error: unknown) => void): ConfigFeed | undefined {
    const { settings, main, library, restricted, rules } = this.#plan;
    if (this.#options.tasks === undefined) return undefined;
    return new ConfigFeed({
      list: this.#list,
      settings,
      rules,
      folders: this.#folders,
      count: this.#checksums,
      watch: !once,
      core: settings.pin ? main : undefined,
      library,
      restricted,
      news: (news) => this.#tell(news),
      failed,
    });
  }

  #tellChecksums(): void {
    const { found, files } = this.#checksums;
    if (this.#plan.rules.checksums !== undefined && files > 0) this.#tell({ type: "checksums_found", found, files });
  }

  #tell(news: DownloaderNews): void {
    this.#log.write(news);
    this.#seq++;
    if (!this.#events.idle) this.#events.publish({ seq: this.#seq, at: Date.now(), ...news });
  }

  /** Stops a run that goes on, ends the events, and closes the list. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.stop(0);
    this.#events.close();
    this.#answers[Symbol.dispose]();
    await this.#folders[Symbol.asyncDispose]();
    this.#cooling?.[Symbol.dispose]();
    await closeTaskList(this.#list, this.#plan.settings.queue, this.#options.logger);
  }
}
