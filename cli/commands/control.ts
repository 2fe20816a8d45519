import { format as formatBytes } from "@std/fmt/bytes";
import {
  CfgError,
  compactTaskList,
  controlledStatuses,
  type ControlRequest,
  type ControlResult,
  type ControlVerb,
  findMissing,
  type Logger,
  type PartsLeft,
  PartsOfMoved,
  type PartsSum,
  redactUrl,
  type TaskSharedList,
} from "../../mod.ts";
import type { CfgSettings } from "../../config/cfg_settings.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { inLang } from "../in_lang.ts";
import { openList } from "../open_list.ts";
import { sayRemains } from "../say_remains.ts";
import { type Command, UsageError } from "../parse_command.ts";
import { readFilter } from "../read_filter.ts";
import { tell } from "../print.ts";

/** What was done, for the answer. */
const DID: Readonly<Record<ControlVerb, string>> = {
  pause: "paused",
  resume: "resumed",
  cancel: "canceled",
  retry: "set to be tried again",
  remove: "removed",
  priority: "moved to another priority",
};
const AT_ONCE = 500;
const MAX_PRIORITY = 1_000_000_000;

/** `corehaul pause`, `resume`, `cancel`, `retry`, `remove` and `priority`: moves tasks of a list, running or not. */
export async function controlCommand(context: CommandContext): Promise<number> {
  const { command, settings, logger } = context;
  const verb = command.name as ControlVerb;
  const ids = [...command.args];
  const priority = verb === "priority" ? readPriority(ids) : {};
  const request: ControlRequest = { verb, ...priority, ...whichTasks(command, ids, settings) };
  const parts = await watchParts(verb, context);
  if (parts !== undefined) request.moved = (task) => parts.note(task);
  if (settings.dropPart) request.dropParts = true;
  const result = await control(request, settings, logger);
  const left = await parts?.settled();
  for (const id of result.unknown) logger.error(`there is no task "${redactUrl(id)}"`);
  for (const { id, status } of result.unmoved) logger.error(`task "${id}" cannot be ${DID[verb]}: it is ${status}`);
  if (settings.json) tell(JSON.stringify({ type: verb, ...result, ...left }), logger);
  else if (!settings.quiet) {
    tell(await inLang(answer(verb, result) + aboutParts(left, settings.dir), settings.lang), logger);
  }
  if (left !== undefined && left.held.files > 0) logger.error(stillHeld(left.held, settings.dir));
  const gone = verb !== "remove" || await takeOut(settings.queue, logger);
  return result.unknown.length + result.unmoved.length > 0 || !gone || (left?.held.files ?? 0) > 0 ? INCOMPLETE : DONE;
}

/** Looks after the unfinished files of what is canceled or removed; undefined if there is no folder to look into. */
async function watchParts(verb: ControlVerb, { settings, given }: CommandContext): Promise<PartsOfMoved | undefined> {
  if (verb !== "cancel" && verb !== "remove") return undefined;
  const { dir, dropPart } = settings;
  const parts = await PartsOfMoved.at(dir, { drop: dropPart });
  if (parts !== undefined || !given.has("dir")) return parts;
  const message = `Cannot use --dir as it must be the download folder: current value is "${dir}", and there is none`;
  throw new CfgError([{ field: "dir", source: "flag", message }]);
}

/** What became of unfinished files, behind the answer. */
function aboutParts(parts: PartsLeft | undefined, dir: string): string {
  if (parts === undefined) return "";
  const { left, dropped } = parts;
  let text = "";
  if (dropped.files > 0) text += `; ${files(dropped)} ${dropped.files === 1 ? "is" : "are"} removed from ${dir}`;
  if (left.files > 0) text += `; ${files(left)} ${left.files === 1 ? "stays" : "stay"} in ${dir}`;
  return text;
}

function stillHeld(held: PartsSum, dir: string): string {
  return `${files(held)} in ${dir} cannot be removed yet, as a download still writes there: ` +
    "the run that has it in hand removes it when it obeys";
}

function files({ files, bytes }: PartsSum): string {
  return `${files} unfinished ${files === 1 ? "file" : "files"} of ${formatBytes(bytes, { binary: true })}`;
}

async function control(request: ControlRequest, settings: CfgSettings, logger: Logger): Promise<ControlResult> {
  await using list = await openList(settings, logger);
  return settings.missing ? await retryMissing(list, settings.dir) : await list.control(request);
}

/** Takes what was removed out of the file of the list; false if that is not possible. */
async function takeOut(queue: string, logger: Logger): Promise<boolean> {
  try {
    await compactTaskList(queue, sayRemains(logger));
    return true;
  } catch (error) {
    // What is removed is removed, and the file is as it was.
    logger.error(
      `what was removed still stands in the file of the list: ${error instanceof Error ? error.message : error}`,
    );
    return false;
  }
}

/** Tasks whose files are gone, while the walk through them goes on. */
async function retryMissing(list: TaskSharedList, dir: string): Promise<ControlResult> {
  let touched = 0;
  let ids: string[] = [];
  const flush = async () => {
    touched += (await list.control({ verb: "retry", ids, filter: { status: ["done"] } })).touched;
    ids = [];
  };
  for await (const { id } of findMissing(list, dir)) if (ids.push(id) === AT_ONCE) await flush();
  await flush();
  return { touched, unknown: [], unmoved: [] };
}

function answer(verb: ControlVerb, { touched }: ControlResult): string {
  return `${touched} ${touched === 1 ? "task" : "tasks"} ${DID[verb]}`;
}

function readPriority(args: string[]): { priority: number } {
  const text = args.shift();
  if (text === undefined) throw new UsageError("corehaul priority needs a number, and which tasks it is for");
  const priority = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (Math.abs(priority) <= MAX_PRIORITY) return { priority };
  throw new UsageError(
    `Cannot use N as it must be a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}: current value is "${text}"`,
  );
}

function whichTasks(
  { name }: Command,
  ids: readonly string[],
  { all, where, missing }: CfgSettings,
): Pick<ControlRequest, "ids" | "filter"> {
  const ways = [ids.length > 0, all, where !== undefined, missing].filter(Boolean).length;
  if (ways === 0) throw new UsageError(`corehaul ${name} needs the ids of tasks, --where or --all`);
  if (ways > 1) throw new UsageError(`corehaul ${name} takes either the ids of tasks, or --where, or --all`);
  if (ids.length > 0) return { ids };
  const filter = where === undefined ? {} : readFilter(where);
  if (controlledStatuses({ verb: name as ControlVerb, filter }).length === 0) {
    throw new UsageError(`Cannot ${name} tasks that are ${filter.status?.join(" or ")}`);
  }
  return { filter };
}
