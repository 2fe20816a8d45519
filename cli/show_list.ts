import type { CfgSettings } from "../config/cfg_settings.ts";
import {
  addWork,
  findMissing,
  type ListProgress,
  type OwnerState,
  type OwnerVitals,
  redactTask,
  type RunningFile,
  silentHosts,
  sizeText,
  type Task,
  type TaskCounts,
  type TaskSharedList,
  workOfOwner,
  workProgress,
} from "../mod.ts";
import { fileParts, type Lang, speedText } from "./human.ts";
import { inLang } from "./in_lang.ts";
import { progressLine } from "./progress_words.ts";
import { readFilter } from "./read_filter.ts";
import { print, printLine } from "./print.ts";
import { RunningFiles } from "./running_files.ts";

const PAGE = 500;
/** Running files that a status names, the largest ones. */
const MOST_FILES = 5;

/** Prints the tasks, page by page: the list may be longer than the memory. */
export async function showTasks(list: TaskSharedList, settings: CfgSettings): Promise<void> {
  const { json, limit = Infinity, lang } = settings;
  let shown = 0;
  const running = new RunningFiles(await list.owners());
  for await (const task of settings.missing ? findMissing(list, settings.dir) : chosen(list, settings)) {
    if (shown++ === limit) return;
    if (json) print(JSON.stringify(running.withProgress(redactTask(task))));
    else printLine(row(task, running.of(task), lang));
  }
}

async function* chosen(list: TaskSharedList, settings: CfgSettings): AsyncGenerator<Task, void, void> {
  const { status, where, limit = PAGE } = settings;
  let cursor: string | undefined;
  do {
    const page = await list.list({
      limit: Math.min(limit, PAGE),
      ...(where === undefined ? {} : { filter: readFilter(where) }),
      ...(status === undefined ? {} : { status }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.tasks;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Prints the counts, how far the list has come, and who works on it. */
export async function showStatus(list: TaskSharedList, settings: CfgSettings): Promise<void> {
  const { json, lang } = settings;
  const [counts, owners] = [await list.counts(), await list.owners()];
  const progress = progressOf(counts, owners);
  if (json) {
    print(JSON.stringify({ counts, ...(progress === undefined ? {} : { progress }), owners }));
    return;
  }
  for (const [status, count] of Object.entries(counts)) print(`${status.padEnd(9)} ${count}`);
  if (progress !== undefined) print(progressLine({ ...progress, counts }, lang));
  for (const file of new RunningFiles(owners).all.slice(0, MOST_FILES)) {
    const task = await list.get(file.id);
    if (task?.status === "running") printLine(`  ${[task.out, ...fileParts(file, lang)].join("  ")}`);
  }
  for (const owner of owners) printLine(await inLang(ownerRow(owner), lang));
  if (owners.length > 1) print(await inLang(fleetRow(owners), lang));
  for (const row of silentRows(owners)) printLine(await inLang(row, lang));
}

function silentRows(owners: readonly OwnerState[]): string[] {
  const silent = silentHosts(owners);
  const rows = [...silent].map(([host, since]) => `${host}: ${silentText(since)}`);
  // Several owners may count the same hosts.
  const count = Math.max(...owners.map(({ alive, vitals }) => alive ? vitals?.silent?.count ?? 0 : 0));
  if (count > silent.size) rows.push(`at least ${count - silent.size} more hosts are silent`);
  return rows;
}

/** Says since when a host has been silent, in milliseconds since the epoch. */
export function silentText(since: number): string {
  return `host silent since ${new Date(since).toISOString()}`;
}

/** How far the list has come, by what its owners say; `undefined` if none is at work. */
function progressOf(
  counts: TaskCounts,
  owners: readonly OwnerState[],
): Omit<ListProgress, "counts" | "files"> | undefined {
  const alive = owners.filter(({ alive }) => alive);
  if (alive.length === 0) return undefined;
  const work = addWork(alive.flatMap(({ vitals }) => vitals === undefined ? [] : [workOfOwner(vitals)]));
  const { speed, filesPerSecond } = work;
  return { ...workProgress(counts, work), speed, filesPerSecond };
}

function ownerRow({ host, pid, cores, alive, vitals }: OwnerState): string {
  const who = `${alive ? "alive" : "silent"} on ${host}, pid ${pid}, cores ${cores.join(",")}`;
  if (vitals === undefined) return who;
  const load = vitals.load.map((percent) => `${percent} %`).join(" ");
  return `${who}: load ${load}, ${workText(vitals)}`;
}

/** All owners together. */
function fleetRow(owners: readonly OwnerState[]): string {
  const total = { active: 0, speed: 0, done: 0, failed: 0 };
  for (const { vitals } of owners.filter(({ alive }) => alive)) {
    if (vitals === undefined) continue;
    for (const field of ["active", "speed", "done", "failed"] as const) total[field] += vitals[field];
  }
  const machines = new Set(owners.map(({ host }) => host)).size;
  return `${owners.length} processes on ${machines} ${machines === 1 ? "machine" : "machines"}: ${workText(total)}`;
}

function workText({ active, speed, done, failed }: Pick<OwnerVitals, "active" | "speed" | "done" | "failed">): string {
  return `${active} running at ${speedText(speed)}, ${done} done, ${failed} failed`;
}

function row(task: Task, file: RunningFile | undefined, lang: Lang): string {
  const { id, status, attempts, url, out } = redactTask(task);
  const why = task.error === undefined ? "" : `  ${task.error.message}`;
  const size = task.bytes === undefined || file !== undefined ? "" : `  ${sizeText(task.bytes)}`;
  const far = file === undefined ? "" : `  ${fileParts(file, lang).join("  ")}`;
  const when = task.notBefore === undefined ? "" : `  not before ${new Date(task.notBefore).toISOString()}`;
  return `${id.padEnd(8)} ${status.padEnd(8)} ${
    String(attempts).padStart(2)
  }  ${out}  ${url}${size}${far}${why}${when}`;
}
