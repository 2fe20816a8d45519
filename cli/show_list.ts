import { format as formatBytes } from "@std/fmt/bytes";
import type { CfgSettings } from "../config/cfg_settings.ts";
import {
  findMissing,
  type OwnerState,
  type OwnerVitals,
  redactTask,
  silentHosts,
  type Task,
  type TaskSharedList,
} from "../mod.ts";
import { readFilter } from "./read_filter.ts";
import { print, printLine } from "./print.ts";

const PAGE = 500;

/** Prints the tasks, page by page: the list may be longer than the memory. */
export async function showTasks(list: TaskSharedList, settings: CfgSettings): Promise<void> {
  const { json, limit = Infinity } = settings;
  let shown = 0;
  for await (const task of settings.missing ? findMissing(list, settings.dir) : chosen(list, settings)) {
    if (shown++ === limit) return;
    if (json) print(JSON.stringify(redactTask(task)));
    else printLine(row(task));
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

/** Prints the counts, and who works on the list. */
export async function showStatus(list: TaskSharedList, settings: CfgSettings): Promise<void> {
  const [counts, owners] = [await list.counts(), await list.owners()];
  if (settings.json) {
    print(JSON.stringify({ counts, owners }));
    return;
  }
  for (const [status, count] of Object.entries(counts)) print(`${status.padEnd(9)} ${count}`);
  for (const owner of owners) printLine(ownerRow(owner));
  if (owners.length > 1) print(fleetRow(owners));
  for (const row of silentRows(owners)) printLine(row);
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

function ownerRow({ host, pid, cores, alive, vitals }: OwnerState): string {
  const who = `${alive ? "alive" : "silent"} on ${host}, pid ${pid}, cores ${cores.join(",")}`;
  if (vitals === undefined) return who;
  const load = vitals.load.map((percent) => `${percent} %`).join(" ");
  return `${who}: load ${load}, ${work(vitals)}`;
}

/** All owners together. */
function fleetRow(owners: readonly OwnerState[]): string {
  const total = { active: 0, speed: 0, done: 0, failed: 0 };
  for (const { vitals } of owners.filter(({ alive }) => alive)) {
    if (vitals === undefined) continue;
    for (const field of ["active", "speed", "done", "failed"] as const) total[field] += vitals[field];
  }
  const machines = new Set(owners.map(({ host }) => host)).size;
  return `${owners.length} processes on ${machines} ${machines === 1 ? "machine" : "machines"}: ${work(total)}`;
}

function work({ active, speed, done, failed }: Pick<OwnerVitals, "active" | "speed" | "done" | "failed">): string {
  return `${active} running at ${formatBytes(speed, { binary: true })}/s, ${done} done, ${failed} failed`;
}

function row(task: Task): string {
  const { id, status, attempts, url, out } = redactTask(task);
  const why = task.error === undefined ? "" : `  ${task.error.message}`;
  const size = task.bytes === undefined ? "" : `  ${formatBytes(task.bytes, { binary: true })}`;
  const when = task.notBefore === undefined ? "" : `  not before ${new Date(task.notBefore).toISOString()}`;
  return `${id.padEnd(8)} ${status.padEnd(8)} ${String(attempts).padStart(2)}  ${out}  ${url}${size}${why}${when}`;
}
