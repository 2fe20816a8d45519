import { dirname, join, resolve } from "@std/path";
import { isRedisAddress, shownAddress } from "../config/redis_address.ts";
import { checkKv } from "../queue/kv_check.ts";
import { cpuLayout } from "../ffi/cpu_layout.ts";
import { cpuTopology } from "../ffi/cpu_topology.ts";
import { openFiles } from "../ffi/open_files.ts";
import { libcLibrary } from "../ffi/libc_library.ts";
import { procBindToCpu } from "../ffi/proc_bind_to_cpu.ts";
import { STATE_FOLDER } from "../download/task_names.ts";
import { brokenText } from "./broken_text.ts";
import { exposedFiles } from "./exposed_files.ts";
import { fitOpenFiles, openFilesText } from "./fit_open_files.ts";
import { evictionText, isOnServer, openTaskList, type OpenTaskListOptions, taskListExists } from "./open_task_list.ts";

const PAGE = 1000;

/** One thing that the doctor looked at. */
export interface DoctorFinding {
  /** What it is. */
  name: string;
  /** False if it stands in the way of a normal run. */
  ok: boolean;
  /** What was found. */
  detail: string;
}

/** What the doctor looks at. */
export interface DoctorOptions {
  /** The address of the task list. */
  queue: string;
  /** The download folder. Default: it is not looked at. */
  directory?: string;
  /** How to open it. Default: as a file of this machine. */
  list?: OpenTaskListOptions;
  /** The cores that a run would be given. */
  cores?: readonly number[] | undefined;
  /** The workers that a run would be given. */
  workers?: number | undefined;
  /** Close what others can read to them. Default false: it is only named. */
  fix?: boolean;
  /** How many downloads at a time each of them would be given. Default 64. */
  concurrency?: number;
}

/**
 * Finds out what this machine allows: cores, quota, pinning, the task list. It pins the calling thread to each core in
 * turn and leaves it on the last one, so it is for a process that ends afterwards. Only with `fix` it changes anything,
 * but for records of the list that cannot be read: they are set aside, as by whoever else meets them.
 *
 * @param options What a run would be given.
 * @returns What was found.
 */
export async function doctor(options: DoctorOptions): Promise<DoctorFinding[]> {
  const library = libcLibrary();
  const withLibrary = library === undefined ? {} : { library };
  const { allowed, quota, source } = cpuTopology(withLibrary);
  const files = openFiles(library);
  const findings: DoctorFinding[] = [
    { name: "deno", ok: true, detail: `${Deno.version.deno} on ${Deno.build.target}` },
    { name: "kv", ok: typeof Deno.openKv === "function", detail: "Deno.openKv, from --unstable-kv" },
    { name: "cores", ok: allowed.length > 0, detail: `${allowed.join(",")} allowed, by ${source}` },
    { name: "quota", ok: true, detail: quota === undefined ? "none" : `${quota} cores` },
  ];
  const attempt = async (name: string, look: () => string | Promise<string>) => {
    try {
      findings.push({ name, ok: true, detail: await look() });
    } catch (error) {
      findings.push({ name, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  };
  await attempt("layout", () => {
    const { cores, workers } = options;
    const layout = cpuLayout({ allowed, quota, cores, workers });
    return `main and config on core ${layout.main}, download workers on ${layout.workers.join(",")}`;
  });
  await attempt("files", () => {
    if (files === undefined) return "no limit is known";
    const { cores, workers, concurrency = 64 } = options;
    const wish = { workers: cpuLayout({ allowed, quota, cores, workers }).workers.length, concurrency };
    return openFilesText(files.limit, fitOpenFiles(files, wish), wish) ??
      `${files.limit} may be open (ulimit -n), which is enough`;
  });
  await attempt("pinning", () => {
    for (const core of allowed) procBindToCpu(core, withLibrary);
    return `works on every allowed core, through ${library ?? "the system"}`;
  });
  const { directory } = options;
  if (directory !== undefined) {
    await attempt("folder", async () => {
      for (const folder of [directory, join(directory, STATE_FOLDER)]) await assertWritable(folder);
      return `${directory} can be written`;
    });
  }
  const path = options.queue.replace(/^kv:/, "");
  const there = path !== ":memory:" && await taskListExists(options.queue);
  const local = there && !isOnServer(options.queue);
  // Before it is opened: what SQLite puts beside it then goes by its mode.
  await attempt("private", async () => {
    const list = local ? { list: resolve(path) } : {};
    const { count, mend, close } = await exposedFiles({
      ...list,
      ...directory === undefined ? {} : { directory: resolve(directory) },
    });
    if (count === 0) return "nobody else can read list, claim logs and manifests";
    const files = count === 1 ? "1 file" : `${count} files`;
    if (!options.fix) {
      throw new Error(`others can read ${files} that may hold secrets: ${mend} (or corehaul doctor --fix)`);
    }
    await close();
    return `${files} ${count === 1 ? "is" : "are"} closed to others now`;
  });
  if (local) {
    // Before it is opened: what is damaged may not open at all.
    await attempt("integrity", () => {
      const faults = checkKv(resolve(path));
      if (faults.length > 0) throw new Error(`${options.queue} is damaged: ${faults.join("; ")}`);
      return "the file of the list is whole";
    });
  }
  if (path !== ":memory:" && !isOnServer(options.queue)) {
    await attempt("list", async () => {
      await assertWritable(dirname(resolve(path)));
      // Neither made nor changed: only whether that would be possible.
      if (there) (await Deno.open(path, { write: true })).close();
      return `${path} can be written`;
    });
  }
  if (isRedisAddress(options.queue)) {
    await attempt("eviction", async () => {
      await using list = await openTaskList(options.queue, options.list);
      const policy = await list.evicts?.();
      if (policy !== undefined) throw new Error(evictionText(policy));
      return "the Redis of the list drops nothing, or does not tell";
    });
  }
  await attempt("queue", async () => {
    if (!there) return `none yet at ${shownAddress(options.queue)}`;
    await using list = await openTaskList(options.queue, options.list);
    const counts = await list.counts();
    return `${shownAddress(options.queue)}: ${
      Object.entries(counts).map(([status, count]) => `${count} ${status}`).join(", ")
    }`;
  });
  if (there) {
    await attempt("records", async () => {
      await using list = await openTaskList(options.queue, options.list);
      let cursor: string | undefined;
      // Who reads them sets aside what is broken.
      do ({ cursor } = await list.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })); while (
        cursor !== undefined
      );
      const broken = await list.broken?.();
      if (broken?.total) throw new Error(brokenText(broken));
      return "all records of the list can be read";
    });
  }
  return findings;
}

/** Makes a file in a folder, or where that would be made, and takes it away again. */
async function assertWritable(folder: string): Promise<void> {
  let near = resolve(folder);
  while (!await isThere(near)) near = dirname(near);
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: near, prefix: ".corehaul-" }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot write ${folder} as no file can be made in ${near} (${why})`);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
