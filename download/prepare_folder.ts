import { dirname } from "@std/path";
import { DownloadError } from "./download_error.ts";

/** Makes the folder of a file; throws if a link leads out of the download folder, and makes nothing there. */
export function prepareFolder(root: string, finalPath: string): void {
  const folder = dirname(finalPath);
  if (isInside(root, folder, finalPath)) return;
  let above = dirname(folder);
  while (!isInside(root, above, finalPath)) above = dirname(above);
  try {
    Deno.mkdirSync(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new DownloadError("disk", `${folder}: a file stands where the folder must be`, { retryable: false });
  }
}

/** True if a folder is in the download folder, false if it is not there; throws if it is elsewhere. */
function isInside(root: string, folder: string, finalPath: string): boolean {
  let real: string;
  try {
    real = Deno.realPathSync(folder);
  } catch (error) {
    // The download folder itself may be gone: then all of it is made anew.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return folder === root;
    throw error;
  }
  if (real === folder || real === root || real.startsWith(`${root}/`)) return true;
  throw new DownloadError("name", `${finalPath}: a link leads out of the download folder`);
}
