import { redactTask, redactUrl, type RunningFile, type Task, type TaskAttempt } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { inLang } from "../in_lang.ts";
import { openList } from "../open_list.ts";
import { UsageError } from "../parse_command.ts";
import { fileParts, type Lang } from "../human.ts";
import { print, printLine } from "../print.ts";
import { RunningFiles } from "../running_files.ts";

/** `corehaul why ID|URL`: tells the story of a task. */
export async function whyCommand({ command, settings, logger }: CommandContext): Promise<number> {
  if (command.args.length === 0) throw new UsageError("corehaul why needs the id or the url of a task");
  await using list = await openList(settings, logger);
  const running = new RunningFiles(await list.owners());
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
    for (const task of tasks.map(redactTask)) {
      if (settings.json) print(JSON.stringify(running.withProgress(task)));
      else {
        for (const line of story(task, running.of(task), settings.lang)) {
          // What is told at a time stands behind that.
          const [, time, what] = /^((?: {2}\S{24}| {26})? {2})?(.*)$/s.exec(line)!;
          printLine(`${time ?? ""}${await inLang(what!, settings.lang)}`);
        }
      }
    }
  }
  return code;
}

function story(task: Task, file: RunningFile | undefined, lang: Lang): string[] {
  const { id, status, url, out, firstOut, priority, addedAt, history = [], attempts, bytes, finalUrl } = task;
  const lines = [`${id} is ${status}: ${url}`];
  const say = (when: number | undefined, what: string) =>
    lines.push(`  ${when === undefined ? " ".repeat(24) : time(when)}  ${what}`);
  say(addedAt, `added for ${firstOut ?? out}${priority === 0 ? "" : `, priority ${priority}`}`);
  const untold = attempts - history.filter(({ kind }) => kind !== "crash").length - (status === "done" ? 1 : 0);
  for (const [i, attempt] of history.entries()) {
    if (i === 1 && untold > 0) say(undefined, `${untold} further attempts that failed`);
    say(attempt.at, failure(attempt));
  }
  if (firstOut !== undefined) say(undefined, `the server calls it ${out}`);
  if (status === "done") {
    say(task.finishedAt, `done on core ${task.core}, at attempt ${attempts}: ${bytes} bytes from ${finalUrl}`);
  }
  if (status === "running") {
    const far = file === undefined ? "" : `: ${fileParts(file, lang).join(", ")}`;
    say(undefined, `runs on core ${task.core}${far}`);
  }
  if (status === "canceled") say(task.finishedAt, "canceled");
  lines.push(`  next: ${next(task)}`);
  return lines;
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
