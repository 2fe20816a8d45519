import { dirname } from "@std/path";
import { findProgram } from "./find_program.ts";

/** What images of Debian leave out too. */
const LEFT_OUT = /^\/usr\/share\/(doc|info|locale|man)\//;

/**
 * The paths that make up the smallest Debian there is, of the release of this machine: those of its essential packages and of
 * what these need. What is in `/etc` belongs to this machine, so only its folders and links are among them.
 *
 * @returns Paths of files, folders and links that are there, without the first slash, folders before what is in them.
 */
export async function debianFiles(): Promise<string[]> {
  const links = new Map<string, string>();
  const paths = new Set<string>();
  for (const path of (await print("dpkg", "--listfiles", ...await essentialPackages())).split("\n")) {
    if (!path.startsWith("/") || path === "/." || LEFT_OUT.test(path)) continue;
    const file = await Deno.lstat(path).catch(() => undefined);
    if (file === undefined || file.isFile && path.startsWith("/etc/")) continue;
    // Some packages name their files as if /bin were not a link.
    const folder = dirname(path);
    if (!links.has(folder)) links.set(folder, await Deno.realPath(folder));
    paths.add(`${links.get(folder)}/${path.slice(path.lastIndexOf("/") + 1)}`.replace(/^\/+/, ""));
  }
  return [...paths].sort();
}

/** Their names: the essential packages, and what they depend on, again and again. */
async function essentialPackages(): Promise<string[]> {
  const native = (await print("dpkg", "--print-architecture")).trim();
  const needs = new Map<string, string>();
  const providers = new Map<string, string>();
  const wanted: string[] = [];
  const fields =
    "${Architecture}\t${binary:Package}\t${Package}\t${Essential}\t${Provides}\t${Pre-Depends}, ${Depends}\n";
  for (const line of (await print("dpkg-query", "--show", `--showformat=${fields}`)).split("\n")) {
    const [architecture, full, name, essential, provides, depends] = line.split("\t");
    if (depends === undefined || architecture !== native && architecture !== "all") continue;
    needs.set(full!, depends);
    for (const provided of [name!, ...namesIn(provides!)]) {
      if (provided === name || !providers.has(provided)) providers.set(provided, full!);
    }
    if (essential === "yes") wanted.push(full!);
  }
  const found = new Set<string>();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const need of needs.get(name)!.split(",")) {
      const any = need.split("|").flatMap(namesIn).find((one) => providers.has(one));
      if (any !== undefined) wanted.push(providers.get(any)!);
    }
  }
  return [...found];
}

/** The names in a list of packages, without the versions and architectures. */
function namesIn(list: string): string[] {
  return list.split(",").map((item) => item.trim().split(/[ :]/)[0]!).filter((name) => name !== "");
}

async function print(name: string, ...args: string[]): Promise<string> {
  const program = await findProgram(name, ["--version"], "dpkg");
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot ${name} ${args[0]}: ${new TextDecoder().decode(stderr).slice(-2000)}`);
  return new TextDecoder().decode(stdout);
}
