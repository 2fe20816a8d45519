import { assert } from "@std/assert";

/** Only root can make a small disk. */
export const mayMount: boolean = Deno.build.os === "linux" && Deno.uid() === 0;

/**
 * Puts a disk of 1 MiB into a folder for as long as something runs.
 *
 * @param folder The folder, which is made.
 * @param run What runs; it may make the disk one of 40 MiB.
 */
export async function onSmallDisk(folder: string, run: (grow: () => void) => Promise<void>): Promise<void> {
  const command = (program: string, ...args: string[]) => {
    assert(new Deno.Command(program, { args }).outputSync().success, `${program} ${args}`);
  };
  await Deno.mkdir(folder);
  command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
  try {
    await run(() => command("mount", "-o", "remount,size=40m", folder));
  } finally {
    command("umount", folder);
  }
}
