import { builtinModule } from "./builtin_module.ts";

/**
 * The SHA-1 of a text. Few tasks need it, and loading `node:crypto` costs a thread as much as the start of a small
 * download: so it is loaded when the first text comes.
 *
 * @param text Any text; its UTF-8 bytes count.
 * @param encoding How to write the digest.
 * @returns 40 hex digits, or 28 characters of base64.
 *
 * @example
 * ```ts
 * import { textDigest } from "./text_digest.ts";
 *
 * textDigest("abc", "hex"); // "a9993e364706816aba3e25717850c26c9cd0d89d"
 * ```
 */
export function textDigest(text: string, encoding: "hex" | "base64"): string {
  return builtinModule("node:crypto").hash("sha1", text, encoding);
}

/** A number has room for so many hex digits of a digest: no two texts of any real list share them. */
const DIGITS = 13;

/**
 * A number that stands for a text, where a great many of them must fit into little memory.
 *
 * @param text Any text; its UTF-8 bytes count.
 * @returns An integer from 0 to 2^52 - 1, of the SHA-1 of the text.
 */
export function textNumber(text: string): number {
  return parseInt(textDigest(text, "hex").slice(0, DIGITS), 16);
}
