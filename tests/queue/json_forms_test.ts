/** JSON as people and programs write lists of it: values in a row, texts, comments. */
import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { glanceAtTaskFile } from "../../queue/task_file_glance.ts";
import { TaskFileError } from "../../queue/task_file_error.ts";
import { linesOf, pieces, scanText, valuesOf } from "../support/scan_text.ts";

const A = { url: "http://h/a", mirrors: ["http://m/{a}", "http://m/]"] };
const B = { url: 'http://h/"b"', size: 3 };

Deno.test("scanTaskFile reads JSON values in a row, pretty-printed or not, whatever stands between them", async () => {
  const texts = [
    [A, B].map((value) => JSON.stringify(value, null, 2)).join("\n"),
    `${JSON.stringify(A, null, "\t")}\r\n\r\n${JSON.stringify(B)}\n`,
    JSON.stringify(A) + JSON.stringify(B),
    `\ufeff${JSON.stringify(A)}\n\ufeff${JSON.stringify(B, null, 1)}`,
  ];
  for (const text of texts) {
    for (const size of [1, 5, 1000]) assertEquals(await valuesOf(text, size), [A, B], text);
    assertEquals(await glanceAtTaskFile(pieces(new TextEncoder().encode(text), 9)), false);
  }
  assertEquals(await linesOf(texts[0]!), [1, 8]);
});

Deno.test("scanTaskFile reads JSON Lines of texts, each a url", async () => {
  const text = '"http://h/a"\n"http://h/\\u00fc?\\"x\\""\n\n  "http://h/c d"\n{"url":"http://h/e"}\n';
  const wanted = ["http://h/a", 'http://h/ü?"x"', "http://h/c d", { url: "http://h/e" }];
  for (const size of [1, 4, 1000]) assertEquals(await valuesOf(text, size), wanted);
  assertEquals(await linesOf(text), [1, 2, 4, 5]);
  assertEquals(await glanceAtTaskFile(pieces(new TextEncoder().encode(text), 9)), false);
  for (
    const [text, endsOpen] of [['"http://h/a"\n', false], ['"http://h/a"', true], ['{"url":"a"}\n ', true]] as const
  ) {
    assertEquals((await scanText(text)).end.endsOpen, endsOpen, text);
  }
});

Deno.test("scanTaskFile refuses as a whole what a value that never ends has swallowed", async () => {
  const encoder = new TextEncoder();
  const first = `{"url":"http://h/0"}\n`;
  const rest = Array.from({ length: 60_000 }, (_, i) => `{"url":"http://h/${i}"}\n`).join("");
  const bad = encoder.encode(`${first} {"url?:"http://h/1"}\n`);
  bad[bad.indexOf(0x3f)] = 0xff;
  const cases = [
    encoder.encode(`${first} {"url":{"http://h/1"\n${rest}`),
    Uint8Array.from([...bad, ...encoder.encode(rest)]),
    bad,
  ];
  for (const bytes of cases) {
    for (const size of [1000, bytes.length]) {
      const error = await assertRejects(() => valuesOf(bytes, size), TaskFileError);
      assertEquals([error.message, error.line, error.column], ["The value that begins here is not finished", 2, 2]);
    }
  }
});

const COMMENTED = `// The list of [today]
/* "and" of
   tomorrow */
[
  "http://h/a", // not "http://h/x",
  /* none: { */ {
    "url": "http://h//b/*c*/", // its page: {
    "size": /* bytes */ 3
  } /**/, // the last one: ]
  "http://h/d"
  // end
]
// done
`;

Deno.test("scanTaskFile reads JSON with comments, wherever they stand", async () => {
  const values = ["http://h/a", { url: "http://h//b/*c*/", size: 3 }, "http://h/d"];
  for (const size of [1, 2, 7, 1000]) {
    assertEquals(await valuesOf(COMMENTED, size), values);
    assertEquals(await linesOf(COMMENTED, size), [5, 6, 10]);
  }
  const lines = `// one\n{"url": "http://h/a"} // two {\n/* three\n*/"http://h/b"/**/\n// four`;
  for (const size of [1, 1000]) assertEquals(await valuesOf(lines, size), [{ url: "http://h/a" }, "http://h/b"]);
  assertEquals(await valuesOf(COMMENTED.replaceAll("\n", "\r\n")), values);
});

Deno.test("scanTaskFile says where JSON with comments, or in a row, goes wrong", async () => {
  const cases: [string, number, number][] = [
    ['[\n"a", /* open\n', 3, 1],
    ['[\n/ "a"]', 2, 1],
    ['["a" / "b"]', 1, 6],
    ['["a", // c\n]', 2, 1],
    ['{"url":"a"},\n{"url":"b"}\n', 1, 12],
    ['{"url":"a"}}\n', 1, 12],
    ['"a" b\n', 1, 5],
    ['{"url":"http://h/a\n{"url":"http://h/b"}\n', 1, 19],
    ['{\n "url": "a",\n}\n', 3, 1],
    ['{\n "url": "a"\n', 2, 12],
    ['"http://h/a', 1, 12],
  ];
  for (const [text, line, column] of cases) {
    for (const size of [1, 1000]) {
      const error = await assertRejects(() => scanText(text, size), TaskFileError, undefined, text);
      assertEquals([error.line, error.column], [line, column], `${JSON.stringify(text)}: ${error.message}`);
    }
  }
});

Deno.test("scanTaskFile takes no path of a plain list for a comment", async () => {
  assertEquals(await valuesOf("/a\nhttp://h/b\n"), ["/a", "http://h/b"]);
  assertEquals(await valuesOf("//h/a\nhttp://h/b\n"), ["//h/a", "http://h/b"]);
});

Deno.test("scanTaskFile refuses a value that is not UTF-8 or has no end, and takes those around it", async () => {
  const utf8 = "refused: entry must be UTF-8";
  const long = "refused: entry must be at most 1048576 bytes long";
  const parts = (separator: string) => [
    '"http://h/a"',
    separator,
    '{"url": "http://h/',
    new Uint8Array([0xe9]),
    '"}',
    separator,
    `{"url": "http://h/${"x".repeat(1_100_000)}]}"}`,
    separator,
    new Uint8Array([0x22, 0xff, 0x22]),
    separator,
    '{"url": "http://h/b"}',
  ];
  for (const [before, separator, after] of [["[", ",", "]"], ["", "\n", "\n"]] as const) {
    const text = [before, ...parts(separator), after] as BlobPart[];
    const bytes = new Uint8Array(await new Blob(text).arrayBuffer());
    const wanted = ["http://h/a", utf8, long, utf8, { url: "http://h/b" }];
    for (const size of [1000, 65_536, bytes.length]) assertEquals(await valuesOf(bytes, size), wanted);
  }
});

Deno.test("scanTaskFile finds in any row of values what JSON.parse finds, with comments between them", async () => {
  const value = fc.oneof(
    fc.string().map((text) => JSON.stringify(text)),
    fc.jsonValue({ maxDepth: 3 }).map((each) => JSON.stringify({ url: each })),
  );
  const between = fc.constantFrom("\n", " ", "\r\n", ' // a " {\n', "/* [ */", "\n\n");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(value, between), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(0, 2),
      fc.integer({ min: 1, max: 40 }),
      async (list, indent, size) => {
        const text = list.map(([json, space]) => JSON.stringify(JSON.parse(json), null, indent) + space).join("");
        // A name in the first line could be that of a column.
        const { entries } = await scanText(`{"url": "http://h/"}\n${text}`, size);
        assertEquals(entries.slice(1).map((entry) => JSON.parse(entry.text)), list.map(([json]) => JSON.parse(json)));
      },
    ),
    { numRuns: 200 },
  );
});
