/** Configuration files: the one that is named, that of the user, and the one in the working folder. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses();

/** What `doctor --config` tells of some options: value and source. */
async function origins(
  home: TempDir,
  args: string[],
  env: Record<string, string> = {},
): Promise<Record<string, unknown[]>> {
  const ended = await corehaul(["doctor", "--config", "--json", ...args], { cwd: home.path, env });
  assertCode(ended, 0);
  return Object.fromEntries(
    jsonLines(ended.stdout).map(({ name, value, file, read, source }) =>
      name === undefined ? [String(file), [read]] : [String(name), [value, source]]
    ),
  );
}

Deno.test("corehaul finds corehaul.jsonc in the folder, with comments, and doctor --config tells what comes from it", async () => {
  await using home = await TempDir.create();
  const none = await origins(home, []);
  assertEquals([none["corehaul.jsonc"], none.cfg_retries, none.cfg_timeout], [[false], ["5", "default"], [
    null,
    "default",
  ]]);
  await home.write(
    "corehaul.jsonc",
    `\ufeff{
    // of this project
    "cfg_retries": 2, /* not many */
    "cfg_dir": "files//kept",
    "cfg_workers": 1,
  }`,
  );
  const some = await origins(home, ["--workers", "2"], { CFG_GRACE: "9" });
  assertEquals(some["corehaul.jsonc"], [true]);
  assertEquals(some.cfg_retries, ["2", "corehaul.jsonc"]);
  assertEquals(some.cfg_dir, ["files//kept", "corehaul.jsonc"]);
  assertEquals(some.cfg_workers, ["2", "flag"]);
  assertEquals(some.cfg_grace, ["9", "environment"]);
  const shown = await corehaul(["doctor", "--config"], { cwd: home.path });
  assertMatch(shown.stdout, /^corehaul\.jsonc: read\n/m);
  assertMatch(shown.stdout, /^--retries +2 +corehaul\.jsonc$/m);
  assertMatch(shown.stdout, /^--concurrency +64 +default$/m);
  // The file that is named takes the place of those that are found.
  await home.write("other.json", '{ "cfg_jobs": 3, "cfg_proxy": "http://127.0.0.1:1" }');
  const other = await origins(home, ["--config", "other.json"]);
  assertEquals([other.cfg_jobs, other.cfg_proxy], [["3", "other.json"], ["http://127.0.0.1:1", "other.json"]]);
  assertEquals([other.cfg_retries, other["corehaul.jsonc"]], [["5", "default"], undefined]);
});

Deno.test("corehaul finds the file of the user below XDG_CONFIG_HOME or ~/.config, and that of the folder wins", async () => {
  await using home = await TempDir.create();
  const user = await home.write(
    "xdg/corehaul/corehaul.jsonc",
    '{ "cfg_retries": 7, "cfg_jobs": 7, "cfg_insecure": "no" }',
  );
  await home.write("corehaul.jsonc", '{ "cfg_jobs": 8 }');
  const byXdg = await origins(home, [], { XDG_CONFIG_HOME: home.join("xdg") });
  assertEquals([byXdg[user], byXdg.cfg_retries, byXdg.cfg_jobs], [[true], ["7", user], ["8", "corehaul.jsonc"]]);
  assertEquals(byXdg.cfg_insecure, ["no", user]);
  const config = await home.write(".config/corehaul/corehaul.jsonc", '{ "cfg_retries": 6 }');
  const byHome = await origins(home, [], { XDG_CONFIG_HOME: "relative", HOME: home.path });
  assertEquals(byHome.cfg_retries, ["6", config]);
});

Deno.test("corehaul says what is wrong with a file that it found, and takes none from strangers that runs programs", async () => {
  await using home = await TempDir.create();
  const cases: readonly (readonly [text: string, said: RegExp])[] = [
    [
      '{ "cfg_retries": }',
      /^corehaul: Cannot use corehaul\.jsonc as it must be a JSON file that can be read \(line 1, column 18: Value expected\)$/,
    ],
    ['{\n  "cfg_header": "A: secret" "cfg_jobs": 2 }', /\(line 2, column 29: Comma expected\)$/],
    ["[]", /^corehaul: Cannot use corehaul\.jsonc as it must hold a JSON object$/],
    [
      '{ "cfg_retires": 1 }',
      /^corehaul: .*cfg_retires in corehaul\.jsonc as it is not an option: did you mean cfg_retries\?$/,
    ],
    [
      '{ "cfg_refresh_cmd": "touch run" }',
      /^corehaul: Cannot use cfg_refresh_cmd in corehaul\.jsonc as it must not stand in/,
    ],
    [
      '{ "cfg_log_file": "/tmp/log" }',
      /^corehaul: Cannot use cfg_log_file in corehaul\.jsonc as it must be a path below/,
    ],
  ];
  for (const [text, said] of cases) {
    await home.write("corehaul.jsonc", text);
    const ended = await corehaul(["get", "http://127.0.0.1:1/x"], { cwd: home.path });
    assertEquals(ended.code, 2);
    assertMatch(ended.stderr.trimEnd(), said);
    assert(!ended.stderr.includes("secret"));
    assertEquals(await home.names(), ["corehaul.jsonc"]);
  }
  // Named, it is the user's word.
  const named = await corehaul(["doctor", "--config", "--config", "corehaul.jsonc"], { cwd: home.path });
  assertCode(named, 0);
  assert(named.stdout.includes("/tmp/log"));
  await Deno.remove(home.join("corehaul.jsonc"));
  await Deno.mkdir(home.join("corehaul.jsonc"));
  assertMatch(
    (await corehaul(["status"], { cwd: home.path })).stderr,
    /Cannot use corehaul\.jsonc as it must be a JSON file/,
  );
});
