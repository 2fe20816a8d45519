/**
 * The rules about rooms, as a pure function over an import graph. `check_rooms.ts` reads the graph from the tree.
 *
 * @module
 */

/** The rooms from low to high. A file may import its own room and the rooms before it. */
export const ROOMS: readonly string[] = ["base", "config", "ffi", "queue", "download", "workers", "app", "server"];

/** The two doors. They stand above all rooms; what is in `cli/` belongs to cli.ts. */
export const DOORS: readonly string[] = ["mod.ts", "cli.ts"];

/** The folder of the second door: the same rules, and nobody else comes in. */
export const CLI_FOLDER = "cli";

/** What the command line needs before it loads anything else: the one file of a room that `cli/` may import. */
export const CLI_EXEC = "ffi/exec_program.ts";

/** Files that are started as Workers and never imported. */
export const WORKER_ENTRIES: readonly string[] = [
  "workers/proc_config.ts",
  "workers/proc_driver.ts",
  "workers/proc_worker.ts",
];

/** A source file longer than this is split. */
export const MAX_LINES = 400;

/** One import of a {@linkcode RoomFile}. Type-only imports count like any other. */
export interface RoomImport {
  /** 1-based line of the specifier. */
  line: number;
  /** The imported file's path from the root, with `/`; or the specifier, if no file of the tree is meant. */
  target: string;
  /** Whether {@linkcode target} is a file of the tree that this program looks after (no package, nothing in `links/`). */
  local: boolean;
  /** Whether it is an `import()` expression. */
  dynamic: boolean;
  /** Why the import leads nowhere, if it does. */
  error?: string;
}

/** A source file in a room, or a door. */
export interface RoomFile {
  /** Path from the root, with `/`. */
  path: string;
  /** Number of lines. */
  lines: number;
  /** 1-based lines that use `Deno.dlopen`. */
  dlopens: readonly number[];
  /** Whether a root leads to it. Only then {@linkcode imports} are known. */
  reached: boolean;
  /** What it imports. */
  imports: readonly RoomImport[];
}

/** A broken rule. */
export interface RoomViolation {
  /** Path of the file from the root. */
  file: string;
  /** 1-based line. */
  line: number;
  /** The import that is meant, if one is. */
  target?: string;
  /** What is wrong, in one sentence without a period. */
  reason: string;
}

/**
 * Checks the files of all rooms and the doors.
 *
 * @param files The doors and every source file of every room.
 * @returns The broken rules, by file and line; none if all is well.
 */
export function roomViolations(files: readonly RoomFile[]): RoomViolation[] {
  const violations: RoomViolation[] = [];
  for (const root of [...DOORS, ...WORKER_ENTRIES]) {
    if (!files.some((file) => file.path === root)) {
      violations.push({ file: root, line: 1, reason: "is missing, though the graph starts there" });
    }
  }
  for (const file of files) {
    for (const reason of fileReasons(file)) violations.push({ file: file.path, line: 1, reason });
    if (roomOf(file.path) !== "ffi") {
      for (const line of file.dlopens) {
        violations.push({ file: file.path, line, reason: "uses Deno.dlopen, which only ffi/ may do" });
      }
    }
    for (const { line, target, ...rest } of file.imports) {
      const reason = importReason(file.path, { line, target, ...rest });
      if (reason !== undefined) violations.push({ file: file.path, line, target, reason });
    }
  }
  violations.push(...cycles(files));
  return violations.sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
}

function roomOf(path: string): string | undefined {
  const slash = path.indexOf("/");
  return slash < 0 ? undefined : path.slice(0, slash);
}

function isCode(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path);
}

/** The one exception to "nothing imports a door": run as the main module, mod.ts starts the CLI. */
function startsCli(from: string, to: RoomImport): boolean {
  return from === "mod.ts" && to.target === "cli.ts" && to.dynamic;
}

function* fileReasons(file: RoomFile): Generator<string> {
  if (!file.reached) yield "is dead code, as no root leads to it";
  if (file.lines > MAX_LINES) yield `has ${file.lines} lines, and ${MAX_LINES} are the most`;
}

function importReason(from: string, to: RoomImport): string | undefined {
  if (to.error !== undefined) return to.error;
  if (!to.local) return undefined;
  if (WORKER_ENTRIES.includes(to.target)) return "a worker entry is spawned, never imported";
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to.target)];
  if (from === "cli.ts" || fromRoom === CLI_FOLDER) {
    if (to.target === "mod.ts" || toRoom === "config" || toRoom === CLI_FOLDER) return undefined;
    if (fromRoom === CLI_FOLDER && to.target === CLI_EXEC) return undefined;
    if (to.target === "cli.ts" && from === "cli.ts") return undefined;
    if (toRoom === undefined && !isCode(to.target)) return undefined;
    return "cli.ts and cli/ may import only mod.ts, config/ and packages";
  }
  if (toRoom === CLI_FOLDER) return "only cli.ts may import from cli/";
  if (to.target === "cli.ts") return startsCli(from, to) ? undefined : "only mod.ts may start cli.ts, by import()";
  if (to.target === "mod.ts") return "nothing inside may import mod.ts";
  if (toRoom === undefined) return isCode(to.target) ? "the file is in no room" : undefined;
  const toRank = ROOMS.indexOf(toRoom);
  if (toRank < 0) return `${toRoom}/ is no room`;
  if (fromRoom === undefined || toRank <= ROOMS.indexOf(fromRoom)) return undefined;
  return `${fromRoom}/ is below ${toRoom}/, and imports run downwards only`;
}

/** One violation for every import that closes a ring, at the place where the search meets it. */
function cycles(files: readonly RoomFile[]): RoomViolation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: RoomViolation[] = [];

  function visit(file: RoomFile, trail: readonly string[]): void {
    const path = [...trail, file.path];
    for (const edge of file.imports) {
      const next = edge.local && !startsCli(file.path, edge) ? byPath.get(edge.target) : undefined;
      if (next === undefined || done.has(next.path)) continue;
      const start = path.indexOf(next.path);
      if (start < 0) {
        visit(next, path);
        continue;
      }
      const ring = [...path.slice(start), next.path].join(" > ");
      found.push({ file: file.path, line: edge.line, target: next.path, reason: `it closes the ring ${ring}` });
    }
    done.add(file.path);
  }

  for (const file of files) if (!done.has(file.path)) visit(file, []);
  return found;
}
