import { DownloadError, StoppedError } from "./download_error.ts";

/** What the file system threw, as an error of the task. */
export function diskError(error: unknown, path: string): Error {
  if (error instanceof DownloadError || error instanceof StoppedError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const full = /os error (28|122)\)|no space left|quota exceeded/i.test(text);
  // Space and descriptors come back; a folder that may not be written, or that is a file, does not by itself.
  const lasting = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.NotCapable || /read-only file system|is a directory|file name too long/i.test(text);
  return new DownloadError("disk", `${path}: ${text}`, { cause: error, retryable: !lasting, full });
}
