/** The live screen, on a real terminal. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { allowedCores } from "../support/busy_cores.ts";
import { corehaul, PROJECT_ROOT } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";
import { TerminalProcess } from "../support/terminal.ts";

const CLI = ["run", "-A", fromFileUrl(new URL("cli.ts", PROJECT_ROOT))];

Deno.test("corehaul run draws all of it and a line for each core on a terminal, until Ctrl-C", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }, server) =>
    path === "/slow" ? server.trickle(bytesFor(path, 10_000_000), 100_000, 100) : new Response(bytesFor(path, 100_000))
  );
  await home.write("tasks.txt", ["a", "b", "c", "slow"].map((name) => `${server.url}/${name}\n`).join(""));
  const cores = (await allowedCores()).slice(0, 2);
  const args = ["run", "100", "--tasks", "tasks.txt", "--cores", cores.join(","), "--grace", "0.2"];
  await using terminal = await TerminalProcess.start(Deno.execPath(), [...CLI, ...args], home.path);
  const all = /[█░]{30} \d% {2}3\/4 files {2}\d+(\.\d+)? [KM]iB of 9\.8\d? MiB {2}.*\/s {2}\d+ files\/s {2}ETA \d/;
  await terminal.shows(all);
  await terminal.shows(/^ {2}slow +\d+% {2}.* of 9\.54 MiB {2}.*\/s {2}ETA \d/m);
  for (const core of cores) {
    await terminal.shows(new RegExp(`core ${core} +load [█░]{10} +\\d+%  limit \\d+ +active \\d+ +done \\d+`));
  }
  await terminal.shows(/^Heave-ho, a is hauled!$/m);
  const drawn = () => terminal.text.match(/3\/4 files/g)?.length ?? 0;
  const before = drawn();
  await terminal.shows(new RegExp(`(3/4 files[^]*){${before + 2}}`));
  await terminal.type("\u0003");
  assertEquals(await terminal.ended(), 0);
  // The summary stands below the last screen.
  assertMatch(
    terminal.text,
    /3\/4 files[^]*3 files, .*\n0 retries, 0 failures, 0 entries refused\nthe list now: 3 done/,
  );
  // The cursor is shown again.
  assert(terminal.raw.lastIndexOf("\u001b[?25h") >= terminal.raw.lastIndexOf("\u001b[?25l"));
});

Deno.test("corehaul run fits its screen into every terminal, and draws it whole when that gets another size", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }, server) =>
    path.includes("slow")
      ? server.trickle(bytesFor(path, 10_000_000), 20_000, 100)
      : new Response(bytesFor(path, 100_000))
  );
  const name = "slow-with-a-rather-long-name-that-is-cut-where-there-is-no-room-for-it.iso";
  await home.write("tasks.txt", ["a", "b", name].map((name) => `${server.url}/${name}\n`).join(""));
  const args = ["run", "100", "--tasks", "tasks.txt", "--workers", "1", "--grace", "0.2", "--log-file", "run.log"];
  const size = { columns: 80, rows: 24 };
  await using terminal = await TerminalProcess.start(Deno.execPath(), [...CLI, ...args], home.path, { size });
  const looks: [size: { columns: number; rows: number }, first: RegExp, file: RegExp][] = [
    [size, /^[█░]{10,30} \d+% {2}2\/3 files .*ETA \d/, /^ {2}slow-.+….+\.iso +\d+% .* of 9\.54 MiB .*ETA/],
    [{ columns: 40, rows: 24 }, /^[█░]{10,30} \d+% {2}ETA \d/, /^ {2}slow-.+….+\.iso +\d+% {2}ETA/],
    [{ columns: 60, rows: 10 }, /^[█░]{10,30} \d+% .*ETA \d/, /^ {2}slow-.+….+\.iso +\d+% .*ETA/],
    [
      { columns: 200, rows: 24 },
      /^[█░]{30} \d+% {2}2\/3 files .* files\/s .*ETA/,
      /^ {2}slow-[a-z-]+for-it\.iso +\d+% /,
    ],
    [{ columns: 12, rows: 4 }, /^[█░]{12}$/, /…/],
    [size, /^[█░]{10,30} \d+% {2}2\/3 files .*ETA \d/, /^ {2}slow-.+….+\.iso +\d+% /],
  ];
  await terminal.shows(/2\/3 files.*ETA \d/);
  for (const [size, first, file] of looks) {
    await terminal.resize(size);
    // The whole picture: nothing of an earlier one is left, and no line is broken.
    const whole = ([all = "", slow = "", core = "", ...more]: string[]) =>
      first.test(all) && file.test(slow) && (size.rows < 5 || /^core \d+ +load [█░]{10} /.test(core)) &&
      more.length === 0;
    let picture: string[] = [];
    await until(`the screen of ${size.columns} columns`, async () => whole(picture = await terminal.picture()), {
      detail: () => picture.join("\n"),
    });
  }
  await terminal.type("\u0003");
  await terminal.shows(/stopping: what runs gets 0\.2 s; once more ends at once\n/);
  assertEquals(await terminal.ended(), 0);
  assertMatch(await Deno.readTextFile(home.join("run.log")), / stopping: what runs gets 0\.2 s; once more /);
});

Deno.test("corehaul get uses colours where the terminal has them, unless NO_COLOR is set", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 100_000)));
  const size = { columns: 120, rows: 30 };
  for (const [env, colors] of [[{ NO_COLOR: "" }, true], [{ NO_COLOR: "1" }, false]] as const) {
    const args = [...CLI, "get", `${server.url}/${colors}`];
    await using terminal = await TerminalProcess.start(Deno.execPath(), args, home.path, { size, env });
    assertEquals(await terminal.ended(), 0);
    assertEquals(terminal.raw.includes("\u001b[32m█"), colors, JSON.stringify(terminal.raw));
    assertMatch(terminal.text, /█{30} 100% {2}1\/1 files/);
  }
});

Deno.test("corehaul draws nothing where there is no terminal, or where it is told not to", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 1000)));
  const piped = await corehaul(["get", `${server.url}/a`], { cwd: home.path });
  assertEquals(piped.stderr, "1 tasks added, 0 known already\nHeave-ho, a is hauled!\n");
  assertMatch(piped.stdout, /^1 files, 1000 B in /);
  const args = ["get", `${server.url}/b`, "--progress", "plain"];
  await using terminal = await TerminalProcess.start(Deno.execPath(), [...CLI, ...args], home.path);
  assertEquals(await terminal.ended(), 0);
  // Deno itself clears the line of its progress bar; the screen would hide the cursor.
  for (const part of ["\u001b[?25l", "█", "░"]) assert(!terminal.raw.includes(part), JSON.stringify(terminal.raw));
  assertMatch(terminal.text, /^Heave-ho, b is hauled!$/m);
});

Deno.test("corehaul prints plain lines on a terminal that cannot draw", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 1000)));
  for (const [term, drawn] of [["dumb", false], ["xterm", true]] as const) {
    const args = [`TERM=${term}`, Deno.execPath(), ...CLI, "get", `${server.url}/${term}`];
    await using terminal = await TerminalProcess.start("env", args, home.path);
    assertEquals(await terminal.ended(), 0);
    assertEquals(terminal.raw.includes("\u001b[?25l"), drawn, JSON.stringify(terminal.raw));
    assertMatch(terminal.text, new RegExp(`^Heave-ho, ${term} is hauled!$`, "m"));
    // Deno itself clears the line of its progress bar.
    const parts = drawn ? [] : ["█", "░", "\u001b[?"];
    for (const part of parts) assert(!terminal.raw.includes(part), JSON.stringify(terminal.raw));
  }
});
