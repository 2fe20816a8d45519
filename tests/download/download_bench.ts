import { join } from "@std/path";
import { BudgetShare } from "../../download/body_budget.ts";
import { FileSpace } from "../../ffi/file_space.ts";
import { DiskSpace } from "../../download/disk_space.ts";
import { FinalNames } from "../../download/final_names.ts";
import { Manifest } from "../../download/manifest.ts";
import type { DownloadContext, DownloadTask } from "../../download/download_context.ts";
import { procDownloadCore } from "../../download/proc_download_core.ts";
import { retryOn } from "../../queue/retry_on.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { MirrorMemory } from "../../download/mirror_memory.ts";
import { RangeRefusals } from "../../download/range_refusals.ts";
import { SmallFiles } from "../../download/small_files.ts";
import { connectProbe, Watchdog, type WatchLimits } from "../../download/watchdog.ts";
import { libcLibrary } from "../../ffi/libc_library.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { type FaultHandler, FaultServer } from "../support/fault_server.ts";

/** How a {@linkcode DownloadBench} is set up. */
export interface DownloadBenchOptions {
  /** Our own client in front. Default true. */
  lane?: boolean;
  /** The name of this boot. */
  bootId?: string;
  /** The types that are fine. */
  expectType?: string;
  /** Connections for one file, and how many bytes one of them is worth. */
  segments?: { count: number | "auto"; bytes?: number };
  /** The time limits; 60 s each by default. */
  limits?: Partial<WatchLimits>;
}

/** The download core in this process, a download folder, and a server to fetch from. */
export class DownloadBench implements AsyncDisposable {
  /** The server. */
  readonly server: FaultServer;
  /** The download folder. */
  readonly root: string;
  /** What the core works with. */
  readonly context: DownloadContext;
  /** Hosts that want to be left alone, and until when. */
  readonly cooled = new Map<string, number>();
  /** What is open; disposed of with the bench, or before. */
  readonly open: Disposable[];
  #bytes = 0;
  #claims = 0;

  private constructor(server: FaultServer, root: string, options: DownloadBenchOptions) {
    this.server = server;
    this.root = root;
    const { lane = true, bootId = "boot-1", expectType, limits, segments } = options;
    const driver = new HttpDriver({ idlePerHost: 4, lane, headers: expectType !== undefined });
    const watchdog = new Watchdog({ connectTimeoutMs: 60_000, stallTimeoutMs: 60_000, ...limits }, connectProbe);
    const writer = crypto.randomUUID();
    const manifest = new Manifest(root, writer);
    const names = new FinalNames(libcLibrary());
    const space = new DiskSpace(root, new FileSpace(libcLibrary()));
    this.open = [driver, watchdog, manifest, names, space];
    this.context = {
      root,
      writer,
      bootId,
      drivers: [driver],
      fresh: false,
      manifest,
      names,
      smallFiles: new SmallFiles(names, manifest),
      space,
      watchdog,
      retry: { retries: 2, retryWaitMs: 1000 },
      maxHostWaitMs: 3_600_000,
      maxRedirects: 5,
      contentEncoding: "auto",
      mirrors: new MirrorMemory(),
      rangeRefusals: new RangeRefusals(),
      retryOn: retryOn(),
      fsync: false,
      remoteTime: true,
      overwrite: "never",
      rename: (task, out, fallbackOut) => this.#rename(task.id, out, fallbackOut),
      refresh: false,
      budgets: new BudgetShare(),
      coolHost: (host, until) => this.cooled.set(host, until),
      ...(expectType === undefined ? {} : { expectType }),
      ...(segments === undefined ? {} : { segments: segments.count }),
      ...(segments?.bytes === undefined ? {} : { segmentBytes: segments.bytes }),
      onBytes: (count) => this.#bytes += count,
    };
  }

  /** Starts a server and makes a folder. */
  static async start(handler: FaultHandler, options: DownloadBenchOptions = {}): Promise<DownloadBench> {
    return new DownloadBench(FaultServer.start(handler), await Deno.realPath(await Deno.makeTempDir()), options);
  }

  /** Another process with the same server and folder, as far as the core can tell. */
  another(options: DownloadBenchOptions = {}): DownloadBench {
    const other = new DownloadBench(this.server, this.root, options);
    other.#owned = false;
    return other;
  }

  #owned = true;

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Runs the core for a path of the server; the file goes to `file`, whatever the answer says, unless the task says otherwise. */
  fetch(path: string, task: Partial<DownloadTask> = {}): Promise<TaskOutcome> {
    const fence = `${this.context.writer.slice(0, 8)}${++this.#claims}`;
    const url = this.server.url + path;
    return procDownloadCore(
      { id: "t1", seq: 1, url, out: "file", named: true, attempts: 0, core: 0, fence, ...task },
      this.context,
    );
  }

  /** The paths that other tasks have, and those that tasks asked for here: what a list does, for one process. */
  readonly taken = new Map<string, string>();
  /** Every name that was asked for, with the other one. */
  readonly asked: [out: string, fallbackOut?: string][] = [];

  #rename(id: string, out: string, fallbackOut?: string): Promise<string> {
    this.asked.push(fallbackOut === undefined ? [out] : [out, fallbackOut]);
    const place = [out, fallbackOut ?? out].find((place) => (this.taken.get(place) ?? id) === id);
    if (place === undefined) throw new TypeError("the test wants no such case");
    this.taken.set(place, id);
    return Promise.resolve(place);
  }

  /** What is in the folder, without dot-names. */
  names(): string[] {
    return [...Deno.readDirSync(this.root)].map(({ name }) => name).filter((name) => name[0] !== ".").sort();
  }

  /** Where a file is. */
  path(name: string): string {
    return join(this.root, name);
  }

  /** A file of the folder. */
  read(name = "file"): Uint8Array<ArrayBuffer> {
    return Deno.readFileSync(this.path(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.open.splice(0)) each[Symbol.dispose]();
    if (!this.#owned) return;
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.root, { recursive: true });
  }
}
