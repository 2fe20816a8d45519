import { PROJECT_ROOT } from "./corehaul.ts";
import type { TempDir } from "./temp_dir.ts";

/**
 * Writes a Deno configuration that knows the project's imports and switches nothing unstable on: what the command line
 * finds when it is not started from a checkout.
 *
 * @param dir Where to write it.
 * @returns Its path.
 */
export async function writePlainConfig(dir: TempDir): Promise<string> {
  const config = await readJson(new URL("deno.json", PROJECT_ROOT));
  const imports = Object.fromEntries(
    Object.entries(config.imports as Record<string, string>).filter(([, target]) => !target.startsWith("jsr:")),
  );
  for (const link of config.links as string[]) {
    const folder = new URL(`${link}/`, PROJECT_ROOT);
    const { name, exports } = await readJson(new URL("deno.json", folder));
    const all = typeof exports === "string" ? { ".": exports } : exports as Record<string, string>;
    for (const [key, file] of Object.entries(all)) imports[`${name}${key.slice(1)}`] = new URL(file, folder).href;
  }
  return await dir.write("plain/deno.json", JSON.stringify({ imports }));
}

async function readJson(url: URL): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(url));
}
