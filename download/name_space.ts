import type { SpaceWish } from "../queue/task_model.ts";
import { DownloadError } from "./download_error.ts";

/**
 * Passes an error on; one that says that the disk is full also says how much space the file takes.
 *
 * @param wish Tells that.
 */
export function naming(wish: () => SpaceWish): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DownloadError) || !error.full || error.space !== undefined) throw error;
    const { kind, message, retryable, cause } = error;
    throw new DownloadError(kind, message, { full: true, retryable, cause, space: wish() });
  };
}
