import { assert, assertEquals } from "@std/assert";
import { LogFile } from "../../cli/log_file.ts";
import { makeFifo } from "../support/nodes.ts";
import { TempDir } from "../support/temp_dir.ts";

const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;

Deno.test("LogFile has each line in its file at once", async () => {
  await using home = await TempDir.create();
  await home.write("run.log", "before\n");
  using log = await LogFile.open(home.join("run.log"));
  let expected = "before\n";
  for (const line of ["one\n", "zwei ü\n", "三\n"]) {
    log.write(line);
    expected += line;
    assertEquals(await Deno.readTextFile(home.join("run.log")), expected);
  }
});

Deno.test("LogFile begins another file when one is full, keeps some, and gives the new one the mode of the old one", async () => {
  await using home = await TempDir.create();
  await home.write("run.log", "");
  await Deno.chmod(home.join("run.log"), 0o640);
  await Deno.symlink("run.log", home.join("link"));
  using log = await LogFile.open(home.join("link"), { maxBytes: 100, kept: 3 });
  for (let i = 0; i < 60; i++) log.write(`line ${String(i).padStart(4, "0")}\n`);
  assertEquals(await home.names(), ["link", "run.log", "run.log.1", "run.log.2", "run.log.3"]);
  assert((await Deno.lstat(home.join("link"))).isSymlink);
  const names = ["run.log.3", "run.log.2", "run.log.1", "run.log"];
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(home.join(name))));
  const numbers = texts.join("").trimEnd().split("\n").map((line) => Number(line.slice(5)));
  assertEquals(numbers, Array.from({ length: 40 }, (_, i) => 20 + i));
  for (const text of texts) assert(text.length <= 100);
  assertEquals(await modeOf(home.join("run.log")), 0o640);
});

Deno.test("LogFile goes on in the file that another process has begun, or made empty", async () => {
  await using home = await TempDir.create();
  const path = home.join("run.log");
  using log = await LogFile.open(path, { maxBytes: 100 });
  log.write("x".repeat(90) + "\n");
  await Deno.rename(path, home.join("elsewhere"));
  await home.write("run.log", "of the other\n");
  log.write("after it\n".repeat(3));
  assertEquals(await Deno.readTextFile(path), "of the other\n" + "after it\n".repeat(3));
  await Deno.truncate(path);
  log.write("y".repeat(90) + "\n");
  assertEquals(await Deno.readTextFile(path), "y".repeat(90) + "\n");
  assertEquals(await home.names(), ["elsewhere", "run.log"]);
});

Deno.test("LogFile writes into a FIFO, turns nothing around it, and loses no more than its reader does", async () => {
  await using home = await TempDir.create();
  const fifo = await makeFifo(home.join("fifo"));
  const reader = new Deno.Command("head", { args: ["-n", "20", fifo], stdout: "piped" }).spawn();
  {
    using log = await LogFile.open(fifo, { maxBytes: 100 });
    for (let i = 0; i < 20; i++) log.write(`line ${i} of many\n`);
    assertEquals((await new Response(reader.stdout).text()).split("\n").length, 21);
    await reader.status;
    log.write("nobody reads this\n");
  }
  assertEquals(await home.names(), ["fifo"]);
});

Deno.test("LogFile goes on after a line that could not be written", async () => {
  using log = await LogFile.open("/dev/full");
  for (let i = 0; i < 3; i++) log.write("line\n");
});
