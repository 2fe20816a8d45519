import { join, resolve } from "@std/path";
import { format as formatBytes } from "@std/fmt/bytes";
import { type CleanedPart, cleanParts, type SparedParts, taskListExists, type TaskSharedList } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { openList } from "../open_list.ts";
import { tell, tellLine } from "../print.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Why unfinished files were spared, in words. */
const WHY: Readonly<Record<keyof SparedParts, string>> = {
  continuable: "can be continued",
  unclear: "with a .part-info that cannot be read",
  recent: "younger than a day",
  claimed: "named by a claim log",
  listed: "named by a list",
  held: "in use",
};

/** `corehaul clean`: lists unfinished files that nobody can continue, and with `--yes` removes them. */
export async function cleanCommand(context: CommandContext): Promise<number> {
  const { settings: { dir, yes, json }, logger } = context;
  await using lists = await openLists(context);
  const { parts, spared, unread } = await cleanParts(dir, { lists: lists.all, remove: yes });
  for (const folder of unread) logger.warn(`the folder "${join(dir, folder)}" cannot be read, and is passed over`);
  const failed = parts.filter(({ problem }) => problem !== undefined);
  const meant = yes ? parts.filter(({ removed }) => removed) : parts;
  for (const part of parts) {
    if (json) await tell(JSON.stringify({ type: "part", ...part }), logger);
    else if (part.problem === undefined) await tellLine(`${join(dir, part.path)}  ${about(part)}`, logger);
  }
  for (const { path, problem } of failed) logger.error(`"${join(dir, path)}" cannot be removed: ${problem}`);
  const bytes = meant.reduce((sum, part) => sum + part.bytes, 0);
  if (json) tell(JSON.stringify({ type: "clean", files: meant.length, bytes, removed: yes, spared }), logger);
  else tell(summary(meant.length, bytes, yes, spared), logger);
  return failed.length > 0 ? INCOMPLETE : DONE;
}

/** The list of `--queue`, and the one that a run within the folder makes; those of them that there are. */
async function openLists(context: CommandContext): Promise<AsyncDisposable & { all: TaskSharedList[] }> {
  const { settings, given, logger } = context;
  await using stack = new AsyncDisposableStack();
  const all: TaskSharedList[] = [];
  if (given.has("queue") || await taskListExists(settings.queue)) {
    all.push(stack.use(await openList(settings, logger)));
  }
  const inside = resolve(settings.dir, ".corehaul", "queue.db");
  if (resolve(settings.queue.replace(/^kv:/, "")) !== inside && await taskListExists(`kv:${inside}`)) {
    all.push(stack.use(await openList({ ...settings, queue: `kv:${inside}` }, logger)));
  }
  const opened = stack.move();
  return { all, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function about({ bytes, writtenAt }: CleanedPart): string {
  const days = Math.floor((Date.now() - writtenAt) / DAY_MS);
  return `${formatBytes(bytes, { binary: true })}, ${days} ${days === 1 ? "day" : "days"} old`;
}

function summary(count: number, bytes: number, yes: boolean, spared: SparedParts): string {
  const did = yes ? "removed" : count === 0 ? "to remove" : "to remove with --yes";
  const size = count === 0 ? "" : ` of ${formatBytes(bytes, { binary: true })}`;
  const kept = Object.entries(spared).filter(([, files]) => files > 0)
    .map(([reason, files]) => `${files} ${WHY[reason as keyof SparedParts]}`);
  const rest = kept.length === 0 ? "" : `; kept: ${kept.join(", ")}`;
  return `${count} unfinished ${count === 1 ? "file" : "files"}${size} ${did}${rest}`;
}
