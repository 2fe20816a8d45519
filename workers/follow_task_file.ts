import { TaskFileError } from "../queue/task_file_error.ts";
import type { FileChanges } from "./file_changes.ts";
import type { FileNews } from "./proc_messages.ts";
import type { DraftBatch, TaskFileReader } from "./task_file_reader.ts";

/** An editor or a copy may write a file in several steps: it counts once nothing has changed for this long. */
const QUIET_MS = 60;
/** A list of lines without a last line break may still be growing. */
const OPEN_END_QUIET_MS = 600;
/** An invalid file is reported only if it stays so: an unfinished write is no news. */
const INVALID_QUIET_MS = 300;
/** A file that only seemed to have grown is read as a whole when it was left alone for so long. */
const REST_MS = 60_000;
const LF = 0x0a;
const ARRAY_CLOSE = 0x5d;

/** What following a file works with. */
export interface FollowPorts {
  /** Reads the file. */
  reader: TaskFileReader;
  /** Looks at the file. */
  changes: FileChanges;
  /** Go on after the first read. */
  watch: boolean;
  /** Read all of the file each time: what it does not ask for any more matters. */
  whole: boolean;
  /** When to read all of a file of which only what is new was read, in milliseconds. Default a minute. */
  restMs?: number;
  /** Waits for the file if it is not there; else following it ends then. */
  expected: boolean;
  /** Runs a read when no other one is running. */
  turn: <T>(read: () => Promise<T>) => Promise<T>;
  /** Hands over entries; goes on when they are on the list. */
  send: (batch: DraftBatch) => Promise<void>;
  /** Says how a read ended. */
  post: (news: FileNews) => void;
}

/** Reads a task file, and again whenever it has changed. */
export async function followTaskFile(ports: FollowPorts): Promise<void> {
  const { changes, watch, expected, whole, restMs = REST_MS, post } = ports;
  let told: string | undefined;
  let changed = true;
  while (true) {
    const before = await changes.now();
    const { partly, ...result } = await readOnce(ports, before, whole || !changed);
    const bad = result.type === "invalid" || result.type === "unreadable";
    if (watch && bad) await changes.quiet(INVALID_QUIET_MS);
    // Whatever changed while it was read is read again, before anything is said about what was there for a moment.
    if (watch && bad && (await changes.now())?.mark !== before?.mark) continue;
    const news = JSON.stringify(result);
    if (news !== told || (result.type === "read" && changed)) post(result);
    told = news;
    if (!watch || (result.type === "missing" && !expected)) return;
    changed = await changes.next(before, QUIET_MS, partly === true ? restMs : Infinity);
  }
}

async function readOnce(
  { reader, changes, watch, whole, turn, send }: FollowPorts,
  before: Awaited<ReturnType<FileChanges["now"]>>,
  all: boolean,
): Promise<FileNews & { partly?: boolean }> {
  if (before === undefined) return { type: "missing" };
  if (before.problem !== undefined) return { type: "unreadable", message: before.problem };
  try {
    if (watch && await endsWithoutBreak(reader.path)) await changes.quiet(OPEN_END_QUIET_MS);
    const moved = async () => (await changes.now())?.mark !== before.mark;
    // It may have grown by half a line since; whoever does not watch has no other chance.
    const endIsWhole = async () => !watch || !await moved();
    const { blocks, ...end } = await turn(() => reader.read(send, endIsWhole, all));
    // They may be many, and tell only what a file asks for in all.
    return { type: "read", ...end, blocks: whole ? blocks : [], moved: await moved() };
  } catch (error) {
    if (error instanceof TaskFileError) {
      return { type: "invalid", message: error.message, line: error.line, column: error.column };
    }
    if (error instanceof Deno.errors.NotFound) return { type: "missing" };
    return { type: "unreadable", message: error instanceof Error ? error.message : String(error) };
  }
}

async function endsWithoutBreak(file: string): Promise<boolean> {
  using handle = await Deno.open(file, { read: true });
  const { size } = await handle.stat();
  if (size === 0) return false;
  await handle.seek(size - 1, Deno.SeekMode.Start);
  const last = new Uint8Array(1);
  await handle.read(last);
  return last[0] !== LF && last[0] !== ARRAY_CLOSE;
}
