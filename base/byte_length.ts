/**
 * How many bytes a text has in UTF-8.
 *
 * @param text Any text; half of a character that takes two counts as three bytes.
 */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** True if a text has more bytes in UTF-8 than a number; a short text is not encoded for that. */
export function isLonger(text: string, bytes: number): boolean {
  // A character has at most three bytes in UTF-8, or four where it counts as two.
  return text.length * 3 > bytes && byteLength(text) > bytes;
}

/** The beginning of a text, whole characters of it, in no more bytes of UTF-8 than a number. */
export function startOf(text: string, bytes: number): string {
  let start = "";
  let room = bytes;
  for (const character of text) {
    room -= byteLength(character);
    if (room < 0) break;
    start += character;
  }
  return start;
}
