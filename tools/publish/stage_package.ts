import { ensureDir } from "@std/fs/ensure-dir";
import { dirname, join } from "@std/path";

/** The part of deno.json that is looked at. */
interface ProjectConfig {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
  unstable: string[];
  imports: Record<string, string>;
  links: string[];
  compilerOptions: Record<string, unknown>;
  /** What is published: files, and folders with all that is in them. */
  publish: { include: string[] };
}

/**
 * Copies what is published into a folder, as a package of its own: `deno publish` takes no package whose modules import
 * files that are not published, and in a checkout `jsr:@std/*` is in `links/`. Beside the package those may be.
 *
 * @param project The folder of the project, with git.
 * @param to An empty folder.
 * @returns The folder to publish from.
 */
export async function stagePackage(project: string, to: string): Promise<string> {
  const config: ProjectConfig = JSON.parse(await Deno.readTextFile(join(project, "deno.json")));
  const { name, version, license, exports, unstable, imports, links, compilerOptions, publish } = config;
  const staged = join(to, "package");
  const files = await projectFiles(project);
  const published = files.filter((file) => publish.include.some((item) => isIn(file, item)));
  for (const file of published) await copy(join(project, file), join(staged, file));
  for (const file of files) {
    if (links.some((link) => isIn(file, link.replace(/^\.\//, "")))) await copy(join(project, file), join(to, file));
  }
  const sources = published.filter((file) => file.endsWith(".ts"));
  const text = (await Promise.all(sources.map((file) => Deno.readTextFile(join(project, file))))).join("\n");
  const used = Object.entries(imports).filter(([name]) => new RegExp(`"${RegExp.escape(name)}["/]`).test(text));
  const own = { name, version, license, exports, imports: Object.fromEntries(used), compilerOptions };
  await writeJson(join(staged, "deno.json"), own);
  await writeJson(join(to, "deno.json"), { workspace: ["./package"], links, unstable, lock: false });
  return staged;
}

/** The files that git knows or would take up, so nothing that is ignored. */
async function projectFiles(project: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."],
    cwd: project,
  }).output();
  if (!success) throw new Error(`Cannot list the files of the project: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout).split("\0").filter((file) => file !== "");
}

function isIn(file: string, item: string): boolean {
  return file === item || file.startsWith(`${item}/`);
}

async function copy(from: string, to: string): Promise<void> {
  await ensureDir(dirname(to));
  try {
    await Deno.copyFile(from, to);
  } catch (error) {
    // A file that was deleted, but not from git's index.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await ensureDir(dirname(file));
  await Deno.writeTextFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
