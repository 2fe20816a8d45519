import { resolve } from "@std/path";
import { TaskFileError } from "../queue/task_file_error.ts";
import { encodeDrafts, type FromProcConfig, type ToProcConfig } from "./proc_messages.ts";
import { type DraftBatch, TaskFileReader } from "./task_file_reader.ts";
import type { WorkerScope } from "./worker_body.ts";

/** An editor or a copy may write a file in several steps: it counts once nothing has changed for this long. */
const QUIET_MS = 60;
/** A list of lines without a last line break may still be growing. */
const OPEN_END_QUIET_MS = 600;
/** An invalid file is reported only if it stays so: an unfinished write is no news. */
const INVALID_QUIET_MS = 300;
/** How often to look whether the file has changed. */
const LOOK_MS = 50;

/** Runs the config worker in this thread, as the main thread says. */
export function startConfig(scope: WorkerScope, hello: FromProcConfig): void {
  const post = (message: FromProcConfig) => scope.postMessage(message);
  let added: (() => void) | undefined;
  const told = new Set<string>();
  const send = (batch: DraftBatch): Promise<void> => {
    // An entry beside a changed one is read again, but is no news.
    const problems = batch.problems.filter(({ index, field, message }) => {
      const name = `${index} ${field} ${message}`;
      return !told.has(name) && told.add(name);
    });
    if (problems.length > 0) post({ type: "refused", problems });
    if (batch.drafts.length === 0) return Promise.resolve();
    const { promise, resolve: taken } = Promise.withResolvers<void>();
    added = taken;
    post({
      type: "drafts",
      ...encodeDrafts(batch.drafts),
      indexes: batch.indexes,
      lines: batch.lines,
    });
    return promise;
  };
  scope.onmessage = (event: MessageEvent<ToProcConfig>) => {
    const message = event.data;
    if (message.type === "added") added?.();
    else follow(new TaskFileReader(resolve(message.file), message.rules), message.watch, send, post);
  };
  post(hello);
}

/** Reads the file, and again whenever it has changed. */
async function follow(
  reader: TaskFileReader,
  watch: boolean,
  send: (batch: DraftBatch) => Promise<void>,
  post: (message: FromProcConfig) => void,
): Promise<void> {
  const file = reader.path;
  const changes = new FileChanges(file);
  let told: string | undefined;
  while (true) {
    const before = await signature(file);
    let result: FromProcConfig;
    try {
      if (before === undefined) result = { type: "missing" };
      else {
        if (watch && await endsWithoutBreak(file)) await changes.quiet(OPEN_END_QUIET_MS);
        result = { type: "read", entries: (await reader.read(send)).entries };
      }
    } catch (error) {
      result = failure(error);
    }
    const bad = result.type === "invalid" || result.type === "unreadable";
    if (watch && bad) await changes.quiet(INVALID_QUIET_MS);
    // Whatever changed while it was read is read again, before anything is said about what was there for a moment.
    if (watch && bad && await signature(file) !== before) continue;
    const news = JSON.stringify(result);
    if (news !== told || result.type === "read") post(result);
    told = news;
    if (!watch) return;
    await changes.next(before);
  }
}

function failure(error: unknown): FromProcConfig {
  if (error instanceof TaskFileError) {
    return { type: "invalid", message: error.message, line: error.line, column: error.column };
  }
  if (error instanceof Deno.errors.NotFound) return { type: "missing" };
  return { type: "unreadable", message: error instanceof Error ? error.message : String(error) };
}

/**
 * Changes of one file, by looking at it. `Deno.watchFs` would open and close whatever changes in the folder of the file, and
 * with that give up the locks that SQLite has on a list which lies there: another process that closes it would then
 * take its write-ahead log away.
 */
class FileChanges {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Resolves when the file is not as it was any more, and has been left alone for a moment. */
  async next(before: string | undefined): Promise<void> {
    while (await signature(this.#file) === before) await delay(LOOK_MS);
    await this.quiet(QUIET_MS);
  }

  /** Resolves when nothing has changed for a time. */
  async quiet(ms: number): Promise<void> {
    let seen = await signature(this.#file);
    let since = performance.now();
    while (performance.now() - since < ms) {
      await delay(Math.min(ms, LOOK_MS));
      const now = await signature(this.#file);
      if (now === seen) continue;
      seen = now;
      since = performance.now();
    }
  }
}

async function signature(file: string): Promise<string | undefined> {
  try {
    const { ino, size, mtime } = await Deno.stat(file);
    return `${ino} ${size} ${mtime?.getTime()}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    // Whatever else stands in the way is reported by the read, and its end is a change.
    return "unreadable";
  }
}

async function endsWithoutBreak(file: string): Promise<boolean> {
  using handle = await Deno.open(file, { read: true });
  const { size } = await handle.stat();
  if (size === 0) return false;
  await handle.seek(size - 1, Deno.SeekMode.Start);
  const last = new Uint8Array(1);
  await handle.read(last);
  return last[0] !== 0x0a && last[0] !== 0x5d;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
