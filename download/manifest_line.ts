import type { ContentEncodingMode } from "./content_encoding.ts";

/** Where a file is from, and when it came. */
export interface ManifestRecord {
  /** Where it is, relative to the download folder. */
  out: string;
  /** The name that it has at its server, if that could not be its name here. */
  originalName?: string;
  /** The Content-Encoding of the answer that brought it, if the bytes were stored as they were sent. */
  contentEncoding?: string;
  /** The url of its task, without credentials. */
  url: string;
  /** The url that answered in the end, without credentials. */
  finalUrl: string;
  /** Its size. */
  bytes: number;
  /** The checksum that was computed as it came, such as `sha-256:` and hex; absent if none was. */
  digest?: string;
  /** Its ETag. */
  etag?: string;
  /** Its Last-Modified date. */
  lastModified?: string;
  /** How many attempts it took. */
  attempts: number;
  /** The core that fetched it. */
  core: number;
  /** The name of the machine that fetched it; absent in what older versions wrote. */
  machine?: string;
  /** When the last attempt started, in milliseconds since the epoch. */
  startedAt: number;
  /** When it was whole. */
  finishedAt: number;
  /** The id of its task. */
  id: string;
}

/** One finished file, as the manifest tells it. */
export interface ManifestLine extends ManifestRecord {
  /** The proof of the claim. */
  fence: string;
  /** Its inode when it was finished. */
  inode: number;
  /** The Content-Encoding of the answer that brought it, if that was taken off the bytes. */
  decodedFrom?: string;
  /** What the user wanted to be done with a Content-Encoding, if the answer had one; absent: `"auto"`. */
  encodingMode?: ContentEncodingMode;
  /** True if it may take the place of a file that has its name. */
  replace?: boolean;
}

/** Takes a line back: the file did not get its name. */
export interface VoidLine {
  /** The claim of the line. */
  void: string;
  /** Where the file would have been. */
  out: string;
}

const TEXTS = ["id", "fence", "url", "finalUrl", "out"] as const;
const COUNTS = ["bytes", "attempts", "core", "startedAt", "finishedAt"] as const;
/** There is no later date. */
const LAST_DATE = 8.64e15;
const OPTIONAL_TEXTS = [
  ...["originalName", "contentEncoding", "digest", "etag", "lastModified", "machine", "decodedFrom"] as const,
  "encodingMode",
] as const;

/**
 * Reads a line of the manifest.
 *
 * @param text The line.
 * @returns What it says; undefined if it is none, because a crash tore it or somebody else wrote it.
 */
export function parseManifestLine(text: string): ManifestLine | VoidLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const line = value as Record<string, unknown>;
  if (typeof line.void === "string") return typeof line.out === "string" ? value as VoidLine : undefined;
  for (const name of TEXTS) if (typeof line[name] !== "string") return undefined;
  for (const name of COUNTS) if (!isCount(line[name])) return undefined;
  // There are inodes that no number holds exactly: they stay equal to themselves.
  if (typeof line.inode !== "number" || line.finishedAt as number > LAST_DATE) return undefined;
  for (const name of OPTIONAL_TEXTS) if (line[name] !== undefined && typeof line[name] !== "string") return undefined;
  return value as ManifestLine;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && value as number >= 0;
}
