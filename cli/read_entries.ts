import type { CfgSettings } from "../config/cfg_settings.ts";
import { CfgError, parseChecksum, readTaskFile, type TaskEntry } from "../mod.ts";
import { type Command, UsageError } from "./parse_command.ts";

/** The entries of a command line: its urls, and what the file of `--input` holds. */
export async function readEntries(command: Command, settings: CfgSettings): Promise<(TaskEntry | string)[]> {
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
