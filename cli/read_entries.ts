import type { CfgSettings } from "../config/cfg_settings.ts";
import {
  CfgError,
  checkTaskFile,
  ignoredFields,
  type Logger,
  parseChecksum,
  readTaskFile,
  redactUrl,
  type TaskEntry,
  TaskFileError,
  type TaskFileRules,
} from "../mod.ts";
import { hostUrl } from "./host_url.ts";
import { type Command, UsageError } from "./parse_command.ts";

const AT_ONCE = 500;
const STANDARD_INPUT = "-";
/** The schemes of urls that are taken without further ado. */
const SCHEMES = ["http:", "https:", "ftp:", "ftps:", "ftpes:", "sftp:", "s3:", "data:", "file:"];

/** Entries that are taken together. */
export interface EntryBatch {
  /** The place of the first one, from 0. */
  first: number;
  /** Objects with a `url`, or bare urls, not checked yet. */
  entries: (TaskEntry | string)[];
}

/** The entries of a command line, a few hundred at a time: its urls, and what the files of `--input` hold. */
export async function* readEntries(
  command: Command,
  settings: CfgSettings,
  logger: Logger,
): AsyncGenerator<EntryBatch, void, void> {
  const { out, checksum, input = [] } = settings;
  const one = { ...(out === undefined ? {} : { out }), ...(checksum === undefined ? {} : { checksum }) };
  const parsed = checksum === undefined ? undefined : parseChecksum(checksum);
  if (parsed?.type === "problem") {
    const message = `Cannot use --checksum as it ${parsed.message}`;
    throw new CfgError([{ field: "checksum", source: "flag", message }]);
  }
  if (out !== undefined) await assertOut(out);
  if (command.args.length === 0 && input.length === 0) {
    throw new UsageError(`corehaul ${command.name} needs a URL, or a file of them with --input`);
  }
  if (input.filter((file) => file === STANDARD_INPUT).length > 1) {
    throw new UsageError(`Cannot use --input as ${STANDARD_INPUT} (standard input) is given twice`);
  }
  const [flag] = Object.keys(one);
  const batches = inBatches(
    allEntries(typedEntries(command.args, settings, logger), input, rulesOf(command, settings), logger),
    flag === undefined ? AT_ONCE : Infinity,
  );
  for await (const batch of batches) {
    const [entry] = batch.entries;
    if (flag === undefined) yield batch;
    else if (batch.entries.length !== 1) {
      const message = `Cannot use --${flag} as it must be for one url: current value is for ${batch.entries.length}`;
      throw new UsageError(message);
    } else yield { first: 0, entries: [{ ...(typeof entry === "string" ? { url: entry } : entry!), ...one }] };
  }
}

/** What is said of the files; where the files of a task go that is put on a list, only its run knows. */
function rulesOf({ name }: Command, { urlColumn, columns, dir }: CfgSettings): TaskFileRules {
  return {
    ...(urlColumn === undefined ? {} : { urlColumn }),
    ...(columns === undefined ? {} : { columns }),
    ...(name === "get" ? { directory: dir } : {}),
  };
}

/** Checks a name as that of an entry is checked, before anything is made. */
async function assertOut(out: string): Promise<void> {
  if (out === "-") {
    const message = "Cannot use --out as it must be the name of a file, and nothing is written to standard output: " +
      "write -o NAME, and read the file below the download folder afterwards";
    throw new CfgError([{ field: "out", source: "flag", message }]);
  }
  if (out.endsWith("/")) {
    const message = `Cannot use --out as it must end in the name of the file: current value is "${out}"`;
    throw new CfgError([{ field: "out", source: "flag", message }]);
  }
  const file = new Blob([JSON.stringify([{ url: "data:,", out }])]).stream();
  for await (const finding of checkTaskFile(file)) {
    if (finding.type !== "refused") continue;
    throw new CfgError([{ field: "out", source: "flag", message: `Cannot use --out as it ${finding.message}` }]);
  }
}

/** The entries of a command line. What is no url may be a host, which is then asked as nobody in particular: it is a guess. */
function typedEntries(
  args: readonly string[],
  { protocols = [] }: CfgSettings,
  logger: Logger,
): (TaskEntry | string)[] {
  const schemes = new Set([...SCHEMES, ...protocols.map(({ scheme }) => scheme)]);
  let told = false;
  return args.map((word) => {
    const url = hostUrl(word, schemes);
    if (url === undefined) return word;
    if (isFile(word)) {
      throw new UsageError(
        `"${word}" is a file: write -i ${word} for the URLs in it, or ${url} for the host of that name`,
      );
    }
    if (!told) logger.info(`no scheme is given: ${redactUrl(url)} is asked, without netrc and the headers of options`);
    told = true;
    return { url, anonymous: true };
  });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function* allEntries(
  args: readonly (TaskEntry | string)[],
  input: readonly string[],
  rules: TaskFileRules,
  logger: Logger,
): AsyncGenerator<unknown, void, void> {
  const sources = input.map((file) => inputEntries(file, rules, logger));
  try {
    const firsts: IteratorResult<unknown, void>[] = [];
    // A file that is wrong is found before any entry of another one is taken; standard input can only be read in its turn.
    for (const [i, source] of sources.entries()) if (input[i] !== STANDARD_INPUT) firsts[i] = await source.next();
    yield* args;
    for (const [i, source] of sources.entries()) {
      if (firsts[i]?.done === false) yield firsts[i].value;
      yield* source;
    }
  } finally {
    for (const source of sources) await source.return();
  }
}

async function* inputEntries(
  file: string,
  rules: TaskFileRules,
  logger: Logger,
): AsyncGenerator<unknown, void, void> {
  const onIgnored = (names: readonly string[]) => logger.warn(`${file}: ${ignoredFields(names)}`);
  const source = file === STANDARD_INPUT ? Deno.stdin.readable : file;
  try {
    for await (const { value } of readTaskFile(source, { ...rules, onIgnored })) yield value;
  } catch (error) {
    if (!(error instanceof Error) || error instanceof CfgError) throw error;
    if (!(error instanceof TaskFileError)) throw inputError(file, "a file that can be read", error.message);
    throw inputError(file, "a valid task file", `line ${error.line}, column ${error.column}: ${error.message}`);
  }
}

function inputError(file: string, must: string, why: string): CfgError {
  const message = `Cannot use --input as it must be ${must}: current value is "${file}" (${why})`;
  return new CfgError([{ field: "input", source: "flag", message }]);
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
