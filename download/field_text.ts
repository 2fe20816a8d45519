// deno-lint-ignore no-control-regex -- it tells ASCII from the rest
const ASCII = /^[\u0000-\u007f]*$/;

/** Text out of the value of a field, one character a byte: as UTF-8 if it is that, and as ISO-8859-1 else. */
export function fieldText(bytes: string): string {
  return ASCII.test(bytes) ? bytes : decodeUtf8(bytes) ?? bytes;
}

/** Text out of bytes, one character each; undefined if they are not UTF-8. */
export function decodeUtf8(bytes: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
