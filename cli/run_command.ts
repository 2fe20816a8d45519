import type { CfgSettings } from "../config/cfg_settings.ts";
import {
  addEntries,
  CfgError,
  doctor,
  Downloader,
  type Logger,
  openTaskList,
  parseChecksum,
  parseNameTemplate,
  QueueUnavailableError,
  readChecksumFile,
  readTaskFile,
  type TaskEntry,
  TaskFileError,
} from "../mod.ts";
import config from "../deno.json" with { type: "json" };
import { helpText } from "./help.ts";
import { setUpLog } from "./log_setup.ts";
import { type Command, parseCommand, UsageError } from "./parse_command.ts";
import { reexecInsecure } from "./reexec.ts";
import { runDownloader } from "./run_downloader.ts";
import { downloaderOptions, settleSettings } from "./settle_settings.ts";
import { showStatus, showTasks } from "./show_list.ts";
import { showManifest } from "./show_manifest.ts";
import { print, Terminal } from "./terminal.ts";

const DONE = 0;
const INCOMPLETE = 1;
const USAGE = 2;
const UNAVAILABLE = 3;

interface Context {
  command: Command;
  settings: CfgSettings;
  terminal: Terminal;
  logger: Logger;
}

/**
 * Runs one command: `run`, `get`, `add`, `list`, `status`, `manifest` or `doctor`.
 *
 * @param argv The arguments.
 * @returns The exit code.
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(parseCommand(argv), argv);
  } catch (error) {
    return report(error);
  }
}

async function dispatch(command: Command, argv: readonly string[]): Promise<number> {
  if (command.name === "help") {
    print(helpText(command.topic));
    return DONE;
  }
  if (command.name === "version") {
    print(`corehaul ${config.version} (deno ${Deno.version.deno})`);
    return DONE;
  }
  const settings = await settleSettings(command);
  if (settings.insecure && downloads(command)) {
    const code = await reexecInsecure(argv);
    if (code !== undefined) return code;
  }
  // Deno would let this variable exempt hosts from the proxy that was asked for.
  if (settings.proxy !== undefined) { for (const name of ["NO_PROXY", "no_proxy"]) Deno.env.delete(name); }
  const terminal = await Terminal.open(isLive(settings, command));
  await using log = await setUpLog(settings, terminal);
  const context: Context = { command, settings, terminal, logger: log.logger };
  switch (command.name) {
    case "run":
      return await watchCommand(context);
    case "get":
      return await getCommand(context);
    case "add":
      return await addCommand(context);
    case "list": {
      await using list = await openTaskList(settings.queue, { create: false });
      await showTasks(list, settings);
      return DONE;
    }
    case "status": {
      await using list = await openTaskList(settings.queue, { create: false });
      await showStatus(list, settings);
      return DONE;
    }
    case "manifest":
      return await manifestCommand(context);
    case "doctor":
      return await doctorCommand(context);
  }
}

async function watchCommand({ command, settings, terminal, logger }: Context): Promise<number> {
  // A list can be worked off without its default file, but a file that was asked for by name must come.
  const named = "tasks" in command.flags;
  if (settings.once && named) await Deno.stat(settings.tasks).catch((error) => missing(settings.tasks, error));
  await using downloader = await Downloader.open({
    ...downloaderOptions(settings, logger),
    queue: settings.queue,
    tasks: settings.tasks,
  });
  const { summary, signalCode } = await runDownloader(downloader, settings, terminal, settings.once);
  if (!settings.once) return DONE;
  if (signalCode !== undefined && summary.end === "stopped") return signalCode;
  return summary.counts.failed > 0 || summary.refused > 0 ? INCOMPLETE : DONE;
}

function missing(file: string, error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  const message = `Cannot use --tasks as it must be a file that can be read: current value is "${file}" (${why})`;
  throw new CfgError([{ field: "tasks", source: "flag", message }]);
}

async function getCommand({ command, settings, terminal, logger }: Context): Promise<number> {
  const entries = await readEntries(command, settings);
  await using downloader = await Downloader.open(downloaderOptions(settings, logger));
  const results = await downloader.add(entries);
  const { summary, signalCode } = await runDownloader(downloader, settings, terminal, true);
  if (signalCode !== undefined && summary.end === "stopped") return signalCode;
  const refused = results.some((result) => result.type === "refused");
  return summary.counts.failed > 0 || refused ? INCOMPLETE : DONE;
}

async function addCommand({ command, settings, logger }: Context): Promise<number> {
  const entries = await readEntries(command, settings);
  const { queue, checksumFile, nameTemplate } = settings;
  const template = nameTemplate === undefined ? undefined : parseNameTemplate(nameTemplate);
  if (typeof template === "string") {
    const message = `Cannot use --name-template as it ${template}: current value is "${nameTemplate}"`;
    throw new CfgError([{ field: "nameTemplate", source: "flag", message }]);
  }
  const known = {
    ...(checksumFile === undefined ? {} : { checksums: await readChecksumFile(checksumFile) }),
    ...(nameTemplate === undefined ? {} : { nameTemplate }),
  };
  await using list = await openTaskList(queue);
  const results = await addEntries(list, entries, known);
  const count = (type: string) => results.filter((result) => result.type === type).length;
  for (const [index, result] of results.entries()) {
    if (result.type === "refused") logger.error(`entry ${index} is not taken: ${result.field} ${result.reason}`);
  }
  if (settings.json) print(JSON.stringify({ type: "added", results }));
  else print(`${count("added")} added, ${count("duplicate")} known already, ${count("refused")} refused`);
  return count("refused") > 0 ? INCOMPLETE : DONE;
}

async function manifestCommand({ settings }: Context): Promise<number> {
  const { dir } = settings;
  const isFolder = await Deno.stat(dir).then((info) => info.isDirectory, () => false);
  if (!isFolder) {
    const message = `Cannot use --dir as it must be a folder that is there: current value is "${dir}"`;
    throw new CfgError([{ field: "dir", source: "flag", message }]);
  }
  return await showManifest(settings) ? DONE : INCOMPLETE;
}

async function doctorCommand({ settings }: Context): Promise<number> {
  const { queue, cores, workers } = settings;
  const findings = await doctor({ queue, cores, workers });
  for (const { name, ok, detail } of findings) {
    print(settings.json ? JSON.stringify({ name, ok, detail }) : `${ok ? "ok " : "BAD"} ${name.padEnd(8)} ${detail}`);
  }
  return findings.every((finding) => finding.ok) ? DONE : INCOMPLETE;
}

/** The entries of a command line: its urls, and what the file of `--input` holds. */
async function readEntries(command: Command, settings: CfgSettings): Promise<(TaskEntry | string)[]> {
  const { input, out, checksum } = settings;
  const one = { ...(out === undefined ? {} : { out }), ...(checksum === undefined ? {} : { checksum }) };
  const parsed = checksum === undefined ? undefined : parseChecksum(checksum);
  if (parsed?.type === "problem") {
    const message = `Cannot use --checksum as it ${parsed.message}`;
    throw new CfgError([{ field: "checksum", source: "flag", message }]);
  }
  if (command.args.length === 0 && input === undefined) {
    throw new UsageError(`corehaul ${command.name} needs a URL, or a file of them with --input`);
  }
  const entries: unknown[] = [...command.args];
  if (input !== undefined) {
    using file = input === "-" ? undefined : await Deno.open(input).catch((error) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new UsageError(
        `Cannot use --input as it must be a file that can be read: current value is "${input}" (${why})`,
      );
    });
    for await (const { value } of readTaskFile((file ?? Deno.stdin).readable)) entries.push(value);
  }
  const [flag] = Object.keys(one);
  if (flag === undefined) return entries as (TaskEntry | string)[];
  if (entries.length !== 1) {
    throw new UsageError(`Cannot use --${flag} as it must be for one url: current value is for ${entries.length}`);
  }
  return [{ ...(typeof entries[0] === "string" ? { url: entries[0] } : entries[0] as TaskEntry), ...one }];
}

function downloads(command: Command): boolean {
  return command.name === "run" || command.name === "get";
}

function isLive(settings: CfgSettings, command: Command): boolean {
  if (!downloads(command)) return false;
  return settings.progress === "bar" || (settings.progress === "auto" && !settings.json && Deno.stderr.isTerminal());
}

/** Says what went wrong, in one line for each problem, and gives the exit code for it. */
function report(error: unknown): number {
  const say = (message: string) => new Terminal().line(`corehaul: ${message}`);
  if (error instanceof CfgError) {
    for (const problem of error.problems) say(problem.message);
    return USAGE;
  }
  if (error instanceof UsageError) {
    say(`${error.message}; see corehaul --help`);
    return USAGE;
  }
  if (error instanceof TaskFileError) {
    say(`--input, line ${error.line}, column ${error.column}: ${error.message}`);
    return USAGE;
  }
  if (error instanceof QueueUnavailableError) {
    say(error.message);
    return UNAVAILABLE;
  }
  say(error instanceof Error ? error.stack ?? error.message : String(error));
  return INCOMPLETE;
}
