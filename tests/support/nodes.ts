/**
 * Nodes of the file system that are no files.
 *
 * @module
 */

/** Makes a FIFO; returns its path. */
export async function makeFifo(path: string): Promise<string> {
  const { success } = await new Deno.Command("mkfifo", { args: ["-m", "644", path] }).output();
  if (!success) throw new Error(`Cannot make a FIFO at ${path}`);
  return path;
}

/**
 * Makes a device that takes and forgets everything, as `/dev/null` does.
 *
 * @param path Where.
 * @returns False if that is not permitted, or no device works there.
 */
export async function makeNullDevice(path: string): Promise<boolean> {
  const { success } = await new Deno.Command("mknod", { args: [path, "c", "1", "3"], stderr: "null" }).output();
  return success && await Deno.open(path, { write: true }).then((file) => (file.close(), true), () => false);
}
