import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { DOORS, type RoomFile, type RoomImport, roomViolations, WORKER_ENTRIES } from "../../tools/room_rules.ts";

const PROGRAM = fromFileUrl(import.meta.resolve("../../tools/check_rooms.ts"));
const CONFIG = fromFileUrl(import.meta.resolve("../../deno.json"));

function edge(target: string, rest: Partial<RoomImport> = {}): RoomImport {
  return { line: 1, target, local: true, dynamic: false, ...rest };
}

function file(path: string, imports: RoomImport[] = [], rest: Partial<RoomFile> = {}): RoomFile {
  return { path, lines: 10, dlopens: [], reached: true, imports, ...rest };
}

/** The given files, and empty ones for the roots that are not among them. */
function tree(...files: RoomFile[]): RoomFile[] {
  const given = new Set(files.map((one) => one.path));
  return [...files, ...[...DOORS, ...WORKER_ENTRIES].filter((root) => !given.has(root)).map((root) => file(root))];
}

function reasons(...files: RoomFile[]): string[] {
  return roomViolations(tree(...files)).map(({ file, line, target, reason }) =>
    `${file}:${line} ${target ?? "-"} ${reason}`
  );
}

Deno.test("roomViolations accepts imports of the same room, of rooms below, and of packages", () => {
  assertEquals(
    reasons(
      file("mod.ts", [edge("app/a.ts"), edge("server/a.ts"), edge("cli.ts", { dynamic: true })]),
      file("cli.ts", [
        edge("mod.ts"),
        edge("config/a.ts"),
        edge("@std/fmt/colors", { local: false }),
        edge("deno.json"),
      ]),
      file("server/a.ts", [edge("app/a.ts"), edge("server/page.html")]),
      file("app/a.ts", [edge("workers/a.ts"), edge("base/a.ts")]),
      file("workers/a.ts", [edge("download/deep/a.ts")]),
      file("download/deep/a.ts", [edge("queue/a.ts"), edge("npm:basic-ftp@6", { local: false })]),
      file("queue/a.ts", [edge("ffi/a.ts"), edge("queue/b.ts")]),
      file("queue/b.ts"),
      file("ffi/a.ts", [edge("config/a.ts")], { dlopens: [3] }),
      file("config/a.ts", [edge("base/a.ts")]),
      file("base/a.ts", [], { lines: 400 }),
    ),
    [],
  );
});

Deno.test("roomViolations refuses every import of a room above", () => {
  const order = ["base", "config", "ffi", "queue", "download", "workers", "app", "server"];
  for (const [low, from] of order.entries()) {
    for (const [high, to] of order.entries()) {
      const found = reasons(file(`${from}/a.ts`, [edge(`${to}/b.ts`, { line: 7 })]), file(`${to}/b.ts`));
      const expected = `${from}/a.ts:7 ${to}/b.ts ${from}/ is below ${to}/, and imports run downwards only`;
      assertEquals(found, low < high ? [expected] : []);
    }
  }
});

Deno.test("roomViolations keeps the doors", () => {
  assertEquals(reasons(file("app/a.ts", [edge("mod.ts")])), ["app/a.ts:1 mod.ts nothing inside may import mod.ts"]);
  const cliReason = "only mod.ts may start cli.ts, by import()";
  assertEquals(reasons(file("app/a.ts", [edge("cli.ts", { dynamic: true })])), [`app/a.ts:1 cli.ts ${cliReason}`]);
  assertEquals(reasons(file("mod.ts", [edge("cli.ts")])), [`mod.ts:1 cli.ts ${cliReason}`]);
  assertEquals(reasons(file("cli.ts", [edge("app/a.ts"), edge("base/a.ts", { line: 2 })]), file("app/a.ts")), [
    "cli.ts:1 app/a.ts cli.ts and cli/ may import only mod.ts, config/ and packages",
    "cli.ts:2 base/a.ts cli.ts and cli/ may import only mod.ts, config/ and packages",
  ]);
});

Deno.test("roomViolations refuses imports of worker entries and of files outside the rooms", () => {
  assertEquals(
    reasons(
      file("app/a.ts", [edge("workers/proc_worker.ts"), edge("tests/help.ts"), edge("stray.ts"), edge("deno.json")]),
    ),
    [
      "app/a.ts:1 workers/proc_worker.ts a worker entry is spawned, never imported",
      "app/a.ts:1 tests/help.ts tests/ is no room",
      "app/a.ts:1 stray.ts the file is in no room",
    ],
  );
});

Deno.test("roomViolations refuses dlopen outside ffi, long files, dead files, broken imports and missing roots", () => {
  assertEquals(
    reasons(
      file("base/a.ts", [edge("base/none.ts", { line: 5, error: "Module not found" })], { dlopens: [4], lines: 401 }),
      file("base/dead.ts", [], { reached: false }),
    ),
    [
      "base/a.ts:1 - has 401 lines, and 400 are the most",
      "base/a.ts:4 - uses Deno.dlopen, which only ffi/ may do",
      "base/a.ts:5 base/none.ts Module not found",
      "base/dead.ts:1 - is dead code, as no root leads to it",
    ],
  );
  assertEquals(roomViolations([]).map((one) => one.file), ["cli.ts", "mod.ts", ...WORKER_ENTRIES]);
});

Deno.test("roomViolations finds rings of imports, but not the doors' one", () => {
  assertEquals(
    reasons(
      file("base/a.ts", [edge("base/b.ts"), edge("base/d.ts")]),
      file("base/b.ts", [edge("base/c.ts", { line: 2 }), edge("base/d.ts")]),
      file("base/c.ts", [edge("base/a.ts", { line: 3 }), edge("base/c.ts", { line: 4 })]),
      file("base/d.ts"),
      file("mod.ts", [edge("cli.ts", { dynamic: true })]),
      file("cli.ts", [edge("mod.ts")]),
    ),
    [
      "base/c.ts:3 base/a.ts it closes the ring base/a.ts > base/b.ts > base/c.ts > base/a.ts",
      "base/c.ts:4 base/c.ts it closes the ring base/c.ts > base/c.ts",
    ],
  );
});

async function runProgram(files: Record<string, string>): Promise<{ code: number; text: string }> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--config", CONFIG, PROGRAM, "--root", root],
      env: { NO_COLOR: "1" },
    }).output();
    return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const GOOD_TREE = {
  "mod.ts": 'export * from "./app/a.ts";\nif (import.meta.main) import("./cli.ts").then((cli) => cli.main());\n',
  "cli.ts": 'import * as mod from "./mod.ts";\nexport function main(): void {\n  console.log(mod);\n}\n',
  "app/a.ts": 'import type { A } from "../base/a.ts";\nexport const a: A = 1;\n',
  "base/a.ts": "/** Not a Deno.dlopen. */\nexport type A = number;\n",
  "workers/proc_config.ts": "",
  "workers/proc_driver.ts": "",
  "workers/proc_worker.ts": 'import("../base/late.ts");\n',
  "base/late.ts": "export const late = 1;\n",
};

Deno.test("check_rooms passes a good tree", async () => {
  const { code, text } = await runProgram(GOOD_TREE);
  assertEquals(text, "rooms: 8 files, 0 violations\n");
  assertEquals(code, 0);
});

Deno.test("check_rooms names every violation of a bad tree and exits with 1", async () => {
  const { code, text } = await runProgram({
    ...GOOD_TREE,
    "base/a.ts": '\nimport type { a } from "../app/a.ts";\nexport type A = typeof a;\nDeno.dlopen("libc.so.6", {});\n',
    "base/dead.ts": "export const dead = 1;\n",
    "app/a.ts": 'import type { A } from "../base/a.ts";\nimport "./none.ts";\nexport const a: A = 1;\n' +
      "\n".repeat(400),
    "workers/proc_worker.ts": 'import "./proc_config.ts";\nimport { late } from "../base/late.ts";\nlate;\n',
  });
  const lines = text.trimEnd().split("\n");
  assertEquals(code, 1);
  assertEquals(lines.length, 7);
  assertEquals(lines[0], "app/a.ts:1: has 403 lines, and 400 are the most");
  assertMatch(lines[1] ?? "", /^app\/a\.ts:2 imports app\/none\.ts: Module not found/);
  assertStringIncludes(text, "base/a.ts:2 imports app/a.ts: base/ is below app/, and imports run downwards only\n");
  assertStringIncludes(text, "base/a.ts:2 imports app/a.ts: it closes the ring app/a.ts > base/a.ts > app/a.ts\n");
  assertStringIncludes(text, "base/a.ts:4: uses Deno.dlopen, which only ffi/ may do\n");
  assertStringIncludes(text, "base/dead.ts:1: is dead code, as no root leads to it\n");
  assertStringIncludes(text, "workers/proc_worker.ts:1 imports workers/proc_config.ts: a worker entry is spawned");
});
