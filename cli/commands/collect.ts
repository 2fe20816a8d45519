import { stringify } from "csv-stringify/sync";
import { CfgError, type CollectedRecord, type CollectedTwin, collectManifests, OutputFile } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { UsageError } from "../parse_command.ts";
import { OutputError, print } from "../print.ts";

const AT_ONCE = 1000;
const COLUMNS: readonly (keyof CollectedRecord)[] = [
  ...["machine", "folder", "out", "url", "finalUrl", "bytes", "digest", "etag", "lastModified"] as const,
  ...["originalName", "contentEncoding", "attempts", "core", "startedAt", "finishedAt", "id"] as const,
];

/** `corehaul collect DIR…`: merges the manifests of several download folders into one. */
export async function collectCommand({ command, settings, logger }: CommandContext): Promise<number> {
  const folders = command.args;
  if (folders.length === 0) throw new UsageError("corehaul collect needs the download folders");
  const { format, output } = settings;
  let conflicts = 0;
  const twin = ({ out, folders: [first, later], same }: CollectedTwin) => {
    if (same) logger.info(`${out} is in ${first} and in ${later}`);
    else {
      conflicts++;
      logger.error(`${out} is not the same file in ${first} and in ${later}`);
    }
  };
  const records = collectManifests(folders, { twin });
  // What is wrong with a folder is said before anything is made.
  const first = await records.next().catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const message = `Cannot use DIR as each must be a download folder with a manifest: ${error.message}`;
    throw new CfgError([{ field: "DIR", source: "flag", message }]);
  });
  await using file = output === undefined ? undefined : await openOutput(output);
  const write = async (text: string) =>
    file === undefined ? print(text.trimEnd()) : await into(output, file.write(text));
  let header = format === "csv";
  let batch: CollectedRecord[] = [];
  const flush = async () => {
    if (batch.length === 0 && !header) return;
    await write(format === "csv" ? csv(batch, header) : batch.map((record) => `${JSON.stringify(record)}\n`).join(""));
    header = false;
    batch = [];
  };
  for (let next = first; !next.done; next = await records.next()) {
    if (batch.push(next.value) === AT_ONCE) await flush();
  }
  await flush();
  await into(output, file?.finish());
  return conflicts > 0 ? INCOMPLETE : DONE;
}

/** Waits for what is written to `--output`, and names that where it fails; a reader that is gone is left to others. */
async function into(output: string | undefined, writing: Promise<void> | undefined): Promise<void> {
  try {
    await writing;
  } catch (error) {
    throw error instanceof Deno.errors.BrokenPipe ? error : new OutputError(error, `"${output}" (--output)`);
  }
}

/** Rows; what a spreadsheet would take for a formula is marked as text. */
function csv(records: readonly CollectedRecord[], header: boolean): string {
  return stringify([...records], { header, columns: [...COLUMNS], escape_formulas: true });
}

async function openOutput(path: string): Promise<OutputFile> {
  try {
    return await OutputFile.open(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `Cannot use --output as it must be a file that can be written: current value is "${path}" (${why})`;
    throw new CfgError([{ field: "output", source: "flag", message }]);
  }
}
