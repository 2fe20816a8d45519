import { assert, assertEquals } from "@std/assert";
import type { TaskDraft } from "../../queue/task_shared_list.ts";
import { type DraftBatch, TaskFileReader } from "../../workers/task_file_reader.ts";
import { TempDir } from "../support/temp_dir.ts";

const sum = (digit: string) => `sha-1:${digit.repeat(40)}`;

async function read(reader: TaskFileReader): Promise<DraftBatch[]> {
  const batches: DraftBatch[] = [];
  await reader.read((batch) => {
    batches.push(batch);
    return Promise.resolve();
  });
  return batches;
}

function fields(drafts: readonly TaskDraft[]): unknown[] {
  return drafts.map(({ out, checksum, size }) => [out, checksum, size]);
}

Deno.test("TaskFileReader gives entries their checksums by file name, and names those whose own is bad", async () => {
  await using home = await TempDir.create();
  const file = await home.write(
    "tasks.jsonl",
    [
      { url: "http://h/a" },
      { url: "http://h/b", checksum: sum("B"), size: 7 },
      { url: "http://h/x", out: "sub/c" },
      { url: "http://h/a", out: "d" },
      { url: "http://h/e", checksum: "nonsense" },
      { url: "http://h/f" },
    ].map((entry) => JSON.stringify(entry)).join("\n"),
  );
  const checksums = new Map([["a", sum("a")], ["b", sum("0")], ["sub/c", sum("c")]]);
  const [batch] = await read(new TaskFileReader(file, { checksums }));
  assertEquals(fields(batch!.drafts), [
    ["a", sum("a"), undefined],
    ["b", sum("b"), 7],
    ["sub/c", sum("c"), undefined],
    ["d", sum("a"), undefined],
    ["f", undefined, undefined],
  ]);
  assertEquals(batch!.problems.map(({ index, line, field }) => [index, line, field]), [[4, 5, "checksum"]]);
  const [plain] = await read(new TaskFileReader(file));
  assertEquals(plain!.drafts.map(({ checksum }) => checksum), [undefined, sum("b"), undefined, undefined, undefined]);
});

Deno.test("TaskFileReader gives again little more than what has changed, wherever that is", async () => {
  await using home = await TempDir.create();
  const lists: string[][] = [
    Array.from({ length: 5000 }, (_, i) => `http://h/files/${i}/index.html`),
    Array.from({ length: 5000 }, (_, i) => `{"url": "http://h/${i}", "headers": {"Referer": "${"x".repeat(300)}"}}`),
  ];
  for (const lines of lists) {
    const file = await home.write("tasks.txt", lines.join("\n"));
    const reader = new TaskFileReader(file);
    const count = (batches: DraftBatch[]) => batches.reduce((sum, { drafts }) => sum + drafts.length, 0);
    assertEquals(count(await read(reader)), 5000);
    assertEquals(count(await read(reader)), 0);
    for (const at of [0, 2500, 4990]) {
      await home.write("tasks.txt", lines.toSpliced(at, 1).join("\n"));
      assert(count(await read(reader)) <= 2000);
      await home.write("tasks.txt", lines.toSpliced(at, 0, lines[0]!.replace("http://h/", "http://other/")).join("\n"));
      const again = await read(reader);
      assert(again.length > 0 && count(again) <= 2000, `${count(again)}`);
      await home.write("tasks.txt", lines.join("\n"));
      await read(reader);
    }
  }
});

Deno.test("TaskFileReader tells an option below a url from a line of its own", async () => {
  await using home = await TempDir.create();
  const lines = "http://h/a\nout=x\n";
  const reader = new TaskFileReader(await home.write("list", lines));
  assertEquals((await read(reader)).map(({ drafts, problems }) => [drafts.length, problems.length]), [[1, 1]]);
  await home.write("list", lines.replace("out", "  out"));
  const [batch] = await read(reader);
  assertEquals([fields(batch!.drafts), batch!.problems], [[["x", undefined, undefined]], []]);
  await home.write("list", lines);
  assertEquals((await read(reader)).map(({ drafts, problems }) => [drafts.length, problems.length]), [[1, 1]]);
});

Deno.test("TaskFileReader gives every entry of a list of equal ones", async () => {
  await using home = await TempDir.create();
  const file = await home.write("tasks.txt", "http://h/a\n".repeat(3000));
  const batches = await read(new TaskFileReader(file));
  assert(batches.every(({ drafts }) => drafts.length <= 1000));
});

Deno.test("TaskFileReader leaves out a last line that may be half of one, wherever its blocks end", async () => {
  await using home = await TempDir.create();
  const outs = async (text: string, endIsWhole?: () => Promise<boolean>) => {
    const given: string[] = [];
    const { entries } = await new TaskFileReader(await home.write("tasks", text)).read(({ drafts }) => {
      given.push(...drafts.map(({ out }) => out));
      return Promise.resolve();
    }, endIsWhole);
    assertEquals(entries, given.length);
    return given;
  };
  const no = () => Promise.resolve(false);
  const never = () => Promise.reject(new Error("The end is not open"));
  // A few of so many lines end a block.
  for (let i = 0; i < 600; i++) assertEquals(await outs(`http://h/${i}`, no), []);
  assertEquals(await outs("http://h/a\nhttp://h/b", no), ["a"]);
  assertEquals(await outs("http://h/a\nhttp://h/b", () => Promise.resolve(true)), ["a", "b"]);
  assertEquals(await outs("http://h/a\nhttp://h/b"), ["a", "b"]);
  assertEquals(await outs("http://h/a\nhttp://h/b\n", never), ["a", "b"]);
  assertEquals(await outs("url,out\nhttp://h/a,x\nhttp://h/b,y.jp", no), ["x"]);
  assertEquals(await outs('{"url":"http://h/a"}\n{"url":"http://h/b"}', no), ["a"]);
  assertEquals(await outs('["http://h/a", "http://h/b"]', never), ["a", "b"]);
  assertEquals(await outs("", never), []);
});

Deno.test("TaskFileReader tells at each read which names of the file mean nothing, and refuses no entry for them", async () => {
  await using home = await TempDir.create();
  const file = await home.write("aria2.txt", "http://h/a\n  split=4\n  out=x\nhttp://h/b,\n");
  const reader = new TaskFileReader(file);
  for (const _ of [1, 2]) {
    const end = await reader.read(() => Promise.resolve());
    assertEquals([end.entries, end.refused, end.ignored], [2, 1, ["split"]]);
  }
});
