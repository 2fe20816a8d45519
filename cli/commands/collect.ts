import { stringify } from "csv-stringify/sync";
import { CfgError, type CollectedRecord, type CollectedTwin, collectManifests } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { UsageError } from "../parse_command.ts";
import { print } from "../terminal.ts";

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
  const sink = output === undefined ? undefined : await openSink(output);
  const write = async (text: string) => sink === undefined ? print(text.trimEnd()) : await sink.write(text);
  try {
    let header = format === "csv";
    let batch: CollectedRecord[] = [];
    const flush = async () => {
      if (batch.length === 0 && !header) return;
      await write(
        format === "csv" ? csv(batch, header) : batch.map((record) => `${JSON.stringify(record)}\n`).join(""),
      );
      header = false;
      batch = [];
    };
    for (let next = first; !next.done; next = await records.next()) {
      if (batch.push(next.value) === AT_ONCE) await flush();
    }
    await flush();
    await sink?.finish();
  } finally {
    sink?.[Symbol.dispose]();
  }
  return conflicts > 0 ? INCOMPLETE : DONE;
}

/** Rows; what a spreadsheet would take for a formula is marked as text. */
function csv(records: readonly CollectedRecord[], header: boolean): string {
  return stringify([...records], { header, columns: [...COLUMNS], escape_formulas: true });
}

interface Sink extends Disposable {
  write(text: string): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
}

/** A file that has its name only once it is whole. */
async function openSink(path: string): Promise<Sink> {
  const part = `${path}.part`;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(part, { write: true, create: true, truncate: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `Cannot use --output as it must be a file that can be written: current value is "${path}" (${why})`;
    throw new CfgError([{ field: "output", source: "flag", message }]);
  }
  const encoder = new TextEncoder();
  return {
    write: async (text) => {
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    },
    finish: () => Deno.rename(part, path),
    [Symbol.dispose]: () => file.close(),
  };
}
