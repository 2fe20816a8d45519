/** What is written under names that the user gave. */
import { assertEquals, assertRejects } from "@std/assert";
import { OutputFile } from "../../app/output_file.ts";
import { makeFifo, makeNullDevice } from "../support/nodes.ts";
import { TempDir } from "../support/temp_dir.ts";

async function writeAs(path: string, text: string, options = {}): Promise<void> {
  await using file = await OutputFile.open(path, options);
  await file.write(text);
  await file.finish();
}

const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;

Deno.test("OutputFile gives a new file the mode that it is told, and a file that it replaces the mode of before", async () => {
  await using home = await TempDir.create();
  await writeAs(home.join("fresh"), "one", { mode: 0o600 });
  assertEquals([await modeOf(home.join("fresh")), await Deno.readTextFile(home.join("fresh"))], [0o600, "one"]);
  for (const mode of [0o600, 0o640, 0o664]) {
    await home.write("old", "old");
    await Deno.chmod(home.join("old"), mode);
    {
      await using file = await OutputFile.open(home.join("old"), { mode: 0o600 });
      assertEquals(file.othersMayRead, mode !== 0o600);
      await file.write("new");
      assertEquals(await Deno.readTextFile(home.join("old")), "old");
      await file.finish();
    }
    assertEquals([await modeOf(home.join("old")), await Deno.readTextFile(home.join("old"))], [mode, "new"]);
  }
  assertEquals(await home.names(), ["fresh", "old"]);
});

Deno.test("OutputFile replaces the file that a link leads to, and leaves the link", async () => {
  await using home = await TempDir.create();
  await home.write("store/real", "old");
  await Deno.chmod(home.join("store/real"), 0o640);
  await Deno.symlink("store/real", home.join("first"));
  await Deno.symlink(home.join("first"), home.join("second"));
  await Deno.symlink("store/none", home.join("dangling"));
  await writeAs(home.join("second"), "new");
  await writeAs(home.join("dangling"), "made");
  assertEquals(await Deno.readTextFile(home.join("store/real")), "new");
  assertEquals(await modeOf(home.join("store/real")), 0o640);
  assertEquals(await Deno.readTextFile(home.join("store/none")), "made");
  for (const name of ["first", "second", "dangling"]) {
    assertEquals((await Deno.lstat(home.join(name))).isSymlink, true, name);
  }
  await Deno.symlink("round", home.join("round"));
  await assertRejects(() => OutputFile.open(home.join("round")), Error, "links lead in a circle");
});

Deno.test("OutputFile writes into a device and a FIFO, and leaves them what they are", async () => {
  await using home = await TempDir.create();
  const fifo = await makeFifo(home.join("fifo"));
  const reader = new Deno.Command("cat", { args: [fifo], stdout: "piped" }).spawn();
  await writeAs(fifo, "through the pipe", { mode: 0o600 });
  assertEquals(await new Response(reader.stdout).text(), "through the pipe");
  await reader.status;
  const { isFifo, mode } = await Deno.lstat(fifo);
  assertEquals([isFifo, mode! & 0o777], [true, 0o644]);
  if (!await makeNullDevice(home.join("null"))) return;
  await Deno.chmod(home.join("null"), 0o666);
  await Deno.symlink("null", home.join("link"));
  for (const name of ["null", "link"]) await writeAs(home.join(name), "gone", { mode: 0o600 });
  const device = await Deno.lstat(home.join("null"));
  assertEquals([device.isCharDevice, device.mode! & 0o777], [true, 0o666]);
  assertEquals(await home.names(), ["fifo", "link", "null"]);
});

Deno.test("OutputFile gives a FIFO up that nobody reads", async () => {
  await using home = await TempDir.create();
  const fifo = await makeFifo(home.join("fifo"));
  await assertRejects(() => OutputFile.open(fifo, { readerMs: 100 }), Error, "nobody has read this FIFO for 0.1 s");
});

Deno.test("OutputFile leaves what was there, and nothing else, when it is not finished", async () => {
  await using home = await TempDir.create();
  await home.write("old", "old");
  {
    await using file = await OutputFile.open(home.join("old"));
    await file.write("half");
  }
  assertEquals([await home.names(), await Deno.readTextFile(home.join("old"))], [["old"], "old"]);
});

Deno.test("OutputFile says why nothing can be written under a name", async () => {
  await using home = await TempDir.create();
  using _socket = Deno.listen({ transport: "unix", path: home.join("socket") });
  assertEquals(await OutputFile.problem(home.path), "it is a folder");
  assertEquals(await OutputFile.problem(home.join("none/file")), "its folder must be there");
  assertEquals(await OutputFile.problem(home.join("socket")), "it is a socket");
  assertEquals(await OutputFile.problem(home.join("new")), undefined);
});

Deno.test("OutputFile writes to standard output among what else is there", async () => {
  await using home = await TempDir.create();
  const module = new URL("../../app/output_file.ts", import.meta.url).href;
  const code = `import { OutputFile } from ${JSON.stringify(module)};
    Deno.stdout.writeSync(new TextEncoder().encode("before\\n"));
    { await using file = await OutputFile.open(Deno.args[0]); await file.write("between\\n"); await file.finish(); }
    Deno.stdout.writeSync(new TextEncoder().encode("after\\n"));`;
  await home.write("main.ts", code);
  const command = `${Deno.execPath()} run -A --no-check --config ${configPath()} main.ts`;
  for (const name of ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) {
    const shell = new Deno.Command("bash", { args: ["-c", `${command} ${name} > out.txt`], cwd: home.path });
    assertEquals((await shell.output()).code, 0);
    assertEquals(await Deno.readTextFile(home.join("out.txt")), "before\nbetween\nafter\n", name);
  }
});

function configPath(): string {
  return new URL("../../deno.json", import.meta.url).pathname;
}
