import { dirname, join } from "@std/path";
import { builtinModule } from "../base/builtin_module.ts";
import { OTHERS_READ, PRIVATE_FILE } from "../base/private_mode.ts";
import { type OutputPlace, outputPlace } from "./output_place.ts";

/** How an {@linkcode OutputFile} is written. */
export interface OutputFileOptions {
  /** The mode of a file that was not there before, less the umask. Default 0o666. */
  mode?: number;
  /** How long a FIFO is waited for that nobody reads, in milliseconds. Default 10000. */
  readerMs?: number;
}

const READER_MS = 10_000;
const READER_LOOK_MS = 50;

/**
 * What is written under a name that the user gave. A file takes the place of the one before in one step, once it is whole, and
 * keeps the mode of that one; where a link leads to a file, that is the one replaced. Devices, FIFOs and descriptors are written
 * into, and stay what they are.
 */
export class OutputFile implements AsyncDisposable {
  /** True if it takes the place of a file that others than its owner may read. */
  readonly othersMayRead: boolean;
  readonly #place: OutputPlace;
  readonly #out: Deno.FsFile | typeof Deno.stdout;
  /** The name that a file has until it is whole. */
  readonly #part: string | undefined;
  readonly #encoder = new TextEncoder();

  private constructor(place: OutputPlace, out: Deno.FsFile | typeof Deno.stdout, part?: string) {
    this.#place = place;
    this.#out = out;
    this.#part = part;
    this.othersMayRead = place.type === "file" && ((place.info.mode ?? 0) & OTHERS_READ) !== 0;
  }

  /**
   * Begins to write.
   *
   * @param path The name.
   * @param options Mode and patience.
   * @returns What to write to; dispose of it: what was not finished is removed.
   * @throws {Error} If nothing can be written there, or nobody reads a FIFO in time. The message says why.
   */
  static async open(path: string, { mode = 0o666, readerMs }: OutputFileOptions = {}): Promise<OutputFile> {
    const place = await outputPlace(path);
    if (place.type === "standard") return new OutputFile(place, place.to);
    if (place.type === "stream") return new OutputFile(place, await openStream(place, readerMs));
    const part = join(dirname(place.path), `.corehaul-${crypto.randomUUID()}`);
    // What replaces a file gets its mode when it is whole; until then nobody else can read it.
    const partMode = place.type === "new" ? mode : PRIVATE_FILE;
    return new OutputFile(place, await Deno.open(part, { write: true, createNew: true, mode: partMode }), part);
  }

  /** Begins to write at the end of what is there. */
  static async append(place: OutputPlace, mode: number): Promise<OutputFile> {
    if (place.type === "standard") return new OutputFile(place, place.to);
    if (place.type === "stream") return new OutputFile(place, await openStream(place));
    return new OutputFile(place, await Deno.open(place.path, { append: true, create: true, mode }));
  }

  /**
   * Finds out whether something can be written under a name, and writes nothing.
   *
   * @param path The name.
   * @returns Why not; `undefined` if nothing speaks against it.
   */
  static async problem(path: string): Promise<string | undefined> {
    return await outputPlace(path).then(() => undefined, (error) => error.message);
  }

  /** Writes a piece of text. */
  async write(text: string): Promise<void> {
    const bytes = this.#encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += await this.#out.write(bytes.subarray(at));
  }

  /** Gives a file its name, after it is on the disk. */
  async finish(): Promise<void> {
    const [place, out] = [this.#place, this.#out];
    if (this.#part === undefined || !("sync" in out) || !("path" in place)) return;
    await out.sync();
    if (place.type === "file") await likeBefore(this.#part, place.info);
    await Deno.rename(this.#part, place.path);
  }

  /** Closes it, and removes a file that was not finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#place.type !== "standard") this.#out.close();
    // After `finish` there is nothing under this name.
    if (this.#part !== undefined) await Deno.remove(this.#part).catch(() => {});
  }
}

/**
 * Opens a device, a FIFO or a descriptor to write at its end.
 *
 * @param place What to open.
 * @param readerMs How long a FIFO is waited for that nobody reads, in milliseconds. Default 10000.
 * @throws {Error} If nobody reads a FIFO in time.
 */
export async function openStream(
  { path, fifo }: { path: string; fifo: boolean },
  readerMs: number = READER_MS,
): Promise<Deno.FsFile> {
  if (!fifo) return await Deno.open(path, { append: true });
  const end = performance.now() + readerMs;
  while (true) {
    const held = openRead(path);
    if (held !== undefined) {
      try {
        return await Deno.open(path, { append: true });
      } finally {
        held();
      }
    }
    if (performance.now() >= end) throw new Error(`nobody has read this FIFO for ${readerMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, READER_LOOK_MS));
  }
}

/**
 * Writes at the end of what is there.
 *
 * @param place Where.
 * @param text What.
 * @param mode The mode of a file that was not there before, less the umask.
 * @throws {Error} If it cannot be written, or nobody reads a FIFO in time.
 */
export async function appendText(place: OutputPlace, text: string, mode: number): Promise<void> {
  await using file = await OutputFile.append(place, mode);
  await file.write(text);
}

/** What {@linkcode openToAppend} opened. */
export interface AppendedFile {
  /** Takes bytes at its end. */
  file: Pick<Deno.FsFile, "writeSync" | "statSync" | "syncDataSync" | "close">;
  /** The path of a regular file, without a link at its end; absent: it is none, and cannot be renamed or synced. */
  path?: string;
}

/**
 * Opens what a path leads to, to write at its end.
 *
 * @param path The path.
 * @throws {Error} If it cannot be written, or nobody reads a FIFO within 10 s. The message says why.
 */
export async function openToAppend(path: string): Promise<AppendedFile> {
  const place = await outputPlace(path);
  if (place.type === "stream") return { file: await openStream(place) };
  if (place.type !== "standard") {
    return { file: await Deno.open(place.path, { append: true, create: true }), path: place.path };
  }
  const refuse = () => {
    throw new Deno.errors.NotSupported("it is no file");
  };
  return {
    file: { writeSync: (bytes) => place.to.writeSync(bytes), statSync: refuse, syncDataSync: refuse, close: () => {} },
  };
}

/** Opens a FIFO that somebody reads; to open one that nobody reads would hold a thread up until somebody does. */
function openRead(path: string): (() => void) | undefined {
  const { openSync, closeSync, constants } = builtinModule("node:fs");
  try {
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    return () => closeSync(descriptor);
  } catch (error) {
    if ((error as { code?: string }).code === "ENXIO") return undefined;
    throw error;
  }
}

/** Gives a file the owner, as far as that is allowed, and the mode of the one that it replaces. */
async function likeBefore(path: string, { uid, gid, mode }: Deno.FileInfo): Promise<void> {
  const own = await Deno.stat(path);
  if (own.uid !== uid || own.gid !== gid) await Deno.chown(path, uid, gid).catch(() => {});
  if (mode !== null) await Deno.chmod(path, mode & 0o777);
}
