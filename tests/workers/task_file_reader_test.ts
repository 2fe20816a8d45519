import { assert, assertEquals, assertRejects } from "@std/assert";
import { TaskFileError } from "../../queue/task_file_error.ts";
import type { TaskDraft } from "../../queue/task_shared_list.ts";
import { type DraftBatch, type ReadEnd, TaskFileReader } from "../../workers/task_file_reader.ts";
import { TempDir } from "../support/temp_dir.ts";

const sum = (digit: string) => `sha-1:${digit.repeat(40)}`;

async function read(reader: TaskFileReader): Promise<DraftBatch[]> {
  return (await readMore(reader, true)).batches;
}

/** Reads all of a file, or only what is new. */
async function readMore(reader: TaskFileReader, whole = false): Promise<{ batches: DraftBatch[]; end: ReadEnd }> {
  const batches: DraftBatch[] = [];
  const end = await reader.read(
    (batch) => {
      batches.push(batch);
      return Promise.resolve();
    },
    undefined,
    whole,
  );
  return { batches, end };
}

/** What a read gave, entry by entry: by its index its line, and where it goes or why it is refused. */
function given(batches: readonly DraftBatch[], known = new Map<number, string>()): Map<number, string> {
  for (const { drafts, indexes, lines, problems } of batches) {
    for (const [i, { url, out }] of drafts.entries()) known.set(indexes[i]!, `${lines[i]} ${url} ${out}`);
    for (const { index, line, field, message } of problems) known.set(index, `${line} ${field} ${message}`);
  }
  return known;
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

/** Forms of lists that can grow: their beginning, and an entry. */
const GROWING: Record<string, { head: string; entry: (i: number) => string }> = {
  "a plain list": { head: "# a list\n", entry: (i) => `http://h/files/${i}\n` },
  "an input file of aria2": { head: "", entry: (i) => `http://h/files/${i}\n  out=a${i}\n  split=4\n` },
  "JSON Lines": { head: "", entry: (i) => `{"url": "http://h/files/${i}", "priority": ${i % 3}}\n` },
  "JSON values over several lines": { head: "// values\n", entry: (i) => `{\n  "url": "http://h/files/${i}"\n}\n` },
  "a table": { head: "sep=,\nurl,out,note\n", entry: (i) => `http://h/x,o${i},"a, b ${i}"\r\n` },
  "a table without a header": { head: "", entry: (i) => `http://h/files/${i}\to${i}\n` },
};

for (const [name, { head, entry }] of Object.entries(GROWING)) {
  const rules = name === "a table without a header" ? { urlColumn: "1" } : {};
  Deno.test(`TaskFileReader reads of ${name} that has grown only what is new`, async () => {
    await using home = await TempDir.create();
    const text = head + Array.from({ length: 3000 }, (_, i) => entry(i)).join("");
    const file = await home.write("tasks", text);
    const reader = new TaskFileReader(file, {}, rules);
    const first = await readMore(reader);
    assertEquals([first.end.entries, first.end.partly], [3000, false]);
    const known = given(first.batches);
    for (let i = 3000; i < 3010; i += 2) {
      await home.append("tasks", entry(i) + (i % 4 === 0 ? "" : "\n") + entry(i + 1));
      const { batches, end } = await readMore(reader);
      assertEquals([end.partly, end.entries, end.refused, end.blocks], [true, i + 2, 0, []]);
      assert(batches.length > 0 && given(batches).size <= 1000, `${given(batches).size}`);
      given(batches, known);
    }
    const all = await readMore(new TaskFileReader(file, {}, rules));
    assertEquals(known, given(all.batches));
    // What has changed in its place is found when all is read, and only then.
    const at = text.indexOf(name === "a table" ? "o1000" : "/1000") + 1;
    using handle = await Deno.open(file, { write: true });
    await handle.seek(at, Deno.SeekMode.Start);
    await handle.write(new TextEncoder().encode("7"));
    await home.append("tasks", entry(3010));
    assertEquals((await readMore(reader)).end.partly, true);
    const found = await readMore(reader, true);
    assertEquals([found.end.partly, found.end.entries], [false, 3011]);
    const changed = [...given(found.batches)].filter(([index, what]) => known.get(index) !== what && index < 3010);
    assertEquals(changed.map(([index]) => index), [1000]);
    assertEquals(found.end.ignored, all.end.ignored);
  });
}

Deno.test("TaskFileReader reads all of a file that has not only grown", async () => {
  await using home = await TempDir.create();
  const lines = Array.from({ length: 3000 }, (_, i) => `http://h/${i}\n`);
  const file = await home.write("tasks", lines.join(""));
  const reader = new TaskFileReader(file);
  const partly = async () => (await readMore(reader)).end.partly;
  const more = async (text: string) => await home.append("tasks", text);
  assertEquals(await partly(), false);
  // It may have changed in its place.
  assertEquals(await partly(), false);
  await more("http://h/more\n");
  assertEquals(await partly(), true);
  // Another file under its name; a shorter one; one with another beginning; one with something else before what is new.
  await home.replace("tasks", lines.join("") + "http://h/more\nhttp://h/other\n");
  assertEquals(await partly(), false);
  await Deno.truncate(file, lines.join("").length - 5);
  assertEquals(await partly(), false);
  await Deno.writeTextFile(file, "http://other/\n" + lines.join("") + "http://h/more\nhttp://h/other\n");
  assertEquals(await partly(), false);
  await Deno.writeTextFile(file, "http://other/\n" + lines.toSpliced(2500, 1).join("") + "http://h/more\n".repeat(20));
  assertEquals(await partly(), false);
  // What is new is not valid: all of it says where.
  await home.write("rows", Array.from({ length: 3000 }, (_, i) => `{"url": "http://h/${i}"}\n`).join(""));
  const rows = new TaskFileReader(home.join("rows"));
  await readMore(rows);
  await home.append("rows", '{"url": oops}\n');
  const { line, column } = await assertRejects(() => readMore(rows), TaskFileError);
  assertEquals([line, column], [3001, 9]);
  await home.write("rows", Array.from({ length: 3001 }, (_, i) => `{"url": "http://h/${i}"}\n`).join(""));
  assertEquals((await readMore(rows)).end.entries, 3001);
  for (const text of [JSON.stringify(lines), ""]) {
    const other = new TaskFileReader(await home.write("other", text));
    for (const _ of [1, 2]) assertEquals((await readMore(other)).end.partly, false);
  }
});

Deno.test("TaskFileReader knows of a file as much by what is new as by all of it, however it grows", async () => {
  await using home = await TempDir.create();
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const pieces = [
    "\n",
    "\r\n",
    "\r",
    "# c\n",
    "http://h/a",
    "http://h/",
    "  out=x\n",
    "\thttp://m/b",
    "odd,\n",
    " ",
    '"',
    "ä\n",
    "{",
  ];
  for (let run = 0; run < 6; run++) {
    const name = `list${run}`;
    const file = await home.write(name, Array.from({ length: 900 }, (_, i) => `http://h/${run}/${i}\n`).join(""));
    const reader = new TaskFileReader(file);
    const known = new Map<number, string>();
    let partly = 0;
    for (let step = 0; step < 15; step++) {
      // Whatever stands there else, it grows.
      await home.append(name, `http://h/${run}/${step}/\n`);
      const { batches, end } = await readMore(reader);
      given(batches, known);
      if (end.partly) partly++;
      const all = await readMore(new TaskFileReader(file));
      const { blocks: _, partly: __, ...rest } = end;
      const { blocks: ___, partly: ____, ...wanted } = all.end;
      assertEquals(rest, wanted);
      for (const [index, what] of given(all.batches)) assertEquals(known.get(index), what);
      const added = Array.from(
        { length: random(60) },
        () => pieces[random(pieces.length)] + (random(3) > 0 ? "\n" : ""),
      );
      await home.append(name, added.join(""));
    }
    assert(partly > 10, `${partly}`);
  }
});
