import { textNumber } from "../base/text_digest.ts";
import { listManifestFiles, manifestFolder } from "../download/manifest_files.ts";
import type { ManifestRecord } from "../download/manifest_line.ts";
import { readManifest } from "./read_manifest.ts";

/** A finished file, and where it is. */
export interface CollectedRecord extends ManifestRecord {
  /** The download folder, as it was named. */
  folder: string;
}

/** A path that more than one of the folders has. */
export interface CollectedTwin {
  /** The path. */
  out: string;
  /** The folders, in the order in which they were named. */
  folders: [first: string, later: string];
  /** False if the two are not the same file: another size, or another digest where both are known. */
  same: boolean;
}

/** How {@linkcode collectManifests} works. */
export interface CollectOptions {
  /** Told of every path that a folder before has already. Default: nobody is. */
  twin?: (twin: CollectedTwin) => void;
}

/**
 * Merges the manifests of several download folders, such as those of machines that shared one list: the newest record of
 * every path of each folder, folder by folder. To know what is there twice it keeps some 32 bytes for each record.
 *
 * @param directories The download folders.
 * @param options Who is told what.
 * @throws {Deno.errors.NotFound} If one of them has no manifest; nothing was given then.
 *
 * @example
 * ```ts ignore
 * import { collectManifests } from "jsr:@corehaul/corehaul";
 *
 * for await (const { machine, folder, out } of collectManifests(["a/files", "b/files"])) console.log(machine, folder, out);
 * ```
 */
export async function* collectManifests(
  directories: readonly string[],
  { twin }: CollectOptions = {},
): AsyncGenerator<CollectedRecord, void, void> {
  for (const directory of directories) {
    if ((await listManifestFiles(manifestFolder(directory))).length > 0) continue;
    throw new Deno.errors.NotFound(`there is no manifest in "${directory}"`);
  }
  const seen = new SeenFiles();
  for (const [number, folder] of directories.entries()) {
    for await (const record of readManifest(folder)) {
      const first = seen.note(number, record);
      if (first !== undefined) {
        twin?.({ out: record.out, folders: [directories[first.folder]!, folder], same: first.same });
      }
      yield { ...record, folder };
    }
  }
}

const FIRST_PLACES = 1024;
const FULL = 0.6;

/** The files of all folders, as numbers: what they are, and which folder has each first. */
class SeenFiles {
  #size = 0;
  #paths = new Float64Array(FIRST_PLACES);
  #bytes = new Float64Array(FIRST_PLACES);
  #digests = new Float64Array(FIRST_PLACES);
  #folders = new Uint32Array(FIRST_PLACES);

  /** Notes a file; gives the folder that has its path already, and whether it is the same file there. */
  note(folder: number, { out, bytes, digest }: ManifestRecord): { folder: number; same: boolean } | undefined {
    if (this.#size > FULL * this.#paths.length) this.#grow();
    const path = keyOf(out);
    const place = this.#find(path);
    const known = digest === undefined ? 0 : keyOf(digest);
    if (this.#paths[place] !== 0) {
      const other = this.#digests[place]!;
      const same = this.#bytes[place] === bytes && (known === 0 || other === 0 || known === other);
      return { folder: this.#folders[place]!, same };
    }
    this.#size++;
    this.#put(place, path, bytes, known, folder);
    return undefined;
  }

  #put(place: number, path: number, bytes: number, digest: number, folder: number): void {
    this.#paths[place] = path;
    this.#bytes[place] = bytes;
    this.#digests[place] = digest;
    this.#folders[place] = folder;
  }

  #find(path: number): number {
    const { length } = this.#paths;
    let place = path % length;
    while (this.#paths[place] !== 0 && this.#paths[place] !== path) place = (place + 1) % length;
    return place;
  }

  #grow(): void {
    const [paths, bytes, digests, folders] = [this.#paths, this.#bytes, this.#digests, this.#folders];
    const length = paths.length * 2;
    this.#paths = new Float64Array(length);
    this.#bytes = new Float64Array(length);
    this.#digests = new Float64Array(length);
    this.#folders = new Uint32Array(length);
    for (const [i, path] of paths.entries()) {
      if (path !== 0) this.#put(this.#find(path), path, bytes[i]!, digests[i]!, folders[i]!);
    }
  }
}

/** A number that stands for a text, and is never 0. That two of ten million texts share one is a case in a hundred. */
function keyOf(text: string): number {
  return textNumber(text) + 1;
}
