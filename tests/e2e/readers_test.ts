/** Whoever reads what is printed may go away, and what it is written to may be full. */
import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { UNSTABLE_FLAGS } from "../../cli/start_flags.ts";
import { cacheProject } from "../../tools/test/cache_project.ts";
import { commonEnv, PROJECT_ROOT } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

const FILES = 60;
const CLI = [Deno.execPath(), "run", "-A", "--quiet", ...UNSTABLE_FLAGS, fromFileUrl(new URL("cli.ts", PROJECT_ROOT))];

/** What a pipeline of the shell ended with: the exit code of its first program, and what was said to standard error. */
async function shell(home: TempDir, line: string): Promise<{ code: number; said: string }> {
  await cacheProject();
  const command = `corehaul() { ${CLI.join(" ")} "$@"; }; { ${line}; echo "\${PIPESTATUS[0]}" >&3; } 3> code`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", command],
    cwd: home.path,
    clearEnv: true,
    env: { ...commonEnv(), COREHAUL_REEXEC: "exec" },
  }).output();
  const decoder = new TextDecoder();
  const code = Number(await Deno.readTextFile(home.join("code")));
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** A list whose files are all there, but for one. */
async function setUp(): Promise<{ home: TempDir; server: FaultServer }> {
  const home = await TempDir.create();
  const server = FaultServer.start(({ path }) =>
    path === "/gone" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 100))
  );
  const urls = Array.from({ length: FILES }, (_, i) => `${server.url}/${i}`);
  await home.write("good.txt", urls.join("\n"));
  await home.write("bad.txt", [...urls, `${server.url}/gone`].join("\n"));
  return { home, server };
}

const ENDS: readonly [what: string, end: string][] = [
  ["standard output has no reader", "--json | true"],
  ["standard output has a reader that goes away", "--json | head -n 2 > /dev/null"],
  ["standard error has no reader", "--progress none 2>&1 > /dev/null | true"],
  ["both have no reader", "--json 2>&1 | true"],
  ["standard error is full", "--log-level debug 2> /dev/full"],
  ["standard output is full", "--json > /dev/full"],
  ["both are full", "> /dev/full 2>&1"],
  ["the screen is full", "--progress bar 2> /dev/full"],
  ["the log in JSON has no reader", "--log-format json --progress none 2>&1 > /dev/null | true"],
];

for (const [what, end] of ENDS) {
  Deno.test(`corehaul run downloads all of its list when ${what}, and its exit code is that of the list`, async () => {
    const { home: dir, server: held } = await setUp();
    await using home = dir;
    await using _server = held;
    // A process costs most of the time here: two of the cases show the other exit code, too.
    const lists = what.startsWith("both") ? [["good.txt", 0], ["bad.txt", 1]] as const : [["good.txt", 0]] as const;
    for (const [list, code] of lists) {
      const run = `corehaul run --once --tasks ${list} --dir ${list}.d --queue kv:${list}.db`;
      const ended = await shell(home, `${run} ${end}`);
      assertEquals(ended.code, code, ended.said);
      assertEquals((await filesIn(home.join(`${list}.d`))).length, FILES);
      assertEquals(/\bat (async )?\w+ \(?file:|Uncaught|panic/.test(ended.said), false, ended.said);
    }
  });
}

Deno.test("corehaul says once that standard output cannot be written", async () => {
  const { home: dir, server: held } = await setUp();
  await using home = dir;
  await using _server = held;
  const { said } = await shell(home, "corehaul get -i good.txt --json --log-level warning > /dev/full");
  assertMatch(said, /^warning: standard output cannot be written: .*No space left on device.*\n$/);
});

Deno.test("corehaul does all of what changes the list when nobody reads its answer", async () => {
  const { home: dir, server: held } = await setUp();
  await using home = dir;
  await using _server = held;
  const queue = "--queue kv:queue.db";
  assertEquals((await shell(home, `corehaul add -i good.txt --json ${queue} | true`)).code, 0);
  for (const verb of ["pause --all", "resume --all", "cancel --all", "gc --keep 0"]) {
    assertEquals((await shell(home, `corehaul ${verb} ${queue} | true`)).code, 0, verb);
  }
  await home.write("wrong.txt", "http://h/a\n".repeat(3) + "no url\n");
  assertEquals((await shell(home, `corehaul check wrong.txt ${queue} | true`)).code, 1);
});

Deno.test("corehaul ends with 1 and one line when its answer cannot be written, and with 0 when nobody reads it", async () => {
  const { home: dir, server: held } = await setUp();
  await using home = dir;
  await using _server = held;
  assertEquals((await shell(home, "corehaul add -i good.txt --queue kv:queue.db > /dev/null")).code, 0);
  for (const command of ["list", "list --json", "status", "--help", "--version"]) {
    const queue = command.startsWith("--") ? "" : "--queue kv:queue.db";
    const full = await shell(home, `corehaul ${command} ${queue} > /dev/full`);
    assertEquals(full.code, 1, command);
    assertMatch(full.said, /^corehaul: Cannot write to standard output: No space left on device.*\n$/);
    assertEquals(await shell(home, `corehaul ${command} ${queue} | true`), { code: 0, said: "" });
  }
  assertEquals((await shell(home, "corehaul run --retries=x 2> /dev/full")).code, 2);
});

for (const [what, args] of [["standard output", ["--json"]], ["standard error", ["--log-level", "debug"]]] as const) {
  Deno.test(`corehaul downloads all of its list while nobody reads ${what}`, async () => {
    await cacheProject();
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 10)));
    const count = 1000;
    const name = "x".repeat(150);
    await home.write("list.txt", Array.from({ length: count }, (_, i) => `${server.url}/${name}${i}\n`).join(""));
    const [program, ...first] = CLI;
    const child = new Deno.Command(program!, {
      args: [
        ...first,
        "run",
        "--once",
        "--tasks",
        "list.txt",
        "--queue",
        "kv:queue.db",
        "--cpu-threshold",
        "100",
        ...args,
      ],
      cwd: home.path,
      clearEnv: true,
      env: { ...commonEnv(), COREHAUL_REEXEC: "exec" },
      stdout: what === "standard output" ? "piped" : "null",
      stderr: what === "standard error" ? "piped" : "null",
    }).spawn();
    // A pipe holds far less than what is said of so many files.
    await until("all files", () => server.requests.length === count);
    await new Response(what === "standard output" ? child.stdout : child.stderr).text();
    assertEquals((await child.status).code, 0);
    assertEquals((await filesIn(home.join("downloads"))).length, count);
  });
}
