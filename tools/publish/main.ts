/**
 * Publishes the package from a copy that has only what users need. Its arguments go to `deno publish`, such as `--dry-run`.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { stagePackage } from "./stage_package.ts";

if (import.meta.main) {
  const project = fromFileUrl(import.meta.resolve("../../"));
  const to = await Deno.makeTempDir({ prefix: "corehaul_package_" });
  try {
    const { success, code } = await run("git", ["diff", "--quiet", "HEAD"], project);
    if (!success && !Deno.args.some((arg) => arg === "--dry-run" || arg === "--allow-dirty")) {
      console.error("Cannot publish as all changes must be committed: see git status, or use --allow-dirty");
      Deno.exit(code);
    }
    // The copy is in no repository.
    const args = [...new Set(["publish", "--allow-dirty", ...Deno.args])];
    Deno.exitCode = (await run(Deno.execPath(), args, await stagePackage(project, to))).code;
  } finally {
    await Deno.remove(to, { recursive: true });
  }
}

async function run(program: string, args: string[], cwd: string): Promise<Deno.CommandStatus> {
  return await new Deno.Command(program, { args, cwd }).spawn().status;
}
