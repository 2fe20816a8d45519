// deno-lint-ignore no-control-regex -- it tells ASCII from the rest
const ASCII = /^[\u0000-\u007f]*$/;

/** Text out of the value of a field, one character a byte: as UTF-8 if it is that, and as ISO-8859-1 else. */
export function fieldText(bytes: string): string {
  return ASCII.test(bytes) ? bytes : decodeCharset("utf-8", bytes) ?? bytes;
}

/**
 * Text out of bytes.
 *
 * @param charset What they are said to be, in any case of letters.
 * @param bytes One character each.
 * @returns The text; undefined if they are not that, or if nobody knows the charset.
 */
export function decodeCharset(charset: string, bytes: string): string | undefined {
  if (/^iso-8859-1$/i.test(charset)) return bytes;
  try {
    const decoder = new TextDecoder(charset, { fatal: true });
    return decoder.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
  } catch (error) {
    // The charset is unknown, or the bytes are not in it.
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The bytes that escapes such as `%20` stand for; undefined if a percent sign begins none. */
export function unescapePercent(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  return text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
