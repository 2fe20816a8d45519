import { redactUrl } from "../base/redact_url.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import { FileBoard } from "../base/file_board.ts";
import { dropPart } from "../download/drop_part.ts";
import { procIdentity } from "../ffi/proc_identity.ts";
import type { TaskOutcome } from "../queue/task_model.ts";
import type { ControlVerb } from "../queue/task_shared_list.ts";
import { RunningTasks } from "../workers/running_tasks.ts";
import type {
  FromProcWorker,
  RenameAsk,
  ToProcWorker,
  WorkerQuestion,
  WorkerSettlement,
} from "../workers/proc_messages.ts";
import { ClockWatch } from "./clock_watch.ts";
import { ClaimGate } from "./claim_gate.ts";
import { ClaimKeeper } from "./claim_keeper.ts";
import { workerCores, workerShare } from "./downloader_plan.ts";
import { FileMeter, type FilesNow } from "./file_meter.ts";
import { hostLimit } from "./host_limit.ts";
import { LeaseKeeper } from "./lease_keeper.ts";
import type { SettledTask } from "./outcome_news.ts";
import { PlaceLoan } from "./place_loan.ts";
import { ProcThread } from "./proc_thread.ts";
import type { SessionPorts } from "./session_ports.ts";
import { TaskFeeder } from "./task_feeder.ts";
import { SilentHostNames } from "./silent_hosts.ts";
import { VitalsMeter } from "./vitals_meter.ts";
import { WorkerWatch } from "./worker_watch.ts";

/** How often in a row a worker may die before it has said a word. */
const MOST_UNBORN = 5;
const MIB = 1024 * 1024;
/** Files of a worker of which it is written down how far they have come, at the most. */
const MOST_MARKS = 1000;
const RESTART_MS = 500;
const RESTART_MOST_MS = 30_000;
/** Who has lived for so long did not die of how it began. */
const SOUND_MS = 60_000;
/** How long after the grace period a worker may take to say that it has stopped. */
const STOP_SLACK_MS = 2000;

const ORDERED: Partial<Record<ControlVerb, "task_paused" | "task_canceled" | "task_removed">> = {
  pause: "task_paused",
  cancel: "task_canceled",
  remove: "task_removed",
};

interface WorkerSlot {
  thread: ProcThread<ToProcWorker, FromProcWorker>;
  /** What it runs. */
  running: RunningTasks;
  stopped: PromiseWithResolvers<void>;
  /** It has died. */
  died: (error: ErrorRecord) => void;
}

/**
 * One owner at work: its lease, its pinned workers, and the feeder between them and the list. It ends when it is
 * stopped, or when the lease is lost; another session can then begin under a new name.
 */
export class DownloadSession {
  /** The name of the owner, new for every session. */
  readonly owner: string = crypto.randomUUID();
  /** Resolves when the lease is lost; rejects when the list failed. */
  readonly over: Promise<"lost">;
  readonly #ports: SessionPorts;
  readonly #feeder: TaskFeeder;
  readonly #lease: LeaseKeeper;
  readonly #claims: ClaimKeeper;
  readonly #cores: readonly number[];
  readonly #slots: WorkerSlot[] = [];
  readonly #end = Promise.withResolvers<"lost">();
  readonly #identity = procIdentity();
  readonly #watch: WorkerWatch;
  readonly #clockWatch: ClockWatch;
  readonly #board: FileBoard;
  readonly #files: FileMeter;
  /** When each worker was started last, and how often in a row it died soon, or before it said a word. */
  readonly #lives: { at: number; short: number; unborn: number }[] = [];
  /** The first worker lends a place to the one that runs suspects. */
  readonly #loan = new PlaceLoan((on) => this.#slots[0]?.thread.post({ type: "lend", on }));
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  #stopping = false;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#cores = workerCores(ports.cores);
    this.over = this.#end.promise;
    this.over.catch(() => {});
    const failed = (error: unknown) => this.#end.reject(error);
    this.#watch = new WorkerWatch(ports.settings.workerTimeoutMs, {
      workers: ports.cores.length,
      beat: (worker) => ports.counters.get(worker, "beat"),
      silent: (worker) => {
        const { thread, died } = this.#slots[worker]!;
        // Before its tasks go back: what hangs now must not go on with them later.
        thread[Symbol.dispose]();
        const message = `it has shown no sign of life for ${ports.settings.workerTimeoutMs / 1000} s`;
        died({ name: "ProcSilentError", code: "proc_silent", message });
      },
    });
    this.#clockWatch = new ClockWatch({ back: (ms) => ports.hosts.setBack(ms) });
    this.#claims = new ClaimKeeper({
      owner: this.owner,
      root: ports.root,
      library: ports.library,
      remoteTime: ports.settings.remoteTime,
      open: () => this.#feeder.openClaims(),
      recovered: (counts) => ports.news({ type: "files_recovered", ...counts }),
    }, this.#identity);
    const gate = new ClaimGate({
      table: ports.hosts,
      perHost: hostLimit(ports.settings).most,
      perHostRate: ports.settings.perHostRate,
      maxHostWaitMs: ports.settings.maxHostWaitMs,
      concurrency: Math.min(ports.settings.jobs ?? Infinity, ports.settings.concurrency * ports.cores.length),
      workers: ports.cores.length,
    });
    const silent = new SilentHostNames(ports.hosts);
    // One more worker runs suspects.
    const workers = this.#cores.length;
    this.#board = FileBoard.create(workers, Math.min(MOST_MARKS, ports.settings.concurrency));
    this.#files = new FileMeter(this.#board, workers, (worker, seq) => this.#feeder.taskOf(worker, seq));
    const vitals = new VitalsMeter(
      ports.counters,
      ports.cores.length,
      () => this.#files.read(),
      () => silent.read(gate.heldHosts),
    );
    this.#lease = new LeaseKeeper(ports.list, this.owner, ports.settings.heartbeatMs, {
      vitals: () => vitals.read(),
      held: () => this.#feeder.held,
      lost: () => {
        ports.news({ type: "owner_lost", owner: this.owner });
        this.#end.resolve("lost");
      },
      died: () => this.#claims.recover(),
      reclaimed: (tasks) => ports.news({ type: "tasks_reclaimed", tasks }),
      gaveUp: ({ core = 0, error, startedAt = Date.now(), ...task }) =>
        this.#settled({ ...task, core }, { type: "failed", startedAt, error: error! }),
      failed,
    });
    this.#feeder = new TaskFeeder({
      list: ports.list,
      owner: this.owner,
      cores: ports.cores,
      gate,
      give: (worker, tasks) => {
        this.#claims.handing(worker, tasks);
        this.#slots[worker]?.thread.post({ type: "tasks", batch: JSON.stringify(tasks) });
      },
      renamed: (worker, answers) => {
        this.#claims.renaming(worker, answers);
        this.#slots[worker]?.thread.post({ type: "renamed", batch: JSON.stringify(answers) });
      },
      ...(ports.settings.jobs === undefined ? {} : {
        borrow: () => this.#loan.borrow(),
        giveBack: () => this.#loan.giveBack(),
      }),
      suspects: () => this.#slots[ports.cores.length] ??= this.#spawn(ports.cores.length),
      drop: (worker, seqs, parts) => this.#slots[worker]?.thread.post({ type: "drop", seqs, parts }),
      dropPart: (task) => dropPart(ports.root, task),
      ordered: ({ seq, id, url, out, core }, verb) => {
        this.#files.ended(seq);
        const type = ORDERED[verb];
        if (type !== undefined) ports.news({ type, id, url: redactUrl(url), out, core });
      },
      ended: (task, outcome) => this.#files.ended(task.seq, outcome),
      settled: (task, outcome, stale) => {
        silent.settled(task, outcome);
        if (outcome.type === "deferred" && outcome.error?.space !== undefined) this.#claims.spaceMissing();
        if (!stale) this.#settled(task, outcome);
      },
      failed,
    });
  }

  /** True if nothing is in the hands of a worker. */
  get idle(): boolean {
    return this.#feeder.idle;
  }

  /** Resolves the next time that nothing is in the hands of a worker any more. */
  get quiet(): Promise<void> {
    return this.#feeder.quiet;
  }

  /** What is received now, piece by piece. */
  get files(): FilesNow {
    return this.#files.read();
  }

  /** Starts every worker; none of them gets a task before {@linkcode DownloadSession.start}. */
  spawn(): void {
    for (const worker of this.#ports.cores.keys()) this.#slots.push(this.#spawn(worker));
  }

  /** Registers the owner, takes up what the dead left behind, and begins to claim. */
  async start(): Promise<void> {
    const { list, cores, settings: { leaseMs } } = this.#ports;
    if (this.#slots.length === 0) this.spawn();
    await this.#claims.recover();
    await list.register({ ...this.#identity, owner: this.owner, cores: [...cores], leaseMs });
    await this.#lease.start();
    await list.control({ verb: "retry", filter: { status: ["failed"], retryable: true, askableAt: Date.now() } });
    this.#feeder.start();
  }

  /** Ends what runs, so that it can go on later; the session stays. */
  interrupt(): void {
    for (const { thread } of this.#slots) thread.post({ type: "interrupt" });
  }

  /**
   * Ends the session: no new claims, running downloads get a grace period, and what is not done then goes back.
   *
   * @param graceMs How long running downloads may go on.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    const claimsEnded = this.#feeder.stop();
    for (const { thread } of this.#slots) thread.post({ type: "stop", graceMs });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, graceMs + STOP_SLACK_MS));
    await Promise.race([Promise.all(this.#slots.map((slot) => slot.stopped.promise)), late]);
    clearTimeout(timer);
    this.#watch[Symbol.dispose]();
    this.#clockWatch[Symbol.dispose]();
    for (const { thread } of this.#slots) thread[Symbol.dispose]();
    await claimsEnded;
    await this.#feeder.drained();
    await this.#claims.end();
    await this.#lease[Symbol.asyncDispose]();
    await this.#ports.list.leave(this.owner);
  }

  #settled(task: SettledTask, outcome: TaskOutcome): void {
    const { counters, cores, settled } = this.#ports;
    // No worker lives that could count this one.
    if (outcome.type === "failed" && outcome.error.kind === "crash") counters.add(cores.length + 1, "failed", 1);
    settled(task, outcome);
  }

  #spawn(worker: number): WorkerSlot {
    const { settings, library, permissions, counters } = this.#ports;
    const core = this.#cores[worker]!;
    const stopped = Promise.withResolvers<void>();
    const running = RunningTasks.create(settings.concurrency);
    const identity = {
      role: "proc_worker",
      index: worker,
      ...(settings.pin ? { core } : {}),
      ...(library === undefined ? {} : { library }),
    };
    const died = (error: ErrorRecord) => {
      stopped.resolve();
      this.#watch.ended(worker);
      this.#claims.lost(this.#feeder.openClaimsOf(worker));
      const tasks = this.#feeder.crashed(worker, running.read());
      counters.set(worker, "active", 0);
      this.#board.clear(worker);
      this.#ports.hosts.releaseAll(worker);
      this.#ports.news({ type: "proc_crashed", proc: `proc_worker-${worker}`, core, error, tasks });
      this.#restart(worker, error);
    };
    const thread = new ProcThread<ToProcWorker, FromProcWorker>(
      this.#ports.entry ?? new URL("../workers/proc_worker.ts", import.meta.url),
      identity,
      {
        message: (message) => this.#hear(worker, message),
        crash: died,
      },
      permissions,
    );
    const { short = 0, unborn = 0 } = this.#lives[worker] ?? {};
    this.#lives[worker] = { at: performance.now(), short, unborn: unborn + 1 };
    this.#watch.started(worker);
    return { thread, running, stopped, died };
  }

  #restart(worker: number, { message }: ErrorRecord): void {
    if (this.#stopping) return;
    const life = this.#lives[worker]!;
    if (life.unborn >= MOST_UNBORN) {
      this.#end.reject(new Error(`Worker ${worker} cannot start, ${life.unborn} times in a row: ${message}`));
      return;
    }
    const { restartMs = RESTART_MS } = this.#ports;
    life.short = performance.now() - life.at < SOUND_MS ? life.short + 1 : 0;
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      if (this.#stopping) return;
      // A thread that died may have gone on to the end of its turn since.
      this.#ports.hosts.releaseAll(worker);
      this.#slots[worker] = this.#spawn(worker);
    }, Math.min(RESTART_MOST_MS, restartMs * 2 ** Math.max(0, life.short - 1)));
    this.#restarts.add(timer);
  }

  /** Sent in answer to the first message: before it, the thread is still loading and would lose whatever comes. */
  #begin(worker: number): void {
    if (this.#stopping) {
      // It has nothing to stop, and would not hear it.
      this.#slots[worker]?.stopped.resolve();
      return;
    }
    const { settings, cores, root, counters, sampler } = this.#ports;
    const slot = this.#slots[worker]!;
    sampler.sample();
    slot.thread.post({
      type: "start",
      index: worker,
      core: this.#cores[worker]!,
      settings: { ...settings, concurrency: workerShare(settings, worker, cores.length) },
      root,
      writableAt: this.#ports.writableAt ?? Infinity,
      writer: `${this.owner}-${worker}`,
      bootId: this.#identity.bootId,
      machine: this.#identity.host,
      counters: counters.buffer,
      files: this.#board.buffer,
      hosts: this.#ports.hosts.buffer,
      ...(this.#ports.rate === undefined ? {} : { rate: this.#ports.rate.buffer }),
      lane: settings.httpClient === "auto",
      identity: this.#ports.identity,
      fresh: this.#ports.fresh,
      workers: cores.length,
      running: slot.running.buffer,
      restricted: this.#ports.restricted,
      extraConnections: this.#ports.extraConnections,
    });
    if (worker === 0) this.#loan.renew();
  }

  #hear(worker: number, message: FromProcWorker): void {
    const core = this.#cores[worker]!;
    const proc = `proc_worker-${worker}`;
    switch (message.type) {
      case "hello": {
        this.#lives[worker]!.unborn = 0;
        const { pin } = this.#ports.settings;
        if (!pin || message.pinError !== undefined) this.#ports.sampler.float(worker);
        if (message.pinError !== undefined) {
          this.#ports.news({ type: "proc_unpinned", proc, core, error: message.pinError });
        }
        this.#ports.news({ type: "proc_started", proc, core, pinned: pin && message.pinError === undefined });
        this.#begin(worker);
        break;
      }
      case "want":
        this.#feeder.want(worker, message.count);
        break;
      case "settle":
        this.#feeder.settle(worker, JSON.parse(message.batch) as WorkerSettlement[]);
        break;
      case "lent":
        this.#loan.freed();
        break;
      case "rename":
        this.#feeder.rename(worker, JSON.parse(message.batch) as RenameAsk[]);
        break;
      case "reached":
        this.#feeder.reached(worker, message);
        break;
      case "ask":
        void this.#answer(this.#slots[worker]!, message.call, message.question);
        break;
      case "full": {
        const { thread, died } = this.#slots[worker]!;
        thread[Symbol.dispose]();
        const [used, limit] = [message.used, message.limit].map((bytes) => Math.round(bytes / MIB));
        died({
          name: "ProcMemoryError",
          code: "proc_memory",
          message: `it has used ${used} of ${limit} MiB of memory`,
        });
        break;
      }
      case "died": {
        const { thread, died } = this.#slots[worker]!;
        thread[Symbol.dispose]();
        died({ name: "ProcCrashedError", code: "proc_crashed", message: message.message });
        break;
      }
      case "stopped":
        this.#watch.ended(worker);
        this.#slots[worker]?.stopped.resolve();
        break;
    }
  }

  /** Does for a worker what that may not do. A worker that has died meanwhile is not taken for the next one. */
  async #answer({ thread }: WorkerSlot, call: number, question: WorkerQuestion): Promise<void> {
    thread.post({ type: "answer", call, answer: await this.#ports.answers.answer(question) });
  }
}
