const ROOT = new URL("../../", import.meta.url);
const ENTRIES = ["cli.ts", "workers/proc_config.ts", "workers/proc_driver.ts", "workers/proc_worker.ts"];
/** Tells the tests that it is done. */
const DONE = "COREHAUL_PROJECT_CACHED";
let caching: Promise<void> | undefined;

/**
 * Loads the packages of the project, once: the first run of a fresh checkout downloads them and says so, which no test of the
 * command line may see.
 *
 * @returns Variables that tell child processes that it is done.
 * @throws {Error} If a package cannot be loaded.
 */
export async function cacheProject(): Promise<Record<string, string>> {
  if (Deno.env.get(DONE) === undefined) await (caching ??= loadPackages());
  return { [DONE]: "1" };
}

async function loadPackages(): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), { args: ["cache", ...ENTRIES], cwd: ROOT, env: { NO_COLOR: "1" } });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`Cannot load the project: ${new TextDecoder().decode(stderr)}`);
}
