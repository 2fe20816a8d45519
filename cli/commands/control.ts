import {
  CfgError,
  controlledStatuses,
  type ControlRequest,
  type ControlResult,
  type ControlVerb,
  openTaskList,
  parseTaskFilter,
  type TaskFilter,
} from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { type Command, UsageError } from "../parse_command.ts";
import { print } from "../terminal.ts";

/** What was done, for the answer. */
const DID: Readonly<Record<ControlVerb, string>> = {
  pause: "paused",
  resume: "resumed",
  cancel: "canceled",
  retry: "set to be tried again",
  remove: "removed",
  priority: "moved to another priority",
};
const MAX_PRIORITY = 1_000_000_000;

/** `corehaul pause`, `resume`, `cancel`, `retry`, `remove` and `priority`: moves tasks of a list, running or not. */
export async function controlCommand({ command, settings, logger }: CommandContext): Promise<number> {
  const verb = command.name as ControlVerb;
  const ids = [...command.args];
  const priority = verb === "priority" ? readPriority(ids) : {};
  const request: ControlRequest = { verb, ...priority, ...whichTasks(command, ids, settings.all, settings.where) };
  await using list = await openTaskList(settings.queue, { create: false });
  const result = await list.control(request);
  for (const id of result.unknown) logger.error(`there is no task "${id}"`);
  for (const { id, status } of result.unmoved) logger.error(`task "${id}" cannot be ${DID[verb]}: it is ${status}`);
  print(settings.json ? JSON.stringify({ type: verb, ...result }) : answer(verb, result));
  return result.unknown.length + result.unmoved.length > 0 ? INCOMPLETE : DONE;
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
  all: boolean,
  where: readonly string[] | undefined,
): Pick<ControlRequest, "ids" | "filter"> {
  const ways = [ids.length > 0, all, where !== undefined].filter(Boolean).length;
  if (ways === 0) throw new UsageError(`corehaul ${name} needs the ids of tasks, --where or --all`);
  if (ways > 1) throw new UsageError(`corehaul ${name} takes either the ids of tasks, or --where, or --all`);
  if (ids.length > 0) return { ids };
  const filter = where === undefined ? {} : readFilter(where);
  if (controlledStatuses({ verb: name as ControlVerb, filter }).length === 0) {
    throw new UsageError(`Cannot ${name} tasks that are ${filter.status?.join(" or ")}`);
  }
  return { filter };
}

/** The filter of `--where`. */
export function readFilter(where: readonly string[]): TaskFilter {
  const parsed = parseTaskFilter(where);
  if (parsed.type === "filter") return parsed.filter;
  throw new CfgError([{ field: "where", source: "flag", message: `Cannot use --where as it ${parsed.message}` }]);
}
