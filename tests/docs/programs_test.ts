import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fromCheckout, ipfsDriver, readmeProgram, runDeno, withFolder, writeProject } from "./documented_program.ts";
import { readDocument } from "./markdown.ts";

// One look at both, as nearly all of the time goes into the project that they import.
Deno.test("the programs of README.md and docs/protocols.md have the right types, in the project of a user", async () => {
  const { text, flags } = readmeProgram(await readDocument("README.md"));
  await withFolder(async (folder) => {
    await writeProject(folder);
    await Deno.writeTextFile(join(folder, "program.ts"), fromCheckout(text));
    const driver = ipfsDriver(await readDocument("docs/protocols.md"));
    await Deno.writeTextFile(join(folder, "ipfs_driver.ts"), fromCheckout(driver));
    const unstable = flags.filter((flag) => flag.startsWith("--unstable"));
    const { stderr, code } = await runDeno(["check", "--quiet", ...unstable, "program.ts", "ipfs_driver.ts"], folder);
    assertEquals(stderr, "");
    assertEquals(code, 0);
  });
});
