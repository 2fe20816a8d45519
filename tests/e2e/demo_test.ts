/** The demo, which is the first command of the README. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { commonEnv, PROJECT_ROOT } from "../support/corehaul.ts";
import { TempDir } from "../support/temp_dir.ts";
import { TerminalProcess } from "../support/terminal.ts";

const DEMO = fromFileUrl(new URL("tools/demo/main.ts", PROJECT_ROOT));

Deno.test("demo fetches 399 of 400 files, proves it, and leaves nothing behind", async () => {
  await using temporary = await TempDir.create();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", DEMO],
    clearEnv: true,
    env: { ...commonEnv(), TMPDIR: temporary.path },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text + new TextDecoder().decode(stderr).slice(-2000));
  assertMatch(text, /399 done, 1 failed/);
  assertMatch(text, /399 of 399 files match/);
  assertMatch(text, /failed as expected: .*HTTP status 404/);
  assertEquals(await temporary.names(), []);
});

Deno.test("demo shows the live screen on a terminal, and Ctrl-C ends it and cleans up", async () => {
  await using temporary = await TempDir.create();
  const env = `TMPDIR=${temporary.path}`;
  await using terminal = await TerminalProcess.start("env", [env, Deno.execPath(), "run", "-A", DEMO], temporary.path);
  await terminal.shows(/core \d+ +load [█░]{10}/);
  await terminal.shows(/[1-9]\d*\/\d+ files/);
  await terminal.type("\u0003");
  assertEquals(await terminal.ended(), 130);
  assert(terminal.text.includes("Stopped"));
  assertEquals(await temporary.names(), []);
});
