/**
 * What is known of an unfinished file, in a small file beside it: enough to ask the server for the rest of the very same
 * version, and nothing that would have to be believed otherwise.
 *
 * @module
 */
import { plainEncoding } from "./content_encoding.ts";
import { parseHttpDate } from "./http_date.ts";
import type { ByteRange } from "./segment_plan.ts";

/** What is there of a file that is not written from its beginning to its end: its size says nothing then. */
export interface PartPieces {
  /** What was written, in order and apart from each other. */
  written: readonly ByteRange[];
  /** What of it was certainly on the disk. */
  synced: readonly ByteRange[];
}

/** One version of a remote file, and how much of it is safe. */
export interface PartState {
  /** Where it is from. */
  url: string;
  /** Its length in bytes. */
  length: number;
  /** Its ETag, if that is a strong one. */
  etag?: string;
  /** Its ETag, if that is a weak one: the same proves nothing, another one is of another version. */
  weakEtag?: string;
  /** Its Last-Modified date, if that may tell versions apart. */
  lastModified?: string;
  /**
   * Its Content-Encoding, in small letters: the bytes are as they were sent under that, and only what comes under the same one
   * goes with them. Absent: there was none.
   */
  coding?: string;
  /** The `Content-Type` of its first answer: those to ranges need not repeat it (RFC 9110, 15.3.7). */
  contentType?: string;
  /** Changes with every boot of the machine: what was only in memory then is gone. */
  bootId: string;
  /** So many bytes from its beginning were certainly on the disk. */
  synced: number;
  /** What is there, if it was written in pieces; then `synced` says nothing. */
  pieces?: PartPieces;
}

/** What an answer says of the version that it brings. */
export interface Version {
  /** The length of the whole file, if it is known. */
  length?: number;
  /** The ETag. */
  etag?: string;
  /** The Last-Modified date. */
  lastModified?: string;
  /** The Content-Encoding, if it is another one than `identity`. */
  contentEncoding?: string;
  /** Further fields of the answer; `date` is when it was made, by the server's clock. */
  headers?: { get(name: string): string | null };
}

/** The form of bytes that are as the server sent them. */
const SENT = "sent";
/** A date is a strong validator only if the file was already that old when it was sent (RFC 9110, 8.8.2.2). */
const OLD_ENOUGH_MS = 1000;
/** Builds that can be repeated give all of their files one date, mostly of 1970 or 1980. */
const FIRST_DATE = Date.UTC(1990, 0);

/**
 * What to keep of a version, so that its download can be continued later.
 *
 * @returns Undefined if nothing tells this version from another one for certain.
 */
export function partState(url: string, version: Version, bootId: string): PartState | undefined {
  const { length, etag, lastModified } = version;
  if (length === undefined) return undefined;
  const strong = etag !== undefined && isStrongEtag(etag);
  const dated = lastModified !== undefined && isOld(lastModified, version.headers?.get("date"));
  if (!strong && !dated) return undefined;
  const contentType = version.headers?.get("content-type") ?? undefined;
  return {
    url,
    length,
    ...(contentType === undefined ? {} : { contentType }),
    ...(version.contentEncoding === undefined ? {} : { coding: plainEncoding(version.contentEncoding) }),
    ...(strong ? { etag } : etag === undefined ? {} : { weakEtag: etag }),
    ...(dated ? { lastModified } : {}),
    bootId,
    synced: 0,
  };
}

/** What `If-Range` may say for a version, the best first. */
export function validatorsOf({ etag, lastModified }: PartState): string[] {
  return [etag, lastModified].filter((validator) => validator !== undefined);
}

/** True if an answer brings the very version that a state is about. */
export function isSameVersion(state: PartState, version: Version): boolean {
  if (version.length !== state.length) return false;
  // One file has the same bytes under its one coding only, even where a server names both forms by one ETag.
  if ((version.contentEncoding === undefined ? undefined : plainEncoding(version.contentEncoding)) !== state.coding) {
    return false;
  }
  // A validator that was there before and is not there now leaves doubt.
  const known = state.etag ?? state.weakEtag;
  if (known !== undefined && version.etag !== known) return false;
  if (state.etag !== undefined) return true;
  return version.lastModified === state.lastModified;
}

/** The text of a state. */
export function encodePartState({ pieces, coding, ...state }: PartState): string {
  // A reader that knows of no pieces would believe the size of the file: the other version keeps it away.
  const version = pieces === undefined ? 1 : 2;
  return JSON.stringify({ version, ...state, ...(coding === undefined ? {} : { coding, form: SENT }), ...pieces });
}

/** Reads a state; whatever is not exactly one, because it is torn or somebody else's, is undefined. */
export function decodePartState(text: string): PartState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { version, url, length, etag, weakEtag, lastModified, contentType, coding, form, bootId, synced, written } =
    value as Record<string, unknown>;
  if (typeof url !== "string" || typeof bootId !== "string" || !isCount(length)) return undefined;
  const strong = typeof etag === "string" && isStrongEtag(etag);
  const dated = typeof lastModified === "string" && parseHttpDate(lastModified) !== undefined;
  if ((etag !== undefined && !strong) || (lastModified !== undefined && !dated) || (!strong && !dated)) {
    return undefined;
  }
  // Bytes in another form than they were sent in are none that a server could continue.
  if (coding !== undefined && (typeof coding !== "string" || form !== SENT)) return undefined;
  const weak = typeof weakEtag === "string" ? { weakEtag } : {};
  const typed = typeof contentType === "string" ? { contentType } : {};
  const known = {
    url,
    length,
    ...typed,
    ...(coding === undefined ? {} : { coding }),
    ...(strong ? { etag } : {}),
    ...weak,
    ...(dated ? { lastModified } : {}),
    bootId,
  };
  if (version === 1) return isCount(synced) && synced <= length ? { ...known, synced } : undefined;
  if (version !== 2 || !areRanges(written, length) || !areRanges(synced, length)) return undefined;
  return { ...known, synced: 0, pieces: { written, synced } };
}

/** True if equal ETags mean equal bytes: a weak ETag stands for versions that only look alike. */
export function isStrongEtag(etag: string): boolean {
  return /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag);
}

function isOld(lastModified: string, date: string | null | undefined): boolean {
  const modified = parseHttpDate(lastModified);
  // What is no date is compared by nobody, and what lies before all web servers is the date of every version.
  if (modified === undefined || modified < FIRST_DATE || typeof date !== "string") return false;
  const sent = parseHttpDate(date);
  return sent !== undefined && sent - modified >= OLD_ENOUGH_MS;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** True for ranges within a file that are in order and apart from each other. */
function areRanges(value: unknown, length: number): value is ByteRange[] {
  if (!Array.isArray(value)) return false;
  let end = -1;
  for (const range of value) {
    if (!Array.isArray(range) || range.length !== 2) return false;
    const [from, to] = range;
    if (!isCount(from) || !isCount(to) || from <= end || to <= from || to > length) return false;
    end = to;
  }
  return true;
}
