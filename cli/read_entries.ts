import type { CfgSettings } from "../config/cfg_settings.ts";
import { CfgError, parseChecksum, readTaskFile, type TaskEntry } from "../mod.ts";
import { type Command, UsageError } from "./parse_command.ts";

const AT_ONCE = 500;

/** Entries that are taken together. */
export interface EntryBatch {
  /** The place of the first one, from 0. */
  first: number;
  /** Objects with a `url`, or bare urls, not checked yet. */
  entries: (TaskEntry | string)[];
}

/** The entries of a command line, a few hundred at a time: its urls, and what the file of `--input` holds. */
export async function* readEntries(
  command: Command,
  settings: CfgSettings,
): AsyncGenerator<EntryBatch, void, void> {
  const { out, checksum } = settings;
  const one = { ...(out === undefined ? {} : { out }), ...(checksum === undefined ? {} : { checksum }) };
  const parsed = checksum === undefined ? undefined : parseChecksum(checksum);
  if (parsed?.type === "problem") {
    const message = `Cannot use --checksum as it ${parsed.message}`;
    throw new CfgError([{ field: "checksum", source: "flag", message }]);
  }
  if (command.args.length === 0 && settings.input === undefined) {
    throw new UsageError(`corehaul ${command.name} needs a URL, or a file of them with --input`);
  }
  const [flag] = Object.keys(one);
  const batches = inBatches(allEntries(command.args, settings.input), flag === undefined ? AT_ONCE : Infinity);
  for await (const batch of batches) {
    const [entry] = batch.entries;
    if (flag === undefined) yield batch;
    else if (batch.entries.length !== 1) {
      const message = `Cannot use --${flag} as it must be for one url: current value is for ${batch.entries.length}`;
      throw new UsageError(message);
    } else yield { first: 0, entries: [{ ...(typeof entry === "string" ? { url: entry } : entry!), ...one }] };
  }
}

async function* allEntries(args: readonly string[], input?: string): AsyncGenerator<unknown, void, void> {
  yield* args;
  if (input === undefined) return;
  const entries = readTaskFile(input === "-" ? Deno.stdin.readable : input);
  try {
    for await (const { value } of entries) yield value;
  } catch (error) {
    if (!(error instanceof Error) || error instanceof SyntaxError) throw error;
    const must = "it must be a file that can be read";
    throw new UsageError(`Cannot use --input as ${must}: current value is "${input}" (${error.message})`);
  }
}

async function* inBatches(
  entries: AsyncIterable<unknown>,
  size: number,
): AsyncGenerator<EntryBatch, void, void> {
  let first = 0;
  let batch: unknown[] = [];
  for await (const entry of entries) {
    batch.push(entry);
    if (batch.length < size) continue;
    yield { first, entries: batch as EntryBatch["entries"] };
    first += batch.length;
    batch = [];
  }
  if (batch.length > 0 || first === 0) yield { first, entries: batch as EntryBatch["entries"] };
}
