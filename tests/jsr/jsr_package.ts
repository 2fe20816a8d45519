import { walk } from "@std/fs/walk";
import { join, relative, SEPARATOR } from "@std/path";

/** Contents of a package's files by path, without a leading `/`. */
export type PackageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** One version of a package, as a registry serves it. */
export interface JsrPackage {
  /** Scope and name, `@scope/name`. */
  name: string;
  /** Semantic version. */
  version: string;
  /** Module paths (`./mod.ts`) by export name (`.`, `./sub`). */
  exports: Record<string, string>;
  /** All files. */
  files: PackageFiles;
}

/**
 * Reads what a package's own config file says, as the real registry does after an upload.
 *
 * @param config Path of the config file in {@linkcode files}.
 * @throws {TypeError} If the config or a file that it exports is missing, or a field has the wrong shape.
 */
export function jsrPackage(files: PackageFiles, config = "deno.json"): JsrPackage {
  const bytes = files.get(config);
  if (bytes === undefined) throw new TypeError(`Cannot read the package as ${config} is missing`);
  const { name, version, exports } = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof name !== "string" || typeof version !== "string") {
    throw new TypeError(`Cannot read the package as ${config} must have a name and a version`);
  }
  const byName: Record<string, string> = typeof exports === "string" ? { ".": exports } : { ...exports };
  for (const path of Object.values(byName)) {
    if (!files.has(path.replace(/^\.\//, ""))) {
      throw new TypeError(`Cannot export ${path} as it must be among the files of ${name}`);
    }
  }
  return { name, version, exports: byName, files };
}

/** Reads a package from a folder, all its files included. */
export async function readJsrPackage(folder: string): Promise<JsrPackage> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const { path } of walk(folder, { includeDirs: false })) {
    files.set(relative(folder, path).replaceAll(SEPARATOR, "/"), await Deno.readFile(path));
  }
  return jsrPackage(files);
}

/** Reads every package that has its own folder in a folder. */
export async function readJsrPackages(parent: string): Promise<JsrPackage[]> {
  const packages: JsrPackage[] = [];
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (isDirectory) packages.push(await readJsrPackage(join(parent, name)));
  }
  return packages;
}
