import {
  hostSilentSince,
  redactTask,
  redactUrl,
  type RunningFile,
  type Task,
  type TaskAttempt,
  type TaskUserMove,
} from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { inLang } from "../in_lang.ts";
import { openList } from "../open_list.ts";
import { silentText } from "../show_list.ts";
import { UsageError } from "../parse_command.ts";
import { fileParts, type Lang } from "../human.ts";
import { print, printLine } from "../print.ts";
import { RunningFiles } from "../running_files.ts";

/** `corehaul why ID|URL`: tells the story of a task. */
export async function whyCommand({ command, settings, logger }: CommandContext): Promise<number> {
  if (command.args.length === 0) throw new UsageError("corehaul why needs the id or the url of a task");
  await using list = await openList(settings, logger);
  const owners = await list.owners();
  const running = new RunningFiles(owners);
  let code = DONE;
  for (const word of command.args) {
    const byId = await list.get(word);
    // A url is looked for in the whole list: it may be there several times, for several paths.
    const byUrl = byId === undefined && URL.canParse(word)
      ? (await list.list({ filter: { url: [word] }, limit: 1000 })).tasks
      : [];
    const tasks = byId === undefined ? byUrl : [byId];
    if (tasks.length === 0) {
      logger.error(`there is no task with the id or the url "${redactUrl(word)}"`);
      code = INCOMPLETE;
    }
    for (const task of tasks) {
      const silentSince = isOpen(task) ? hostSilentSince(owners, task.url) : undefined;
      const shown = redactTask(task);
      if (settings.json) {
        print(
          JSON.stringify({ ...running.withProgress(shown), ...(silentSince === undefined ? {} : { silentSince }) }),
        );
      } else {
        for (const line of story(shown, { file: running.of(shown), silentSince, lang: settings.lang })) {
          // What is told at a time stands behind that.
          const [, time, what] = /^((?: {2}\S{24}| {26})? {2})?(.*)$/s.exec(line)!;
          printLine(`${time ?? ""}${await inLang(what!, settings.lang)}`);
        }
      }
    }
  }
  return code;
}

/** True if it is still to be downloaded. */
function isOpen({ status }: Task): boolean {
  return status === "waiting" || status === "running";
}

/** What is known of a task beside its record. */
interface TaskNews {
  file: RunningFile | undefined;
  silentSince: number | undefined;
  lang: Lang;
}

function story(task: Task, { file, silentSince, lang }: TaskNews): string[] {
  const { id, status, url, out, firstOut, priority, addedAt, history = [], attempts, bytes, finalUrl } = task;
  const lines = [`${id} is ${status}: ${url}`];
  const say = (when: number | undefined, what: string) =>
    lines.push(`  ${when === undefined ? " ".repeat(24) : time(when)}  ${what}`);
  const first = task.moves?.some(({ move }) => move === "prioritize") ? 0 : priority;
  say(addedAt, `added for ${firstOut ?? out}${first === 0 ? "" : `, priority ${first}`}`);
  const untold = attempts - history.filter(({ kind }) => kind !== "crash").length - (status === "done" ? 1 : 0);
  for (const [when, what] of events(task, untold)) say(when, what);
  if (firstOut !== undefined) say(undefined, `the server calls it ${out}`);
  if (status === "done") {
    say(task.finishedAt, `done on core ${task.core}, at attempt ${attempts}: ${bytes} bytes from ${finalUrl}`);
  }
  if (status === "running") {
    const far = file === undefined ? "" : `: ${fileParts(file, lang).join(", ")}`;
    say(undefined, `runs on core ${task.core}${far}`);
  }
  // What a list of an older version, or a task file with --sync, has canceled has no move.
  if (status === "canceled" && task.moves?.at(-1)?.move !== "cancel") say(task.finishedAt, "canceled");
  if (silentSince !== undefined) {
    say(undefined, `${silentText(silentSince)}: one request at a time is open to it until it answers`);
  }
  lines.push(`  next: ${next(task)}`);
  return lines;
}

/** What became of it, by time: its attempts, and what users did to it. */
function events(task: Task, untold: number): [when: number | undefined, what: string][] {
  const { history = [], moves = [] } = task;
  const told: { at: number; when: number | undefined; what: string }[] = [];
  const tell = (at: number, what: string, when: number | undefined = at) => told.push({ at, when, what });
  for (const [i, attempt] of history.entries()) {
    if (i === 1 && untold > 0) {
      told.push({
        at: attempt.startedAt ?? attempt.at,
        when: undefined,
        what: `${untold} further attempts that failed`,
      });
    }
    if (attempt.startedAt !== undefined) tell(attempt.startedAt, started(attempt.core));
    tell(attempt.at, failure(attempt));
  }
  for (const move of moves) tell(move.at, did(move));
  if (task.status === "done" && task.startedAt !== undefined) tell(task.startedAt, started(task.core));
  return told.sort((a, b) => a.at - b.at).map(({ when, what }) => [when, what]);
}

function started(core: number | undefined): string {
  return core === undefined ? "started" : `started on core ${core}`;
}

const DID: Readonly<Record<TaskUserMove["move"], string>> = {
  pause: "paused",
  resume: "resumed",
  cancel: "canceled",
  prioritize: "moved to priority",
};

function did({ move, priority, ran }: TaskUserMove): string {
  return `${DID[move]}${priority === undefined ? "" : ` ${priority}`}${ran === undefined ? "" : " while it ran"}`;
}

function failure({ core, kind, message, again }: TaskAttempt): string {
  const where = core === undefined ? "" : ` on core ${core}`;
  return `failed${where}: ${message} (${kind})${again === undefined ? "; given up" : `; again at ${time(again)}`}`;
}

function next({ id, status, notBefore, error }: Task): string {
  switch (status) {
    case "waiting":
      return notBefore === undefined ? "it is taken in its turn" : `not before ${time(notBefore)}`;
    case "running":
      return "its download ends";
    case "paused":
      return `nothing, until \`corehaul resume ${id}\``;
    case "failed":
      if ((error?.retryAt ?? 0) > Date.now()) {
        return `it is tried again by the first run after ${time(error!.retryAt!)}, or by \`corehaul retry ${id}\``;
      }
      return error?.retryable === true
        ? `it is tried again at the start of the next run, or by \`corehaul retry ${id}\``
        : `nothing, until \`corehaul retry ${id}\``;
    case "canceled":
      return `nothing, until \`corehaul retry ${id}\``;
    case "done":
      return "nothing";
  }
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
