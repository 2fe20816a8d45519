/**
 * The files of a manifest: `WRITER.jsonl`, and once that is full `WRITER.2.jsonl` and so on. They are only ever
 * written at their end.
 *
 * @module
 */
import { join } from "@std/path";
import { type ManifestLine, parseManifestLine, type VoidLine } from "./manifest_line.ts";
import { STATE_FOLDER } from "./task_names.ts";

/** One of them. */
export interface ManifestFile {
  /** Where it is. */
  path: string;
  /** Who wrote it. */
  writer: string;
  /** The how-manieth of its writer it is, from 1. */
  part: number;
}

/** A line, and where it is. */
export interface ManifestEntry {
  /** What it says. */
  line: ManifestLine | VoidLine;
  /** Where it begins, in bytes. */
  offset: number;
}

/** What was read of a file at a time. */
export interface ManifestPiece {
  /** The lines, in order; what is no line is left out. */
  entries: ManifestEntry[];
  /** Where the next line begins. */
  end: number;
}

/** The folder of a manifest in the state folder. */
export const MANIFEST = "manifest";
const NAME = /^([^.]+)(?:\.([1-9]\d*))?\.jsonl$/;
const PIECE_BYTES = 256 * 1024;
/** No line is as long as this: whatever is, was not written by Corehaul. */
const LONGEST_LINE = 1024 * 1024;
const NEWLINE = 0x0a;
const decoder = new TextDecoder();

/** Where the manifest of a download folder is. */
export function manifestFolder(root: string): string {
  return join(root, STATE_FOLDER, MANIFEST);
}

/** The name of a writer's file. */
export function manifestFileName(writer: string, part: number): string {
  return part === 1 ? `${writer}.jsonl` : `${writer}.${part}.jsonl`;
}

/**
 * Lists the files of a manifest, those of a writer in the order in which they were written. Links are not followed.
 *
 * @param folder The folder of the manifest; if there is none, there are no files.
 */
export async function listManifestFiles(folder: string): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      const match = isFile ? NAME.exec(name) : null;
      if (match !== null) files.push({ path: join(folder, name), writer: match[1]!, part: Number(match[2] ?? 1) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort((a, b) => a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : a.part - b.part);
}

/**
 * Reads a file piece by piece. A last line without an end is still on its way, or torn by a crash: it is left out.
 *
 * @param path The file.
 * @param from Where a line begins.
 * @param until Where to stop. Default: at the end.
 */
export async function* readManifestFile(
  path: string,
  from = 0,
  until: number = Infinity,
): AsyncGenerator<ManifestPiece, void, void> {
  using file = await Deno.open(path, { read: true });
  if (from > 0) await file.seek(from, Deno.SeekMode.Start);
  let buffer = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  let start = from;
  while (start + filled < until) {
    if (filled === buffer.length) buffer = grown(buffer);
    const room = buffer.subarray(filled, Math.min(buffer.length, filled + until - start - filled));
    const count = await file.read(room);
    if (count === null) return;
    filled += count;
    const end = buffer.subarray(0, filled).lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      if (filled < LONGEST_LINE) continue;
      // Of what is too long to be a line only the end is looked for.
      start += filled;
      filled = 0;
      continue;
    }
    const piece = buffer.subarray(0, end);
    yield { entries: entriesOf(piece, start), end: start + end };
    buffer.copyWithin(0, end, filled);
    start += end;
    filled -= end;
  }
}

/**
 * Reads the one line that begins at a place.
 *
 * @param file The open file.
 * @param offset The place.
 * @returns What it says; undefined if no line is there.
 */
export function readManifestLineAt(file: Deno.FsFile, offset: number): ManifestLine | VoidLine | undefined {
  for (let size = 2048; size <= LONGEST_LINE; size *= 4) {
    const bytes = new Uint8Array(size);
    file.seekSync(offset, Deno.SeekMode.Start);
    const count = file.readSync(bytes) ?? 0;
    const end = bytes.subarray(0, count).indexOf(NEWLINE);
    if (end >= 0) return parseManifestLine(decoder.decode(bytes.subarray(0, end)));
    if (count < size) return undefined;
  }
  return undefined;
}

function entriesOf(piece: Uint8Array, start: number): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  for (let from = 0; from < piece.length;) {
    const end = piece.indexOf(NEWLINE, from);
    const line = end === from ? undefined : parseManifestLine(decoder.decode(piece.subarray(from, end)));
    if (line !== undefined) entries.push({ line, offset: start + from });
    from = end + 1;
  }
  return entries;
}

function grown(buffer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(buffer.length * 2);
  larger.set(buffer);
  return larger;
}
