import { parseTask, taskText, textBytes } from "./task_codec.ts";
import { taskKeys } from "./task_keys.ts";
import { encodeRunning, type RunningBlock, type RunningBlocks } from "./task_kv_running.ts";
import { emptyStep } from "./task_kv_steps.ts";
import type { ClaimedTask, Task } from "./task_model.ts";
import { decodeReservation, encodeReservation, type StoredReservation } from "./task_kv_wish.ts";
import { draftMark } from "./task_draft.ts";
import type { RenameRequest, RenameResult } from "./task_shared_list.ts";
import type { KvStep, KvStore } from "./kv_store.ts";

/** Renames in one commit, at the most: each checks its path, and often a block. */
const AT_ONCE = 40;
/** Keys are dear: see `KEY_WEIGHT` in `task_kv_add.ts`. */
const KEY_WEIGHT = 27;

interface OpenRename extends RenameRequest {
  index: number;
}

/** The path index, as it was read. */
type Paths = ReadonlyMap<string, { id: string | undefined; versionstamp: string | null }>;

/** One commit as it comes about: the blocks with their new texts, and what becomes of each rename. */
interface Round {
  step: KvStep;
  blocks: Map<string, RunningBlock>;
  named: { item: OpenRename; task: ClaimedTask }[];
  /** Paths and claims that this round has used up. */
  used: Set<string>;
}

/**
 * Gives running tasks other paths. One commit checks that the paths are free (or the task's own) and that the running
 * blocks are as this process knows them, reserves the paths, and rewrites the records in their blocks. The path before
 * stays the task's and points to the new one.
 *
 * @returns One result for each request, in order.
 */
export async function renameTasks(
  store: KvStore,
  blocks: RunningBlocks,
  renames: readonly RenameRequest[],
): Promise<RenameResult[]> {
  const results: RenameResult[] = new Array(renames.length);
  let open: OpenRename[] = renames.map((rename, index) => ({ ...rename, index }));
  const atOnce = Math.max(1, Math.min(AT_ONCE, Math.floor(store.limits.checks / 2)));
  while (open.length > 0) {
    const batch = open.slice(0, atOnce);
    const later = open.slice(atOnce);
    const paths = await readPaths(store, batch);
    const round: Round = { step: emptyStep(), blocks: new Map(), named: [], used: new Set() };
    const before: RunningBlock[] = [];
    const postpone = (item: OpenRename) => {
      later.push(item);
      // What comes behind it must not be served before it.
      for (const used of [claimOf(item), ...placesOf(item)]) round.used.add(used);
    };
    for (const item of batch) {
      const { owner, fence } = item.task;
      const name = `${fence} ${owner}`;
      const known = round.blocks.get(name);
      const block = known ?? blocks.known(owner, fence) ?? await blocks.read(owner, fence);
      const text = block?.open.get(item.task.seq);
      if (block === undefined || text === undefined) {
        results[item.index] = { type: "stale" };
        continue;
      }
      const stored = parseTask(text);
      const place = placeOf(item, stored, paths);
      const meets = round.used.has(claimOf(item)) || placesOf(item).some((place) => round.used.has(place));
      if (meets || round.step.bytes > store.limits.bytes / 2) {
        postpone(item);
      } else if (stored.named === true || place === undefined) {
        // Nothing is written, so nothing has shown yet that the claim still stands.
        const current = (await store.get(block.key)).versionstamp === block.versionstamp;
        if (current) {
          results[item.index] = stored.named === true
            ? { type: "named", task: claimed(stored, block) }
            : { type: "taken" };
        } else {
          blocks.forget(block);
          postpone(item);
        }
      } else {
        if (known === undefined) {
          before.push(block);
          round.step.checks.push({ key: block.key, versionstamp: block.versionstamp });
          for (const each of block.open.values()) round.step.bytes += textBytes(each);
          round.blocks.set(name, { ...block, open: new Map(block.open) });
        }
        move(round, item, stored, place, paths, round.blocks.get(name)!);
      }
    }
    if (round.named.length > 0 && await commitRound(store, blocks, round)) {
      for (const { item, task } of round.named) results[item.index] = { type: "named", task };
    } else {
      // Somebody touched a block or took a path: the store says how things are now.
      for (const block of before) blocks.forget(block);
      later.push(...round.named.map(({ item }) => item));
    }
    open = later.sort((a, b) => a.index - b.index);
  }
  return results;
}

async function readPaths(store: KvStore, batch: readonly OpenRename[]): Promise<Paths> {
  const wanted = new Set(batch.flatMap(placesOf));
  const entries = await store.getMany<StoredReservation>([...wanted].map(taskKeys.path));
  return new Map(entries.map(({ key, value, versionstamp }) => [
    key[2] as string,
    { id: value === null ? undefined : decodeReservation(value).id, versionstamp },
  ]));
}

/** The first path that is free, or this task's already. */
function placeOf(item: OpenRename, { id }: Task, paths: Paths): string | undefined {
  return placesOf(item).find((place) => (paths.get(place)?.id ?? id) === id);
}

function placesOf({ out, fallbackOut }: RenameRequest): string[] {
  return fallbackOut === undefined ? [out] : [out, fallbackOut];
}

function claimOf({ task }: RenameRequest): string {
  // No path has a zero byte.
  return `\0${task.seq} ${task.fence}`;
}

/** Adds a rename to the round. */
function move(
  { step, named, used }: Round,
  item: OpenRename,
  stored: Task,
  place: string,
  paths: Paths,
  block: RunningBlock,
): void {
  const { id, url, out } = stored;
  const first = place === out ? {} : { firstOut: out };
  const entry = taskText({ ...stored, out: place, named: true, ...first });
  step.checks.push({ key: taskKeys.path(place), versionstamp: paths.get(place)!.versionstamp });
  step.sets.push([taskKeys.path(place), encodeReservation(url, id, undefined, draftMark(stored))]);
  if (place !== out) step.sets.push([taskKeys.path(out), encodeReservation(url, id, place, draftMark(stored))]);
  step.bytes += textBytes(entry.text) + (place.length + out.length) * KEY_WEIGHT;
  block.open.set(stored.seq, entry.text);
  used.add(place);
  used.add(claimOf(item));
  named.push({ item, task: claimed(entry.task, block) });
}

function claimed(task: Task, { owner, core, fence }: RunningBlock): ClaimedTask {
  return { ...task, status: "running", owner, core, fence };
}

async function commitRound(store: KvStore, blocks: RunningBlocks, round: Round): Promise<boolean> {
  for (const block of round.blocks.values()) {
    round.step.sets.push([block.key, encodeRunning(block.core, block.open.values())]);
  }
  const result = await store.commit(round.step);
  if (!result.ok) return false;
  for (const block of round.blocks.values()) blocks.remember({ ...block, versionstamp: result.versionstamp });
  return true;
}
