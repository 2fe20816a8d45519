import { DownloadError } from "./download_error.ts";

/** A file is there that is not ours, or not known to be. */
export class FileExistsError extends DownloadError {
  /** Where it is. */
  readonly path: string;

  /** @param path Where it is. */
  constructor(path: string) {
    super("disk", `${path}: a file that Corehaul did not write is there already`, { retryable: false });
    this.path = path;
  }
}
