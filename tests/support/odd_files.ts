import { walk } from "@std/fs/walk";
import { dirname, join, relative } from "@std/path";
import { bytesFor } from "./fault_server.ts";
import { ODD_NAMES } from "./odd_names.ts";

/** Where every Debian has thousands of small files, many of one name. */
const SOURCES = ["/usr/share/doc", "/usr/share/zoneinfo", "/usr/share/perl5", "/usr/share/man"];
const MAX_BYTES = 2 * 1024 * 1024;
// Not every server shows hidden files in its lists, so that the contract of the drivers has none.
const NAMES = [...ODD_NAMES, ".hidden"];

/**
 * Fills a folder with real files of this system, and with files of odd names and sizes.
 *
 * @param folder The folder.
 * @param count How many files.
 * @returns Their paths relative to the folder.
 */
export async function fillWithFiles(folder: string, count: number): Promise<string[]> {
  const paths: string[] = [];
  const take = async (path: string, store: (target: string) => Promise<unknown>) => {
    const target = join(folder, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await store(target);
    paths.push(path);
  };
  for (const [i, name] of NAMES.entries()) {
    await take(`odd ${i}/${name}`, (target) => Deno.writeFile(target, bytesFor(name, [0, 1, 70_000][i % 3]!)));
  }
  // A quarter at the least, so that every machine tests odd names.
  for (let i = 0; paths.length < count / 4; i++) {
    const path = `made/${i % 7}/${i % 3 === 0 ? "copyright" : `${NAMES[i % NAMES.length]}-${i}`}-${
      i % 5
    }/${i}/copyright`;
    await take(path, (target) => Deno.writeFile(target, bytesFor(path, i * 37)));
  }
  for (const source of SOURCES) {
    for await (const path of realFiles(source)) {
      if (paths.length >= count) return paths;
      await take(join("real", relative("/usr/share", path)), (target) => Deno.copyFile(path, target));
    }
  }
  for (let i = 0; paths.length < count; i++) {
    const path = `more/${i}/copyright`;
    await take(path, (target) => Deno.writeFile(target, bytesFor(path, i * 11)));
  }
  return paths;
}

/** The url of a path below a server. */
export function urlOf(server: string, path: string): string {
  return `${server}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

async function* realFiles(folder: string): AsyncGenerator<string> {
  try {
    for await (const { path, isFile } of walk(folder, { includeDirs: false, includeSymlinks: false })) {
      if (!isFile) continue;
      const { size } = await Deno.stat(path);
      if (size <= MAX_BYTES) yield path;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
