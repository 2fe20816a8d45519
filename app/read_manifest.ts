import { listManifestFiles, type ManifestFile, manifestFolder, readManifestFile } from "../download/manifest_files.ts";
import type { ManifestLine, ManifestRecord } from "../download/manifest_line.ts";
import { ManifestTable } from "../download/manifest_table.ts";

export type { ManifestRecord };

/**
 * Reads what the manifest of a download folder says: the newest record of every path, in the order in which each worker
 * wrote them. It reads the manifest twice, first for which lines are the newest: what it keeps of a line are some 50
 * bytes, so a million of them need no more than that many megabytes.
 *
 * @param directory The download folder.
 * @returns The records; none if the folder has no manifest.
 *
 * @example
 * ```ts
 * import { readManifest } from "./read_manifest.ts";
 *
 * for await (const { out, url } of readManifest("downloads")) console.log(out, url);
 * ```
 */
export async function* readManifest(directory: string): AsyncGenerator<ManifestRecord, void, void> {
  yield* (await openManifest(directory)).records();
}

/** What a manifest says. */
export interface OpenManifest {
  /** How many paths it knows. */
  count: number;
  /** Reads the newest record of each, as {@linkcode readManifest} does. */
  records: () => AsyncGenerator<ManifestRecord, void, void>;
}

/** Reads a manifest for the first time, for which lines are the newest. */
export async function openManifest(directory: string): Promise<OpenManifest> {
  const files = await listManifestFiles(manifestFolder(directory));
  const table = new ManifestTable();
  const ends: number[] = [];
  for (const [number, { path, writer }] of files.entries()) {
    ends[number] = 0;
    for await (const { entries, end } of readManifestFile(path)) {
      for (const { line, offset } of entries) {
        if ("void" in line) table.void(writer, line);
        else table.add(writer, line, { file: number, offset });
      }
      ends[number] = end;
    }
  }
  return { count: table.countPaths(), records: () => newestRecords(files, ends, table) };
}

async function* newestRecords(
  files: readonly ManifestFile[],
  ends: readonly number[],
  table: ManifestTable,
): AsyncGenerator<ManifestRecord, void, void> {
  for (const [number, { path }] of files.entries()) {
    // What was added in the meantime was not compared.
    for await (const { entries } of readManifestFile(path, 0, ends[number])) {
      for (const { line, offset } of entries) {
        if (!("void" in line) && table.isNewest(line.out, { file: number, offset })) yield recordOf(line);
      }
    }
  }
}

function recordOf(line: ManifestLine): ManifestRecord {
  const { out, originalName, contentEncoding, url, finalUrl, bytes, digest, etag, lastModified, ...rest } = line;
  const { attempts, core, machine, startedAt, finishedAt, id } = rest;
  return {
    out,
    ...(originalName === undefined ? {} : { originalName }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    url,
    finalUrl,
    bytes,
    ...(digest === undefined ? {} : { digest }),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    attempts,
    core,
    ...(machine === undefined ? {} : { machine }),
    startedAt,
    finishedAt,
    id,
  };
}
