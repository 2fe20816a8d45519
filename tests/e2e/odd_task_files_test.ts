/** Task files that are good, in places and forms that are seldom. */
import { assertEquals } from "@std/assert";
import { parquetWriteBuffer } from "hyparquet-writer";
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
    `# exported\n${url}/gone/1\t${url}/one\n  out=first file.txt\n  dir=${
      home.join("files/sub")
    }\n  header=X-Key: 1\n  split=4\n${url}/two,\n` +
      `${url}/a b\n  referer=http://r/\n  split=16\n${url}/three # good\n`,
  );
  const ignored = "aria2.txt: ignored, as no field of a task is meant: split";
  const refused = [
    "aria2.txt:7: entry 1 is not taken: line must not end in a comma",
    "aria2.txt:11: entry 3 is not taken: line must have no comment behind its url: a comment has a line of its own",
  ];
  const check = await corehaul(["check", "aria2.txt", "--dir", "files"], { cwd: home.path });
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
  // Where its files go is up to the run.
  assertEquals(add.stdout.trim(), "1 added, 0 known already, 3 refused");
});

Deno.test("corehaul run, get, add and check take the columns that --url-column and --columns name", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(path));
  const { url } = server;
  await home.write(
    "table.csv",
    `sep=;\n# from the archive\nlink;name;url;note\n${url}/1;a b.txt;no;x\n${url}/2;;no;x\n`,
  );
  await home.write("lines.jsonl", `{"link":"${url}/3","name":"c.txt","other":1}\n{"link":"${url}/4","other":2}\n`);
  const named = ["--url-column", "link", "--columns", "out=name", "--dir", "files"];
  const options = { cwd: home.path };
  const tasks = ["--tasks", "table.csv", "--tasks", "lines.jsonl", "--queue", "kv:queue.db"];
  const run = await corehaul(["run", "--once", ...tasks, ...named], options);
  assertCode(run, 0);
  assertEquals(run.stderr.includes("ignored"), false, run.stderr);
  const names = [["1", "a b.txt"], ["2", "2"], ["3", "c.txt"], ["4", "4"]] as const;
  for (const [path, name] of names) assertEquals(await Deno.readTextFile(home.join("files", name)), `/${path}`);
  for (const command of ["get", "add"]) {
    const more = ["-i", "table.csv", "-i", "lines.jsonl", ...(command === "add" ? ["--queue", "kv:add.db"] : [])];
    assertCode(await corehaul([command, ...more, ...named.slice(0, command === "add" ? 4 : 6)], options), 0);
  }
  assertEquals(server.requests.length, 4);
  const check = await corehaul(["check", "table.csv", "lines.jsonl", ...named.slice(0, 4)], options);
  assertCode(check, 0);
  assertEquals(check.stdout.split("2 new, 0 known already, 0 twice, 0 refused").length, 3, check.stdout);
});

Deno.test("corehaul names columns that mean nothing once, refuses slips of the pen, and a table without a url", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(path));
  const { url } = server;
  const options = { cwd: home.path };
  await home.write("good.csv", `url,title,license\n${url}/1,A,CC\n${url}/2,B,CC\n`);
  await home.write("slip.csv", `url,chekcsum\n${url}/3,x\n`);
  await home.write("bare.csv", `id,link\n1,${url}/4\n`);
  await home.write("json.json", JSON.stringify([{ url: `${url}/5`, title: "A" }, { url: `${url}/6`, chekcsum: "x" }]));
  const ignored = "good.csv: ignored, as no field of a task is meant: title, license";
  const good = await corehaul(["check", "good.csv"], options);
  assertCode(good, 0);
  assertEquals(good.stdout.split("\n")[0], ignored);
  const args = [
    "run",
    "--once",
    "--tasks",
    "*.csv",
    "--tasks",
    "json.json",
    "--dir",
    "files",
    "--queue",
    "kv:queue.db",
  ];
  const run = await corehaul(args, options);
  assertCode(run, 1);
  const lines = [
    ignored,
    'slip.csv:1:1: the task file is not valid: There is no field "chekcsum": did you mean checksum?',
    'bare.csv:1:1: the task file is not valid: A table must have a column url, or --url-column must name it: its columns are "id", "link"',
    "json.json: ignored, as no field of a task is meant: title",
    "json.json:1: entry 1 is not taken: chekcsum is not a field of a task: did you mean checksum?",
  ];
  for (const line of lines) assertEquals(run.stderr.split(line).length, 2, `${line}\n${run.stderr}`);
  assertEquals(server.requests.map(({ path }) => path).sort(), ["/1", "/2", "/5"]);
  const wrong = await corehaul(["check", "good.csv", "--columns", "colour=title"], options);
  assertCode(wrong, 2);
  assertEquals(wrong.stderr.includes('Cannot use --columns as it must name fields of a task: "colour" is none'), true);
});

Deno.test("corehaul run, get and check take a Parquet file for a table", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(path));
  const data = Array.from({ length: 300 }, (_, i) => `${server.url}/${i}`);
  const names = data.map((_, i) => `f/${i}.txt`);
  const columnData = [
    { name: "link", data, type: "STRING" as const },
    { name: "name", data: names, type: "STRING" as const },
  ];
  await Deno.writeFile(home.join("t.parquet"), new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 100 })));
  const named = ["--url-column", "link", "--columns", "out=name"];
  const options = { cwd: home.path };
  const check = await corehaul(["check", "t.parquet", ...named], options);
  assertCode(check, 0);
  assertEquals(check.stdout.split("\n")[0], "t.parquet: 300 entries: 300 new, 0 known already, 0 twice, 0 refused");
  const run = await corehaul(
    ["run", "--once", "--tasks", "t.parquet", "--dir", "files", "--queue", "kv:queue.db", ...named],
    options,
  );
  assertCode(run, 0);
  for (const [i, name] of names.entries()) assertEquals(await Deno.readTextFile(home.join("files", name)), `/${i}`);
  const get = await corehaul(["get", "-i", "t.parquet", "--dir", "files", ...named], options);
  assertCode(get, 0);
  assertEquals(server.requests.length, 300);
});
