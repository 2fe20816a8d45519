/** Task files that are good, in places and forms that are seldom. */
import { assertEquals } from "@std/assert";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses();

Deno.test("corehaul finds task files by a pattern in a working folder whose name looks like one", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(path));
  await home.write("My [2024] lists/l/a.txt", `${server.url}/a\n`);
  await home.write("My [2024] lists/l/b.txt", `${server.url}/b\n`);
  await home.write("My [2024] lists/c.txt", `${server.url}/c\n`);
  const cwd = home.join("My [2024] lists");
  const args = ["run", "--once", "--tasks", "l/*.txt", "--tasks", "c.txt", "--dir", "files", "--queue", "kv:queue.db"];
  const ended = await corehaul(args, { cwd });
  assertCode(ended, 0);
  for (const name of ["a", "b", "c"]) assertEquals(await Deno.readTextFile(`${cwd}/files/${name}`), `/${name}`);
});

Deno.test("corehaul run, add and check read an input file of aria2, name what is refused, and once what means nothing", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(path));
  const { url } = server;
  await home.write(
    "aria2.txt",
    `# exported\n${url}/gone/1\t${url}/one\n  out=first file.txt\n  dir=sub\n  header=X-Key: 1\n  split=4\n${url}/two,\n` +
      `${url}/a b\n  referer=http://r/\n  split=16\n${url}/three # good\n`,
  );
  const ignored = "aria2.txt: ignored, as no field of a task is meant: split";
  const refused = [
    "aria2.txt:7: entry 1 is not taken: line must not end in a comma",
    "aria2.txt:11: entry 3 is not taken: line must have no comment behind its url: a comment has a line of its own",
  ];
  const check = await corehaul(["check", "aria2.txt"], { cwd: home.path });
  assertCode(check, 1);
  assertEquals(check.stdout.split("\n").slice(0, 3), [...refused, ignored]);
  const args = ["--tasks", "aria2.txt", "--dir", "files", "--queue", "kv:queue.db"];
  const run = await corehaul(["run", "--once", ...args], { cwd: home.path });
  assertCode(run, 1);
  for (const line of [ignored, ...refused]) assertEquals(run.stderr.split(line).length, 2, run.stderr);
  assertEquals(await Deno.readTextFile(home.join("files/sub/first file.txt")), "/gone/1");
  assertEquals(await Deno.readTextFile(home.join("files/a b")), "/a%20b");
  const headers = server.requests.map(({ path, headers }) => [path, headers.get("x-key"), headers.get("referer")]);
  assertEquals(headers.sort(), [["/a%20b", null, "http://r/"], ["/gone/1", "1", null]]);
  const add = await corehaul(["add", "-i", "aria2.txt", "--queue", "kv:other.db"], { cwd: home.path });
  assertCode(add, 1);
  assertEquals(add.stderr.split(ignored).length, 2, add.stderr);
  assertEquals(add.stdout.trim(), "2 added, 0 known already, 2 refused");
});
