/**
 * Runs the tests and says which lines and branches they reach, by room (`deno task coverage [PATH…]`): in the tests, in their
 * Workers, and in every process that they start and that comes to its end.
 *
 * @module
 */
import { fromFileUrl, relative } from "@std/path";
import { CLI_FOLDER, ROOMS } from "./room_rules.ts";

/** How much of something was reached. */
export interface Reach {
  readonly found: number;
  readonly hit: number;
}

/** What was reached of one file. */
export interface FileReach {
  readonly path: string;
  readonly lines: Reach;
  readonly branches: Reach;
}

const REPORT = "coverage/lcov.info";
const DARKEST = 15;

/** What an LCOV report says of each file; paths are relative to a folder. */
export function readLcov(text: string, root: string): FileReach[] {
  return text.split("end_of_record").flatMap((record) => {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined) return [];
    const count = (key: string) => Number(new RegExp(`^${key}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
    return [{
      path: relative(root, path),
      lines: { found: count("LF"), hit: count("LH") },
      branches: { found: count("BRF"), hit: count("BRH") },
    }];
  });
}

/** The table of the rooms, then the files with most lines that nothing reached. */
export function coverageTable(files: readonly FileReach[]): string[] {
  const rooms = [...ROOMS, CLI_FOLDER].map((room) => ({
    room,
    files: files.filter(({ path }) => path.startsWith(`${room}/`)),
  }));
  const row = (room: string, count: string, lines: string, branches: string) =>
    `${room.padEnd(10)}${count.padStart(6)}${lines.padStart(22)}${branches.padStart(22)}`;
  const sum = (name: string, some: readonly FileReach[]) =>
    row(name, `${some.length}`, show(some.map(({ lines }) => lines)), show(some.map(({ branches }) => branches)));
  const ours = rooms.flatMap(({ files }) => files);
  const dark = ours.map(({ path, lines }) => ({ path, missed: lines.found - lines.hit }))
    .filter(({ missed }) => missed > 0).sort((a, b) => b.missed - a.missed).slice(0, DARKEST);
  return [
    row("room", "files", "lines", "branches"),
    ...rooms.map(({ room, files }) => sum(room, files)),
    sum("all", ours),
    "",
    "lines that no test reached, by file:",
    ...dark.map(({ path, missed }) => `${String(missed).padStart(6)}  ${path}`),
  ];
}

function show(parts: readonly Reach[]): string {
  const found = parts.reduce((sum, part) => sum + part.found, 0);
  const hit = parts.reduce((sum, part) => sum + part.hit, 0);
  return found === 0 ? "-" : `${hit}/${found} ${(100 * hit / found).toFixed(1)} %`;
}

async function runDeno(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  return (await new Deno.Command(Deno.execPath(), { args: [...args], env, stdin: "null" }).spawn().status).code;
}

async function main(args: readonly string[]): Promise<number> {
  const root = fromFileUrl(new URL("../", import.meta.url));
  const folder = await Deno.makeTempDir({ prefix: "corehaul_coverage_" });
  try {
    const tests = await runDeno(["run", "-A", `${root}tools/test/main.ts`, ...args], { DENO_COVERAGE_DIR: folder });
    await Deno.mkdir(`${root}coverage`, { recursive: true });
    const report = await runDeno(["coverage", "--lcov", `--output=${root}${REPORT}`, folder]);
    if (report !== 0) return report;
    const files = readLcov(await Deno.readTextFile(`${root}${REPORT}`), root);
    for (const line of coverageTable(files)) console.log(line);
    console.log(`\nline by line: ${REPORT}`);
    return tests;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
