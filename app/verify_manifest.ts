import { dirname } from "@std/path";
import { digestFile } from "../download/body_digest.ts";
import { type Checksum, parseChecksum } from "../download/checksum.ts";
import { pathBelow } from "../download/path_below.ts";
import { outProblem } from "../download/task_names.ts";
import { type ManifestRecord, openManifest } from "./read_manifest.ts";

/** What became of a file that the manifest knows. */
export type ManifestState =
  /** It is there, and as it was: by its digest, or, if none was computed, by its size alone. */
  | "ok"
  /** There is nothing under its path. */
  | "missing"
  /** Its path is no regular file, or leads out of the folder by a link: it is not read. */
  | "no file"
  /** It has another size. */
  | "size"
  /** It has another digest. */
  | "digest"
  /** It cannot be read. */
  | "unreadable";

/** A record of the manifest, and its file. */
export interface ManifestFinding extends ManifestRecord {
  /** What became of it. */
  state: ManifestState;
  /** What it is now, or why it cannot be read, if it is not what it was. */
  found?: string;
}

/** How far {@linkcode verifyManifest} has come. */
export interface VerifyProgress {
  /** How many files were looked at. */
  files: number;
  /** How many there are to look at. */
  of: number;
  /** How many bytes were read. */
  bytes: number;
}

/** What {@linkcode verifyManifest} may be told. */
export interface VerifyOptions {
  /** Called after each file, and after each MiB of a large one. */
  onProgress?: (progress: VerifyProgress) => void;
}

/**
 * Compares the files of a download folder with its manifest. Every byte of them is read, also of those whose digest is
 * not known; only regular files below the folder are.
 *
 * @param directory The download folder.
 * @param options Who is told how far it has come. Default: nobody.
 * @returns A finding for each record, in the order of `readManifest`.
 * @throws {Deno.errors.NotFound} If there is no such folder.
 *
 * @example
 * ```ts ignore
 * import { verifyManifest } from "jsr:@corehaul/corehaul";
 *
 * for await (const { out, state } of verifyManifest("downloads")) if (state !== "ok") console.log(out, state);
 * ```
 */
export async function* verifyManifest(
  directory: string,
  { onProgress = () => {} }: VerifyOptions = {},
): AsyncGenerator<ManifestFinding, void, void> {
  const root = await Deno.realPath(directory);
  const { count, records } = await openManifest(root);
  const progress = { files: 0, of: count, bytes: 0 };
  const read = (bytes: number) => {
    progress.bytes += bytes;
    onProgress({ ...progress });
  };
  read(0);
  for await (const record of records()) {
    const found = await look(root, record, read);
    progress.files++;
    read(0);
    yield { ...record, ...found };
  }
}

async function look(
  root: string,
  record: ManifestRecord,
  heard: (bytes: number) => void,
): Promise<{ state: ManifestState; found?: string }> {
  const { out, bytes, digest } = record;
  const problem = outProblem(out);
  if (problem !== undefined) return { state: "no file", found: `its path ${problem}` };
  const path = pathBelow(root, out);
  try {
    const folder = Deno.realPathSync(dirname(path));
    if (folder !== root && !folder.startsWith(pathBelow(root, ""))) {
      return { state: "no file", found: "a link leads out of the folder" };
    }
    const info = Deno.lstatSync(path);
    if (!info.isFile) return { state: "no file", found: info.isSymlink ? "a link" : "a folder or a device" };
    if (info.size !== bytes) return { state: "size", found: String(info.size) };
    return await compare(path, bytes, digest === undefined ? undefined : parseChecksum(digest), heard);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return { state: "missing" };
    }
    return { state: "unreadable", found: error instanceof Error ? error.message : String(error) };
  }
}

async function compare(
  path: string,
  bytes: number,
  parsed: ReturnType<typeof parseChecksum> | undefined,
  heard: (bytes: number) => void,
): Promise<{ state: ManifestState; found?: string }> {
  const known: Checksum | undefined = parsed?.type === "checksum" ? parsed.checksum : undefined;
  const read = await digestFile(path, known === undefined ? [] : [known.algorithm], { heard });
  // It may be written to at this moment.
  if (read.bytes !== bytes) return { state: "size", found: String(read.bytes) };
  if (parsed?.type === "problem") return { state: "digest", found: `the manifest's own ${parsed.message}` };
  if (known === undefined || read.verify(known) === undefined) return { state: "ok" };
  const { algorithm, digest } = read.checksum(known.algorithm);
  return { state: "digest", found: `${algorithm}:${digest}` };
}
