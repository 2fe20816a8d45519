import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { TaskFileError } from "../../queue/task_file_error.ts";
import type { RawEntry } from "../../queue/raw_entry.ts";
import { scanTaskFile } from "../../queue/task_file_scan.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function scan(text: string | Uint8Array, size = 7): Promise<{ entries: RawEntry[]; endsOpen: boolean }> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const scanner = scanTaskFile(pieces(bytes, size));
  const entries: RawEntry[] = [];
  while (true) {
    const step = await scanner.next();
    if (step.done) return { entries, endsOpen: step.value.endsOpen };
    entries.push(step.value);
  }
}

const values = async (text: string) => (await scan(text)).entries.map((entry) => entry.value);

Deno.test("scanTaskFile unpacks gzip, and says when it is damaged or not whole", async () => {
  const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ url: `http://h/${i}`, priority: i })));
  const packed = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  async function* pieces(bytes: Uint8Array, size: number) {
    // As a reader that uses one buffer again and again.
    const buffer = new Uint8Array(size);
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      buffer.set(piece);
      yield buffer.subarray(0, piece.length);
    }
  }
  for (const size of [1, 1000, packed.length]) {
    const entries = await Array.fromAsync(scanTaskFile(pieces(packed, size)));
    assertEquals(entries.map(({ value }) => value), JSON.parse(text));
  }
  const broken = packed.slice();
  broken.fill(0, broken.length >> 1, (broken.length >> 1) + 100);
  const message = "It is packed with gzip, and damaged or not whole";
  const read = (bytes: Uint8Array) => Array.fromAsync(scanTaskFile(pieces(bytes, 1000)));
  await assertRejects(() => read(packed.subarray(0, packed.length - 20)), TaskFileError, message);
  // What comes out of the damaged part may be seen to be no list first.
  await assertRejects(() => read(broken), TaskFileError);
});

Deno.test("scanTaskFile unpacks what several packed files make together, and takes zeros behind them", async () => {
  const pack = (text: string) =>
    new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
  const long = Array.from({ length: 20_000 }, (_, i) => `http://h/${i}`);
  const [one, two, none, many] = [
    await pack("http://h/a\nhttp://h/b\n"),
    await pack("http://h/c\n"),
    await pack(""),
    await pack(long.join("\n")),
  ];
  const zeros = new Uint8Array(700);
  const read = async (bytes: Uint8Array, size: number) => (await scan(bytes, size)).entries.map(({ value }) => value);
  for (const size of [1, 7, 100_000]) {
    const few = ["http://h/a", "http://h/b", "http://h/c"];
    assertEquals(await read(join(one, two), size), few);
    assertEquals(await read(join(none, one, none, two, zeros), size), few);
    assertEquals(await read(join(one, zeros), size), few.slice(0, 2));
    if (size > 1) assertEquals(await read(join(one, two, many), size), [...few, ...long]);
    const text = new TextEncoder().encode("http://h/d\n");
    const wrong = [
      two.subarray(0, -5),
      two.subarray(0, 4),
      join(two.subarray(0, -8), two.subarray(-4), two.subarray(-4)),
      text,
      join(zeros, two),
      join(zeros, text),
    ];
    for (const rest of wrong) await assertRejects(() => read(join(one, rest), size), TaskFileError, "packed with gzip");
  }
});

Deno.test("scanTaskFile gives an error of the disk as it is, in a packed file too", async () => {
  const packed = await new Response(new Blob(["http://h/a\n"]).stream().pipeThrough(new CompressionStream("gzip")))
    .bytes();
  async function* broken() {
    yield packed.subarray(0, 12);
    await Promise.resolve();
    throw new Deno.errors.Busy("the disk");
  }
  await assertRejects(() => Array.fromAsync(scanTaskFile(broken())), Deno.errors.Busy, "the disk");
});

Deno.test("scanTaskFile reads a JSON array of objects, strings and anything else, with the line of each entry", async () => {
  const { entries, endsOpen } = await scan(
    '\ufeff [\n  {"url": "a,]}\\"["},\n  "b",\n\n  {"url": [1, {"y": "]"}]} , 5\n]\n',
  );
  assertEquals(entries.map(({ index, line, value }) => [index, line, value]), [
    [0, 2, { url: 'a,]}"[' }],
    [1, 3, "b"],
    [2, 5, { url: [1, { y: "]" }] }],
    [3, 5, 5],
  ]);
  assertEquals(endsOpen, false);
});

Deno.test("scanTaskFile reads JSON Lines and plain lists, with comments and blank lines", async () => {
  assertEquals(await values('{"url":"a"}\n\n  {"url":"b"}\r\n'), [{ url: "a" }, { url: "b" }]);
  assertEquals(await values("# mine\nhttp://a/#x\r\n\n  http://b/  \n#http://c/\n"), ["http://a/#x", "http://b/"]);
});

Deno.test("scanTaskFile takes an empty file for an empty list", async () => {
  for (const text of ["", "  \n", "[]", "[ \n ]\n", "\ufeff"]) {
    assertEquals(await values(text), [], JSON.stringify(text));
  }
});

Deno.test("scanTaskFile tells a last line without a line break", async () => {
  assertEquals((await scan("http://a/\nhttp://b")).endsOpen, true);
  assertEquals((await scan("http://a/\nhttp://b\n")).endsOpen, false);
  assertEquals((await scan('{"url":"a"}')).endsOpen, true);
});

Deno.test("scanTaskFile names line and column of what is not valid", async () => {
  const cases: [string, number, number][] = [
    ['[\n {"url": "a"},\n {"url": }\n]', 3, 10],
    ['[{"url": "a"}', 1, 14],
    ['[\n{"url": "a"},\n', 3, 1],
    ['[{"url": "a"},]', 1, 15],
    ["[,]", 1, 2],
    ['["a"] x', 1, 7],
    ['["a" "b"]', 1, 6],
    ['{"url":"a"}\n{"url":\n', 2, 8],
    ['[{"url": "unfinished', 1, 21],
  ];
  for (const [text, line, column] of cases) {
    for (const size of [1, 3, 1000]) {
      const error = await assertRejects(() => scan(text, size), TaskFileError);
      assertEquals([error.line, error.column], [line, column], `${JSON.stringify(text)}: ${error.message}`);
    }
  }
});

Deno.test("scanTaskFile finds in any array what JSON.parse finds, however the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 }),
      fc.constantFrom(0, 2),
      fc.integer({ min: 1, max: 40 }),
      async (list, indent, size) => {
        const text = JSON.stringify(list, null, indent);
        // Of an object that is no entry some fields are left out, but not of its text.
        assertEquals((await scan(text, size)).entries.map((entry) => JSON.parse(entry.text)), JSON.parse(text));
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("scanTaskFile repeats nothing of what is not valid, which may be a password", async () => {
  for (
    const text of [
      "[https://me:SECRET@h/]",
      '[{"url": SECRET}]',
      '{"url":SECRET}\n',
      '[{"url":"https://me:SECRET@h"x}]',
      '{"url":"x","headers":{"authorization":"x"\n"SECRET"}}\n',
      '[{"url":"https://h/"}\n SECRET]',
      'url,header:Authorization\nhttps://me:SECRET@h/"1,a\n',
      'url,header:Authorization\nhttps://h/,SECRET"1\n',
      '<metalink><file name="a"><url https://me:SECRET@h/></url></file></metalink>',
      '<metalink><file name="a"><https://me:SECRET@h/></file></metalink>',
    ]
  ) {
    const error = await assertRejects(() => scan(text), TaskFileError, undefined, text);
    assert(!Deno.inspect(error).includes("SECRET"), Deno.inspect(error));
  }
});
