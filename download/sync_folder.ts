import { dirname } from "@std/path";
import { diskError } from "./disk_error.ts";

/** Brings the name of a file to the disk, where the system can do that. */
export async function syncFolder(file: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const folder = dirname(file);
  try {
    using handle = await Deno.open(folder, { read: true });
    await handle.sync();
  } catch (error) {
    throw diskError(error, folder);
  }
}
