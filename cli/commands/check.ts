import {
  CfgError,
  checkTaskFile,
  type FileFinding,
  type FileSummary,
  ignoredFields,
  taskListExists,
} from "../../mod.ts";
import { checksumCountText, type Logger, readChecksums, TaskFileError } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE, USAGE } from "../command_context.ts";
import { openList } from "../open_list.ts";
import { UsageError } from "../parse_command.ts";
import { tell, tellLine } from "../print.ts";

/** Hosts that the summary names, those with the most entries. */
const HOSTS = 10;

/** `corehaul check FILE…`: says what would become of the entries of task files, and stores nothing. */
export async function checkCommand({ command, settings, logger }: CommandContext): Promise<number> {
  if (command.args.length === 0) throw new UsageError("corehaul check needs a task file; - is standard input");
  const { queue, nameTemplate, json, urlColumn, columns, dir } = settings;
  const checksums = await readChecksums(settings, logger);
  await using list = await taskListExists(queue) ? await openList(settings, logger) : undefined;
  const options = {
    ...(list === undefined ? {} : { list }),
    directory: dir,
    ...(urlColumn === undefined ? {} : { urlColumn }),
    ...(columns === undefined ? {} : { columns }),
    ...(nameTemplate === undefined ? {} : { nameTemplate }),
    ...(checksums === undefined ? {} : { checksums }),
  };
  let code = DONE;
  for (const file of command.args) {
    using opened = file === "-" ? undefined : await open(file);
    try {
      for await (const finding of checkTaskFile(opened ?? Deno.stdin.readable, options)) {
        if (json) await tell(JSON.stringify({ file, ...finding }), logger);
        else for (const line of lines(file, finding)) await tellLine(line, logger);
        if (finding.type === "refused") code = Math.max(code, INCOMPLETE);
        if (finding.type === "summary" && checksums !== undefined) tellChecksums(finding, file, logger);
      }
    } catch (error) {
      if (!(error instanceof TaskFileError)) throw error;
      logger.error(`${file}:${error.line}:${error.column}: the task file is not valid: ${error.message}`);
      code = USAGE;
    }
  }
  return code;
}

function tellChecksums({ entries, refused, checksums: found }: FileSummary, file: string, logger: Logger): void {
  const files = entries - refused;
  if (files > 0) logger[found > 0 ? "info" : "warn"](`${file}: ${checksumCountText({ found, files })}`);
}

async function open(file: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `Cannot check FILE as it must be a file that can be read: current value is "${file}" (${why})`;
    throw new CfgError([{ field: "FILE", source: "flag", message }]);
  }
}

function lines(file: string, finding: FileFinding | FileSummary): string[] {
  if (finding.type === "refused") {
    return [`${file}:${finding.line}: entry ${finding.index} is not taken: ${finding.field} ${finding.message}`];
  }
  if (finding.type === "duplicate") {
    return [`${file}:${finding.line}: entry ${finding.index} says again what one before it says: ${finding.out}`];
  }
  if (finding.type === "ignored") return [`${file}: ${ignoredFields(finding.names)}`];
  const { entries, fresh, known, duplicates, refused, hosts } = finding;
  const byNumber = Object.entries(hosts).sort(([, a], [, b]) => b - a);
  return [
    `${file}: ${entries} entries: ${fresh} new, ${known} known already, ${duplicates} twice, ${refused} refused`,
    ...byNumber.slice(0, HOSTS).map(([host, count]) => `${String(count).padStart(9)}  ${host || "no host"}`),
    ...(byNumber.length > HOSTS ? [`${String(byNumber.length - HOSTS).padStart(9)}  further hosts`] : []),
  ];
}
