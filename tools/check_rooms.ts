/**
 * Enforces the order of the rooms (`deno run -A tools/check_rooms.ts [--root DIR]`): prints one line for every broken
 * rule and exits with 1, or one line that all is well.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { walk } from "@std/fs/walk";
import { fromFileUrl, relative, resolve, SEPARATOR } from "@std/path";
import {
  CLI_FOLDER,
  DOORS,
  type RoomFile,
  type RoomImport,
  ROOMS,
  roomViolations,
  WORKER_ENTRIES,
} from "./room_rules.ts";

interface InfoDependency {
  specifier: string;
  code?: InfoResolution;
  type?: InfoResolution;
  isDynamic?: boolean;
}

interface InfoResolution {
  specifier?: string;
  error?: string;
  span: { start: { line: number } };
}

interface InfoModule {
  specifier: string;
  error?: string;
  dependencies?: InfoDependency[];
}

/** Every module that a root leads to, by its url. */
type Modules = Map<string, InfoModule>;

const DLOPEN = /\bDeno\s*(?:\?\.|\.)\s*dlopen\b|\bDeno\s*\[\s*["'`]dlopen|\bdlopen\b[^=]*\}\s*=\s*Deno\b/;

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What `deno info` knows, asked without npm and without the lock file: fast, offline, and nothing is written. */
async function readModules(root: string, entry: string): Promise<InfoModule[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", "--no-npm", entry],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    throw new Error(`Cannot read the import graph of ${entry}: ${new TextDecoder().decode(stderr).trim()}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout)).modules;
}

function toPath(root: string, specifier: string): string | undefined {
  if (!specifier.startsWith("file:")) return undefined;
  const path = relative(root, fromFileUrl(specifier)).replaceAll(SEPARATOR, "/");
  return path.startsWith("links/") ? undefined : path;
}

function toImports(root: string, modules: Modules, module: InfoModule): RoomImport[] {
  return (module.dependencies ?? []).flatMap(({ specifier, code, type, isDynamic }) =>
    [code, type].filter((resolution) => resolution !== undefined).map((resolution) => {
      const path = resolution.specifier === undefined ? undefined : toPath(root, resolution.specifier);
      const error = resolution.error ??
        (path === undefined ? undefined : modules.get(resolution.specifier ?? "")?.error);
      return {
        line: resolution.span.start.line + 1,
        target: path ?? specifier,
        local: path !== undefined,
        dynamic: isDynamic === true,
        ...(error === undefined ? {} : { error: error.split("\n", 1)[0] ?? error }),
      };
    })
  );
}

async function listFiles(root: string): Promise<string[]> {
  const paths: string[] = [];
  for (const door of DOORS) if (await isFile(resolve(root, door))) paths.push(door);
  for (const room of [...ROOMS, CLI_FOLDER]) {
    const folder = resolve(root, room);
    try {
      for await (const { path } of walk(folder, { includeDirs: false, exts: ["ts", "tsx"] })) {
        paths.push(relative(root, path).replaceAll(SEPARATOR, "/"));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return paths.sort();
}

function countLines(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

function findDlopens(text: string): number[] {
  return text.split("\n").flatMap((line, index) =>
    !/^\s*(?:\/\/|\/?\*)/.test(line) && DLOPEN.test(line) ? [index + 1] : []
  );
}

/**
 * Reads the doors and all source files of the rooms below a folder.
 *
 * @param folder The folder that holds mod.ts and cli.ts.
 */
export async function readRooms(folder: string): Promise<RoomFile[]> {
  // Deno resolves links in urls of modules, so the paths here have to be real too.
  const root = await Deno.realPath(folder);
  const modules: Modules = new Map();
  for (const entry of [...DOORS, ...WORKER_ENTRIES]) {
    if (!await isFile(resolve(root, entry))) continue;
    for (const module of await readModules(root, entry)) modules.set(module.specifier, module);
  }
  const byPath = new Map([...modules.values()].map((module) => [toPath(root, module.specifier), module]));
  return await Promise.all((await listFiles(root)).map(async (path) => {
    const text = await Deno.readTextFile(resolve(root, path));
    const module = byPath.get(path);
    return {
      path,
      lines: countLines(text),
      dlopens: findDlopens(text),
      reached: module !== undefined,
      imports: module === undefined ? [] : toImports(root, modules, module),
    };
  }));
}

if (import.meta.main) {
  const { root } = parseArgs(Deno.args, { string: ["root"] });
  const files = await readRooms(root ?? ".");
  const violations = roomViolations(files);
  for (const { file, line, target, reason } of violations) {
    console.log(`${file}:${line}${target === undefined ? "" : ` imports ${target}`}: ${reason}`);
  }
  if (violations.length > 0) Deno.exit(1);
  console.log(`rooms: ${files.length} files, 0 violations`);
}
