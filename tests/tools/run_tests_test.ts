/** `deno task test` itself, on a folder of small tests. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { readCounts } from "../../tools/test/run_lane.ts";
import { splitLanes } from "../../tools/test/split_lanes.ts";
import { TempDir } from "../support/temp_dir.ts";

const PROGRAM = fromFileUrl(import.meta.resolve("../../tools/test/main.ts"));
const CONFIG = fromFileUrl(import.meta.resolve("../../deno.json"));

async function runTests(cwd: string, args: string[], env: Record<string, string> = {}) {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-lock",
      "--config",
      CONFIG,
      PROGRAM,
      "--no-lock",
      "--no-check",
      `--config=${CONFIG}`,
      ...args,
    ],
    cwd,
    env: { NO_COLOR: "1", ...env },
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("deno task test runs serial files one by one after the others, adds the counts up, and fails when anything fails", async () => {
  await using home = await TempDir.create();
  await home.write("a_test.ts", 'Deno.test("a one", () => {});\nDeno.test("a two", () => {});\n');
  await home.write("b_serial_test.ts", 'Deno.test("b", () => {});\n');
  await home.write("c_serial_test.ts", 'Deno.test("c", () => {});\n');
  const good = await runTests(home.path, ["."]);
  assertEquals(good.code, 0, good.stderr);
  assertEquals(good.stdout.trimEnd().split("\n").at(-1), "tests: 4 passed, 0 failed");
  const order = [...good.stdout.matchAll(/(a one|b|c) \.\.\. ok/g)].map((match) => match[1]);
  assertEquals(order, ["a one", "b", "c"]);
  await home.write("c_serial_test.ts", 'Deno.test("c", () => { throw new Error("no"); });\n');
  const bad = await runTests(home.path, ["."]);
  assertEquals(bad.code, 1);
  assertEquals(bad.stdout.trimEnd().split("\n").at(-1), "tests: 3 passed, 1 failed");
  await home.write("c_serial_test.ts", 'Deno.test("c", () => void setTimeout(() => {}, 60_000));\n');
  const leaky = await runTests(home.path, ["c_serial_test.ts"]);
  assertEquals(leaky.stdout.trimEnd().split("\n").at(-1), "tests: 0 passed, 1 failed");
  assertStringIncludes(leaky.stdout, "A timer was started in this test");
  await home.write("a_test.ts", "not a program at all");
  const broken = await runTests(home.path, ["a_test.ts"]);
  assert(broken.code !== 0);
  assertEquals(broken.stdout.trimEnd().split("\n").at(-1), "tests: 0 passed, 0 failed");
});

Deno.test("deno task test hands options and paths on to deno test, and explains itself", async () => {
  await using home = await TempDir.create();
  await home.write("a_test.ts", 'Deno.test("a one", () => {});\nDeno.test("a two", () => {});\n');
  await home.write("b_serial_test.ts", 'Deno.test("b", () => {});\n');
  const one = await runTests(home.path, ["a_test.ts", "--filter", "two"]);
  assertEquals(one.stdout.trimEnd().split("\n").at(-1), "tests: 1 passed, 0 failed");
  const serial = await runTests(home.path, ["b_serial_test.ts"]);
  assertEquals(serial.stdout.trimEnd().split("\n").at(-1), "tests: 1 passed, 0 failed");
  assertStringIncludes((await runTests(home.path, ["--help"])).stdout, "--install");
});

Deno.test("splitLanes finds serial files below the paths, and leaves a lane out that has none", async () => {
  await using home = await TempDir.create();
  await Deno.mkdir(home.join("deep"));
  await home.write("deep/x_serial_test.ts", "");
  await home.write("y_test.ts", "");
  const serial = home.join("deep/x_serial_test.ts");
  assertEquals(await splitLanes([home.path]), { parallel: [home.path, `--ignore=${serial}`], serial: [serial] });
  assertEquals(await splitLanes([home.join("y_test.ts")]), { parallel: [home.join("y_test.ts")] });
  assertEquals(await splitLanes([serial]), { serial: [serial] });
});

Deno.test("readCounts reads the last summary, in colors too, and none where there is none", () => {
  assertEquals(readCounts("ok | 3 passed | 0 failed (1s)\n"), { passed: 3, failed: 0 });
  const colored =
    "\u001b[0m\u001b[31mFAILED\u001b[0m | 12 passed (3 steps) | 2 failed | 1 ignored \u001b[38;5;245m(2s)\u001b[0m\n";
  assertEquals(readCounts(`ok | 1 passed | 0 failed\n${colored}\n`), { passed: 12, failed: 2 });
  assertEquals(readCounts("error: Module not found\n"), undefined);
});
