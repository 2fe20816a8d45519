import { assert } from "@std/assert";

/** Only root can make a small disk. */
export const mayMount: boolean = Deno.build.os === "linux" && Deno.uid() === 0;

/**
 * Puts a disk into a folder for as long as something runs.
 *
 * @param folder The folder, which is made if it is not there.
 * @param run What runs; it may make the disk one of another size, or of 40 MiB.
 * @param size Its size. Default: 1 MiB.
 */
export async function onSmallDisk(
  folder: string,
  run: (resize: (size?: string) => void) => Promise<void>,
  size = "1m",
): Promise<void> {
  const command = (program: string, ...args: string[]) => {
    assert(new Deno.Command(program, { args }).outputSync().success, `${program} ${args}`);
  };
  await Deno.mkdir(folder, { recursive: true });
  command("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder);
  try {
    await run((size = "40m") => command("mount", "-o", `remount,size=${size}`, folder));
  } finally {
    command("umount", folder);
  }
}
