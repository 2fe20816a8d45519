/**
 * The programs that the documents show, as a user has them.
 *
 * @module
 */
import { fromFileUrl, join, relative } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };
import { codeBlocks, ROOT, shellCommands } from "./markdown.ts";

/** Runs Deno in a folder. */
export async function runDeno(args: string[], cwd: string, env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Gives a folder to a function, and removes it. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A project of a user, who has the packages but switches nothing on: what is unstable comes from the command line. */
export async function writeProject(folder: string): Promise<void> {
  const links = denoJson.links.map((link) => relative(folder, fromFileUrl(new URL(link, ROOT))));
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ imports: denoJson.imports, links }));
  await Deno.copyFile(new URL("deno.lock", ROOT), join(folder, "deno.lock"));
}

/** The program with the module of this checkout in place of the published one. */
export function fromCheckout(text: string): string {
  return text.replace("jsr:@corehaul/corehaul", new URL("mod.ts", ROOT).href);
}

/** The program of README.md, and the flags with which it says to run it. */
export function readmeProgram(readme: string): { text: string; flags: string[] } {
  const { text } = codeBlocks(readme).find((block) => block.info.startsWith("ts"))!;
  const command = shellCommands(readme).find((line) => line.endsWith(" program.ts"))!;
  return { text, flags: command.split(" ").slice(2, -1) };
}

/** The driver of docs/protocols.md. */
export function ipfsDriver(protocols: string): string {
  const [block] = codeBlocks(protocols).filter(({ text }) => text.includes("ipfs_driver.ts:"));
  return block!.text;
}
