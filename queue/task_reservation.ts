/**
 * What the path index says of a path: one value under `path, out`.
 *
 * @module
 */
import { hash } from "node:crypto";

/** Who has a path. */
export interface Reservation {
  /** The task. */
  id: string;
  /** A digest of its url: the same path for the same url is the same wish. */
  wish: string;
  /** Where its file goes now, if the task got another name since it was added. */
  out?: string;
}

/** A reservation as it is stored: most are one short text. */
export type StoredReservation = string | readonly [wish: string, id: string, out: string];

/** The wish of a url. */
export function wishFor(url: string): string {
  return hash("sha1", url, "base64").slice(0, 20);
}

/** What is stored. */
export function encodeReservation({ wish, id, out }: Reservation): StoredReservation {
  return out === undefined ? `${wish} ${id}` : [wish, id, out];
}

/** What was stored. */
export function decodeReservation(value: StoredReservation): Reservation {
  if (typeof value !== "string") return { wish: value[0], id: value[1], out: value[2] };
  const space = value.indexOf(" ");
  return { wish: value.slice(0, space), id: value.slice(space + 1) };
}
