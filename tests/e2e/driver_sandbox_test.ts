/** What a driver of the user may do, tried by a real one: it opens urls in the download workers, and lists folders for the main thread. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  assertCode,
  commonEnv,
  corehaul,
  jsonLines,
  PROJECT_ROOT,
  shareCommandProcesses,
} from "../support/corehaul.ts";
import {
  PROBE_FOLDER,
  PROBED_MODULES,
  type ProbeReport,
  probingDriver,
  symbolModules,
} from "../support/probing_driver.ts";
import { TempDir } from "../support/temp_dir.ts";
import { TerminalProcess } from "../support/terminal.ts";
import { FaultServer } from "../support/fault_server.ts";

shareCommandProcesses(2);

/** Asserts that nothing was given to the driver, neither for a url nor for a folder. */
function assertNothingGot({ open, list }: ProbeReport): void {
  const names = Object.keys(open);
  assert(names.length > 15, `${names}`);
  assertEquals(Object.keys(list), names);
  for (const report of [open, list]) {
    assertEquals(Object.entries(report).filter(([, what]) => !what.startsWith("refused: ")), []);
  }
}

/** Writes the driver, with what it must not reach beside its folder and the download folder. */
async function writeDriver(home: TempDir, folder = home): Promise<string> {
  const secret = await home.write("secret.ts", "export default 'secret';");
  return await folder.write("driver/probe.ts", probingDriver({ secret, target: home.join("target") }));
}

async function probeByCommand(home: TempDir, place: TempDir, more: string[]): Promise<ProbeReport> {
  const driver = await writeDriver(home, place);
  const dir = ["--dir", place.join("files")];
  const ended = await corehaul(["get", PROBE_FOLDER, "--protocol", `probe:=${driver}`, ...dir, ...more], {
    cwd: home.path,
  });
  assertCode(ended, 0);
  return JSON.parse(await Deno.readTextFile(place.join("files/folder/report.json")));
}

Deno.test("the driver that tries knows every module that holds symbols of a library", async () => {
  assertEquals(PROBED_MODULES, await symbolModules());
});

for (const more of [[], ["--no-pin"]]) {
  Deno.test(`corehaul gives a driver of the user no library, file, variable or program ${more}`.trim(), async () => {
    await using home = await TempDir.create();
    assertNothingGot(await probeByCommand(home, home, more));
    assertEquals(await home.names(), ["driver", "files", "secret.ts"]);
  });
}

Deno.test("corehaul gives a driver of the user nothing below /dev/shm either", async () => {
  await using home = await TempDir.create();
  await using place = await TempDir.create("/dev/shm");
  assertNothingGot(await probeByCommand(home, place, []));
});

/** A program that fetches the folder of the driver, and says at the end that its own permissions are what they were. */
function program(restrictWorkers: boolean): string {
  return `
import { Downloader } from ${JSON.stringify(new URL("mod.ts", PROJECT_ROOT).href)};
{
  await using downloader = await Downloader.open({
    directory: "files", protocols: { "probe:": "driver/probe.ts" }, restrictWorkers: ${restrictWorkers},
  });
  await downloader.add([${JSON.stringify(PROBE_FOLDER)}]);
  const { done } = await downloader.run({ once: true });
  console.log(done, Deno.permissions.querySync({ name: "ffi" }).state);
}
`;
}

async function probeByProgram(home: TempDir, restrictWorkers: boolean): Promise<ProbeReport> {
  await writeDriver(home);
  await home.write("program.ts", program(restrictWorkers));
  const config = fromFileUrl(new URL("deno.json", PROJECT_ROOT));
  const flags = ["-A", "--quiet", "--unstable-kv", ...restrictWorkers ? ["--unstable-worker-options"] : []];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, "--config", config, "program.ts"],
    cwd: home.path,
    clearEnv: true,
    env: commonEnv(),
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 0, said);
  assertEquals(new TextDecoder().decode(stdout), "1 granted\n");
  return JSON.parse(await Deno.readTextFile(home.join("files/folder/report.json")));
}

Deno.test("Downloader gives a driver of the user nothing with restrictWorkers, and keeps what it may do itself", async () => {
  await using home = await TempDir.create();
  assertNothingGot(await probeByProgram(home, true));
});

Deno.test("Downloader lets a driver of the user do what the program may without restrictWorkers", async () => {
  await using home = await TempDir.create();
  const { open, list } = await probeByProgram(home, false);
  for (const report of [open, list]) {
    assertEquals([report.read, report.program], ["got export default 'secret';", "got true"]);
    assertMatch(report["dlopen libc.so.6"]!, /^got \d+$/);
  }
  assert((await home.names()).includes("target"));
});

Deno.test("corehaul lets no driver of the user ask for more at a terminal", async () => {
  await using home = await TempDir.create();
  const driver = await writeDriver(home);
  const cli = ["run", "-A", "--quiet", fromFileUrl(new URL("cli.ts", PROJECT_ROOT))];
  const args = [...cli, "get", PROBE_FOLDER, "--protocol", `probe:=${driver}`, "--dir", "files"];
  await using terminal = await TerminalProcess.start(Deno.execPath(), args, home.path);
  const ended = terminal.ended();
  ended.catch(() => {});
  const asks = terminal.shows(/Deno requests/).then(() => true, () => false);
  assert(!await Promise.race([ended.then(() => false), asks]), terminal.text);
  assertEquals([await ended, await asks], [0, false]);
  assertNothingGot(JSON.parse(await Deno.readTextFile(home.join("files/folder/report.json"))));
});

const ACCIDENTS = {
  "Deno.exit()": "the driver of mem: urls has died: it has ended its thread",
  "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)": "it has shown no sign of life for 3 s",
};

Deno.test("corehaul goes on after a driver of the user that has ended its thread, or hangs in it", async () => {
  const outcomes = Object.entries(ACCIDENTS).map(async ([accident, message]) => {
    await using home = await TempDir.create();
    let asked = 0;
    await using server = FaultServer.start(() => new Response(String(++asked)));
    await home.write(
      "driver.ts",
      `export default {
        async open({ url }) {
          if (url.endsWith("/bad") && await (await fetch(${JSON.stringify(server.url)})).text() === "1") ${accident};
          return { body: [new TextEncoder().encode(url)] };
        },
      };`,
    );
    const names = ["good", "bad", "other"];
    const more = ["--protocol", "mem:=driver.ts", "--dir", "files", "--worker-timeout", "3", "--json"];
    const ended = await corehaul(["get", ...names.map((name) => `mem://x/${name}`), ...more], { cwd: home.path });
    assertCode(ended, 0);
    const crashes = jsonLines(ended.stdout).filter(({ type }) => type === "proc_crashed");
    const messages = crashes.map(({ error }) => (error as { message: string }).message);
    assert(messages.includes(message), `${messages}`);
    for (const name of names) assertEquals(await Deno.readTextFile(home.join("files", name)), `mem://x/${name}`);
  });
  await Promise.all(outcomes);
});
