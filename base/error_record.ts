/** An error as plain data: what is left of it after a thread boundary or in a file. */
export interface ErrorRecord {
  /** The class of the error. */
  name: string;
  /** The stable code of the error, `"unknown"` if it has none. */
  code: string;
  /** What happened, in one line. */
  message: string;
}

/**
 * Turns anything that was thrown into an {@linkcode ErrorRecord}; structured cloning alone would lose class and fields.
 *
 * @param error What was thrown.
 * @returns Plain data, safe to post and to store.
 *
 * @example
 * ```ts
 * import { encodeError } from "./error_record.ts";
 *
 * encodeError(new RangeError("too big")).name; // "RangeError"
 * ```
 */
export function encodeError(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) {
    return { name: "Error", code: "unknown", message: oneLine(String(error)) };
  }
  const code = "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return { name: error.name, code, message: oneLine(error.message || error.name) };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
