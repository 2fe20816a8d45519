import {
  controlledStatuses,
  type ControlRequest,
  type ControlResult,
  type ControlVerb,
  findMissing,
  redactUrl,
  type TaskSharedList,
} from "../../mod.ts";
import type { CfgSettings } from "../../config/cfg_settings.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { inLang } from "../in_lang.ts";
import { openList } from "../open_list.ts";
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
export async function controlCommand({ command, settings, logger }: CommandContext): Promise<number> {
  const verb = command.name as ControlVerb;
  const ids = [...command.args];
  const priority = verb === "priority" ? readPriority(ids) : {};
  const request: ControlRequest = { verb, ...priority, ...whichTasks(command, ids, settings) };
  await using list = await openList(settings, logger);
  const result = settings.missing ? await retryMissing(list, settings.dir) : await list.control(request);
  for (const id of result.unknown) logger.error(`there is no task "${redactUrl(id)}"`);
  for (const { id, status } of result.unmoved) logger.error(`task "${id}" cannot be ${DID[verb]}: it is ${status}`);
  const said = settings.json
    ? JSON.stringify({ type: verb, ...result })
    : await inLang(answer(verb, result), settings.lang);
  tell(said, logger);
  return result.unknown.length + result.unmoved.length > 0 ? INCOMPLETE : DONE;
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
