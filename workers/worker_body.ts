import { FileBoard } from "../base/file_board.ts";
import { SharedCounters } from "../base/shared_counters.ts";
import { makeDrivers } from "../download/protocols/make_drivers.ts";
import { BudgetShare } from "../download/body_budget.ts";
import { DiskSpace } from "../download/disk_space.ts";
import { FinalNames } from "../download/final_names.ts";
import { Manifest } from "../download/manifest.ts";
import { MirrorMemory } from "../download/mirror_memory.ts";
import { RangeRefusals } from "../download/range_refusals.ts";
import { SmallFiles } from "../download/small_files.ts";
import { StoppedError } from "../download/download_error.ts";
import type { DownloadContext } from "../download/download_context.ts";
import { dropPart } from "../download/drop_part.ts";
import { extraPlace } from "../download/extra_place.ts";
import { HeapWatch } from "./heap_watch.ts";
import { HostAddresses } from "../download/host_addresses.ts";
import { HostTable } from "../download/host_table.ts";
import { type HostPlace, HostVisits } from "../download/host_visits.ts";
import { NameLookups } from "../download/name_lookups.ts";
import { proxyChoice } from "../download/proxy_choice.ts";
import { procDownloadCore } from "../download/proc_download_core.ts";
import { RateLimiter } from "../download/rate_limiter.ts";
import { Throttle } from "../download/throttle.ts";
import { retryOn } from "../queue/retry_on.ts";
import { identityProbe } from "../download/identity_probe.ts";
import { silencePolicy } from "../download/silence_policy.ts";
import { Watchdog } from "../download/watchdog.ts";
import { AdmissionLimit } from "./admission_limit.ts";
import { DownloadPool } from "./download_pool.ts";
import type { LibraryCalls } from "./bind_proc.ts";
import { DriverThreads } from "./driver_threads.ts";
import { SharedHostGate } from "./host_gate.ts";
import { driverQuestions } from "./driver_questions.ts";
import { MainCalls } from "./main_calls.ts";
import { NameDesk } from "./name_desk.ts";
import { RunningTasks } from "./running_tasks.ts";
import type { DroppedTask, FromProcWorker, ToProcWorker, WorkerAnswer, WorkerTask } from "./proc_messages.ts";

const BEAT_MS = 200;

/** The part of a Worker's global scope that is used here. */
export interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
}

/**
 * Runs a download worker in this thread, as the main thread says.
 *
 * @param scope The global scope of the Worker.
 * @param hello The first message to the main thread.
 * @param calls What it uses of the C library.
 */
export function startWorker(scope: WorkerScope, hello: FromProcWorker, calls: LibraryCalls): void {
  const post = (message: FromProcWorker) => scope.postMessage(message);
  let running: RunningWorker | undefined;
  scope.onmessage = (event: MessageEvent<ToProcWorker>) => {
    const message = event.data;
    if (message.type === "start") running = new RunningWorker(message, calls, post);
    else if (message.type === "tasks") running?.offer(message.batch);
    else if (message.type === "renamed") running?.renamed(message.batch);
    else if (message.type === "answer") running?.answered(message.call, message.answer);
    else if (message.type === "interrupt") running?.interrupt();
    else if (message.type === "lend") running?.lend(message.on);
    else if (message.type === "drop") running?.drop(message.seqs, message.parts);
    else running?.stop(message.graceMs);
  };
  post(hello);
}

class RunningWorker {
  readonly #post: (message: FromProcWorker) => void;
  readonly #pool: DownloadPool;
  readonly #context: DownloadContext;
  readonly #calls: MainCalls;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #beat: ReturnType<typeof setInterval>;
  readonly #heap: HeapWatch;
  readonly #names: NameDesk;

  readonly #drivers: DriverThreads;

  constructor(
    start: ToProcWorker & { type: "start" },
    { renamer, space }: LibraryCalls,
    post: (message: FromProcWorker) => void,
  ) {
    const { settings, identity, index } = start;
    this.#post = post;
    this.#names = new NameDesk((asks) => post({ type: "rename", batch: JSON.stringify(asks) }));
    const counters = SharedCounters.attach(start.counters);
    const hosts = HostTable.attach(start.hosts, index);
    const capped = settings.perHost !== 0 || settings.perHostRate > 0 || settings.fleetPerHost > 0;
    const addresses = new HostAddresses(identity, new NameLookups({ timeoutMs: settings.lookupTimeoutMs }));
    const manifest = new Manifest(start.root, start.writer, { machine: start.machine });
    const names = new FinalNames(renamer);
    const calls = this.#calls = new MainCalls(post);
    const drivers = this.#drivers = new DriverThreads({
      restricted: start.restricted,
      died: (message) => post({ type: "died", message }),
    });
    const context: DownloadContext = {
      root: start.root,
      writableAt: start.writableAt,
      refused: new Set(),
      writer: start.writer,
      bootId: start.bootId,
      drivers: makeDrivers({
        settings,
        identity,
        http: {
          idlePerHost: settings.concurrency,
          connections: 2 * settings.concurrency + start.extraConnections,
          lane: start.lane,
          headers: settings.expectType !== undefined,
        },
        hosts: addresses,
        ...driverQuestions((question) => calls.ask(question)),
        startDriver: (scheme, module) => drivers.start(scheme, module),
      }),
      fresh: start.fresh,
      manifest,
      names,
      smallFiles: new SmallFiles(names, manifest),
      space: new DiskSpace(start.root, space, start.workers),
      watchdog: new Watchdog(settings, identityProbe(identity, addresses)),
      mirrors: new MirrorMemory(),
      rangeRefusals: new RangeRefusals(),
      retry: settings,
      maxHostWaitMs: settings.maxHostWaitMs,
      retryOn: retryOn(settings.retryOn),
      ...(start.rate === undefined ? {} : { throttle: new Throttle(RateLimiter.attach(start.rate)) }),
      segments: settings.segments,
      extraPlace: extraPlace(hosts, capped, start.extraConnections),
      ...(settings.maxSize === undefined ? {} : { maxSize: settings.maxSize }),
      fsync: settings.fsync,
      remoteTime: settings.remoteTime,
      overwrite: settings.overwrite,
      refresh: settings.refresh,
      budgets: new BudgetShare(),
      maxRedirects: settings.maxRedirects,
      contentEncoding: settings.contentEncoding,
      rename: (task, out, fallbackOut) => this.#names.ask(task, out, fallbackOut),
      hosts: new HostVisits(hosts, capped, undefined, silencePolicy(settings)),
      coolHost: (host, until) => hosts.coolDown(host, until),
      ...(settings.expectType === undefined ? {} : { expectType: settings.expectType }),
      ...(settings.refreshCmd === undefined ? {} : { renewLink: (link) => calls.ask({ type: "renew", link }) }),
      onBytes: (count) => counters.add(index, "bytes", count),
      reached: ({ seq, fence }, bytes) => post({ type: "reached", seq, fence, bytes }),
      files: FileBoard.attach(start.files).row(index),
    };
    this.#context = context;
    const admission = new AdmissionLimit(
      { max: settings.concurrency, threshold: settings.cpuThreshold },
      counters.get(index, "load"),
    );
    const ports = {
      download: (task: WorkerTask, place: HostPlace) => procDownloadCore(task, context, place),
      abort: (seq: number) => context.watchdog.drop(seq, new StoppedError("Not wanted any more")),
      ended: (seq: number) => context.watchdog.forget(seq),
      dropPart: (task: DroppedTask) => dropPart(context.root, task),
      want: (count: number) => post({ type: "want", count }),
      lent: () => post({ type: "lent" }),
      settle: (settlements: unknown[]) => post({ type: "settle", batch: JSON.stringify(settlements) }),
      running: RunningTasks.attach(start.running),
      // A proxy looks names up by itself.
      gate: new SharedHostGate(
        hosts,
        capped,
        settings.maxHostWaitMs,
        proxyChoice(identity) === undefined ? addresses.names : undefined,
      ),
    };
    this.#pool = new DownloadPool(ports, admission, counters, index);
    this.#timer = setInterval(
      () => this.#pool.look(counters.get(index, "load"), counters.get(index, "held") === 1, counters.get(index, "own")),
      settings.admitIntervalMs,
    );
    // A driver of the user that hangs is the worker's affair: its downloads go to the next one.
    this.#beat = setInterval(() => drivers.turned() && counters.add(index, "beat", 1), BEAT_MS);
    this.#heap = new HeapWatch((use) => post({ type: "full", ...use }));
    this.#pool.start(counters.get(index, "held") === 1);
  }

  offer(batch: string): void {
    this.#pool.offer(JSON.parse(batch));
  }

  renamed(batch: string): void {
    this.#names.answer(JSON.parse(batch));
  }

  answered(call: number, answer: WorkerAnswer): void {
    this.#calls.answered(call, answer);
  }

  drop(seqs: readonly number[], parts: readonly DroppedTask[] | undefined): void {
    this.#pool.drop(seqs, parts);
  }

  lend(on: boolean): void {
    this.#pool.lend(on);
  }

  interrupt(): void {
    this.#context.watchdog.abortAll(new StoppedError("Interrupted"));
  }

  async stop(graceMs: number): Promise<void> {
    const timer = setTimeout(() => {
      const reason = new StoppedError("Stopped");
      this.#context.watchdog.abortAll(reason);
      this.#calls.end(reason);
    }, graceMs);
    await this.#pool.stop();
    clearTimeout(timer);
    clearInterval(this.#timer);
    clearInterval(this.#beat);
    this.#heap[Symbol.dispose]();
    for (const driver of this.#context.drivers) driver[Symbol.dispose]();
    await this.#drivers.end();
    this.#context.watchdog[Symbol.dispose]();
    this.#context.manifest[Symbol.dispose]();
    this.#context.names[Symbol.dispose]();
    this.#context.space[Symbol.dispose]();
    this.#post({ type: "stopped" });
  }
}
