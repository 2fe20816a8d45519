/**
 * The name that a server gives to a file: `Content-Disposition` (RFC 6266, RFC 8187).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeExtended, parse } from "content-disposition";
import { outProblem, safeSegment } from "./task_names.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Reads the file name of a `Content-Disposition` header, `filename*` before `filename`. Only what follows the last
 * separator of a path counts. A `filename` whose bytes are UTF-8 is taken for that, as browsers do.
 *
 * @param value The header as `Headers` has it, one character for each byte, or null.
 * @returns A single segment that is safe on every system, or `undefined` if the header is malformed or has no name.
 *
 * @example
 * ```ts
 * import { contentDisposition } from "./content_disposition.ts";
 *
 * contentDisposition("attachment; filename=\"EURO.txt\"; filename*=UTF-8''%e2%82%ac.txt"); // "€.txt"
 * contentDisposition('attachment; filename="../../etc/passwd"'); // "passwd"
 * ```
 */
export function contentDisposition(value: string | null): string | undefined {
  if (value === null) return undefined;
  const { type, parameters } = parse(value, { extended: false });
  if (!TOKEN.test(type)) return undefined;
  const name = lastSegment(decodeExtended(parameters["filename*"] ?? "")) ??
    lastSegment(fromBytes(parameters["filename"] ?? ""));
  if (name === undefined) return undefined;
  const safe = safeSegment(name.toWellFormed());
  return outProblem(safe) === undefined ? safe : undefined;
}

/** The last segment that has more to it than dots and spaces. */
function lastSegment(path: string | undefined): string | undefined {
  return path?.split(/[\\/]/).findLast((segment) => /[^.\s]/.test(segment));
}

function fromBytes(text: string): string {
  // deno-lint-ignore no-control-regex -- all characters that are one byte
  if (!/^[\u0000-\u00ff]*$/.test(text)) return text;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "latin1"));
  } catch {
    return text;
  }
}
