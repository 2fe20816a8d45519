/**
 * What the path index says of a path: which url it is reserved for, and by which task. A short url stands there itself,
 * so that nothing has to be worked out; of a long one, the beginning of its digest does.
 *
 * @module
 */
import { textDigest } from "../base/text_digest.ts";

/** A longer url costs more to store than to digest. */
const LONGEST_WHOLE = 120;
/** 120 bits: enough that no two urls of any list ever meet. */
const DIGEST_LENGTH = 20;
/** Between the wish and its mark; no digest has it. */
const SEPARATOR = "\u0001";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the path index says of a path. */
export interface Reservation {
  id: string;
  /** Stands for the url: the same path for the same url is the same wish. */
  wish: string;
  /** Stands for what the task was asked for with, beside its url: see {@linkcode draftMark}. */
  mark?: string;
  /** Where the file goes now, if the task got another name since it was added. */
  out?: string;
}

/** A reservation as it is stored: in bytes, which cost least, unless they could not hold the text. */
export type StoredReservation = Uint8Array | string | readonly [text: string, out: string];

/** What stands for a url; a digest has no colon in it, a url that stands for itself has. */
function wishOf(url: string): string {
  const plain = url.length <= LONGEST_WHOLE && url.includes(":") && !url.includes(" ") && !url.includes(SEPARATOR);
  return plain ? url : digestOf(url);
}

/** True if a reservation is for this url. */
export function isFor({ wish }: Reservation, url: string): boolean {
  return wish === (wish.includes(":") ? url : digestOf(url));
}

/**
 * What is stored.
 *
 * @param out Where the file goes now, if that is not the path any more.
 * @param mark What {@linkcode draftMark} says of the task.
 */
export function encodeReservation(url: string, id: string, out?: string, mark?: string): StoredReservation {
  const text = `${wishOf(url)}${mark === undefined ? "" : SEPARATOR + mark} ${id}`;
  if (out !== undefined) return [text, out];
  return text.isWellFormed() ? encoder.encode(text) : text;
}

/** What was stored; what is no reservation is one for no url. */
export function decodeReservation(value: StoredReservation): Reservation {
  if (Array.isArray(value)) return { ...decodeReservation(value[0]), out: value[1] };
  const text = value instanceof Uint8Array ? decoder.decode(value) : typeof value === "string" ? value : "";
  const space = text.indexOf(" ");
  const [wish, mark] = text.slice(0, space).split(SEPARATOR);
  return { wish: wish!, id: text.slice(space + 1), ...(mark === undefined ? {} : { mark }) };
}

function digestOf(url: string): string {
  return textDigest(url, "base64").slice(0, DIGEST_LENGTH);
}
