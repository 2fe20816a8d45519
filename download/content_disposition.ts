import { decodeUtf8, fieldText } from "./field_text.ts";

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const TYPE = new RegExp(`^[\\t ]*${TOKEN}[\\t ]*`);
const PARAMETER = new RegExp(
  `;[\\t ]*(?:(${TOKEN})[\\t ]*=[\\t ]*(?:(${TOKEN})|"([^"\\\\]*(?:\\\\.[^"\\\\]*)*)"))?[\\t ]*`,
  "y",
);
const EXTENDED = /^(utf-8|iso-8859-1)'[^']*'((?:[^%]|%[0-9a-f]{2})*)$/i;

/**
 * The file name in a Content-Disposition (RFC 6266). `filename*` (RFC 8187, in UTF-8 or ISO-8859-1) wins over `filename`,
 * whose bytes are read as UTF-8 if they are that, and as ISO-8859-1 else. The type does not matter.
 *
 * @param field The value of the field, one character a byte.
 * @returns The name as it was given, which may be anything and anywhere; undefined if there is none, or if the field is
 * malformed.
 *
 * @example
 * ```ts
 * import { dispositionName } from "./content_disposition.ts";
 *
 * dispositionName(`attachment; filename="a \\"b\\".txt"`); // 'a "b".txt'
 * dispositionName("attachment; filename=e.txt; filename*=UTF-8''%e2%82%ac.txt"); // "€.txt"
 * dispositionName("attachment; filename=a b.txt"); // undefined
 * ```
 */
export function dispositionName(field: string): string | undefined {
  const type = TYPE.exec(field);
  if (type === null) return undefined;
  let plain: string | undefined;
  let extended: string | undefined;
  PARAMETER.lastIndex = type[0].length;
  for (let end = PARAMETER.lastIndex; end < field.length; end = PARAMETER.lastIndex) {
    const match = PARAMETER.exec(field);
    if (match === null) return undefined;
    const value = match[2] ?? match[3]?.replace(/\\(.)/g, "$1");
    switch (match[1]?.toLowerCase()) {
      case "filename":
        if (plain !== undefined) return undefined;
        plain = value;
        break;
      case "filename*":
        // Its value has quotes of its own kind, so a quoted string is none.
        if (extended !== undefined) return undefined;
        extended = match[2] ?? "";
        break;
    }
  }
  const name = (extended === undefined ? undefined : decodeExtended(extended)) ??
    (plain === undefined ? undefined : fieldText(plain));
  return name === "" ? undefined : name;
}

/** The text of an extended value, or undefined if it is none. */
function decodeExtended(value: string): string | undefined {
  const [, charset, encoded] = EXTENDED.exec(value) ?? [];
  if (charset === undefined || encoded === undefined) return undefined;
  const bytes = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return charset.toLowerCase() === "utf-8" ? decodeUtf8(bytes) : bytes;
}
