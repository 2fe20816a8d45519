import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import type { TaskEntry } from "../../queue/task_request.ts";
import { TaskFileError } from "../../queue/task_file_error.ts";
import { scanText, valuesOf } from "../support/scan_text.ts";

const values = (text: string) => valuesOf(text, 5);
const scan = (text: string) => scanText(text, 5);

Deno.test("scanTaskFile reads tables with commas, semicolons and tabs, whatever the line breaks", async () => {
  const wanted = [{ url: "http://h/a", out: "a.bin", priority: 3 }, { url: "http://h/b", out: "x b", priority: -1 }];
  for (const delimiter of [",", ";", "\t"]) {
    for (const end of ["\n", "\r\n"]) {
      const rows = ["URL|out|Priority", "http://h/a|a.bin|3", "", "http://h/b| x b |-1"];
      const text = rows.map((row) => row.replaceAll("|", delimiter) + end).join("");
      assertEquals(await values(`\ufeff${text}`), wanted, JSON.stringify(text));
    }
  }
  assertEquals(await values("url\nhttp://h/a\n"), [{ url: "http://h/a" }]);
  assertEquals(await values("url,out\n"), []);
});

Deno.test("scanTaskFile takes every field of a task from the columns of a table", async () => {
  const sha = "sha-256:" + "0".repeat(64);
  const [value] = await values(
    "id,url,out,priority,mirrors,limitRate,segments,checksum,size,notBefore,anonymous,header:X-A,header:Referer\n" +
      `mine,http://h/a,"a, ""b"".txt",1,http://m/1  http://m/2,1000,2,${sha},77,2026-12-24T22:00:00Z,true,"x,y",http://r/\n`,
  );
  const entry: TaskEntry = {
    id: "mine",
    url: "http://h/a",
    out: 'a, "b".txt',
    priority: 1,
    mirrors: ["http://m/1", "http://m/2"],
    limitRate: 1000,
    segments: 2,
    checksum: sha,
    size: 77,
    notBefore: "2026-12-24T22:00:00Z",
    anonymous: true,
    headers: { "X-A": "x,y", Referer: "http://r/" },
  };
  assertEquals(value, entry);
  assertEquals(checkTaskEntry(value), { type: "entry", entry });
});

Deno.test("scanTaskFile leaves cells that are wrong to the schema, which names them", async () => {
  const [priority, more] = await values("url,priority\nhttp://h/a,high\nhttp://h/a,1,2\n");
  assertEquals(checkTaskEntry(priority), {
    type: "problem",
    field: "priority",
    message: 'invalid input: expected number, received string: current value is "high"',
  });
  assertEquals(checkTaskEntry(more), { type: "problem", field: "column 3", message: "is not a field of a task" });
});

Deno.test("scanTaskFile counts the lines of a table, and says whether it ends open", async () => {
  const { entries, end } = await scan('url,out\r\nhttp://h/a,"x\r\ny"\r\n\r\nhttp://h/b,b');
  assertEquals(entries.map(({ index, line }) => [index, line]), [[0, 2], [1, 5]]);
  assertEquals(end.endsOpen, true);
  assertEquals((await scan("url\nhttp://h/a\n")).end.endsOpen, false);
});

Deno.test("scanTaskFile says what is wrong with a table, and where", async () => {
  const cases: [string, number, string][] = [
    ["url,otu\nhttp://h/a,x\n", 1, "did you mean out?"],
    ["url,out,Out\nhttp://h/a,x\n", 1, '"out" is there twice'],
    ['url,out\nhttp://h/a,"x\nhttp://h/b,y\n', 2, "Not a valid table: Quote Not Closed"],
    ['url,out\nhttp://h/a,x\nhttp://h/a,"x"y\n', 3, "Not a valid table: Invalid Closing Quote"],
  ];
  for (const [text, line, message] of cases) {
    const error = await assertRejects(() => scan(text), TaskFileError, message);
    // An open quote is seen at the end, wherever that is.
    if (!error.message.includes("Not Closed")) assertEquals(error.line, line, message);
  }
});

Deno.test("scanTaskFile takes nothing else for a table", async () => {
  const lists: [string, unknown[]][] = [
    ["http://h/a,url,b\nhttp://h/c\n", ["http://h/a,url,b", "http://h/c"]],
    ["# url,out\nhttp://h/c\n", ["http://h/c"]],
    ["urls,out\n", ["urls,out"]],
  ];
  for (const [text, wanted] of lists) assertEquals(await values(text), wanted);
});

Deno.test("scanTaskFile reads what any cells were written as", async () => {
  const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", ";", "\n", " ", "é", "漢", "\t") });
  await fc.assert(
    fc.asyncProperty(
      fc.array(cell, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      async (all, size) => {
        const cells = all.map((text) => text.trim());
        const rows = cells.map((text, i) => `http://h/${i},"${text.replaceAll('"', '""')}"\n`).join("");
        const { entries } = await scanText(`url,out\n${rows}`, size);
        const wanted = cells.map((out, i) => out === "" ? { url: `http://h/${i}` } : { url: `http://h/${i}`, out });
        assertEquals(entries.map(({ value }) => value), wanted);
      },
    ),
  );
});

Deno.test("scanTaskFile refuses a row that is not UTF-8 or has no end, and takes those around it", async () => {
  const encoder = new TextEncoder();
  const rows: (string | Uint8Array)[] = [
    "url,out\nhttp://h/a,a\n",
    new Uint8Array([...encoder.encode("http://h/b,"), 0xe9, 0x0a]),
    'http://h/c,"c',
    new Uint8Array([0xff]),
    'd"\nhttp://h/d,"d\n',
    new Uint8Array([0x78, 0xff, 0x22, 0x0a]),
    `http://h/e,${"e".repeat(1_100_000)}\n`,
    `http://h/f,"${"f".repeat(1_100_000)}\nend"\nhttp://h/g,"g"\n`,
    `http://h/i,"i\nj"\nhttp://h/k,"${"k".repeat(1_100_000)}\n`,
    new Uint8Array([0xff, 0x22, 0x0a]),
    "http://h/l,l\n",
  ];
  const bytes = new Uint8Array(await new Blob(rows as BlobPart[]).arrayBuffer());
  const utf8 = "refused: line must be UTF-8";
  const long = "refused: line must be at most 1048576 bytes long";
  const wanted = [
    { url: "http://h/a", out: "a" },
    ...[utf8, utf8, utf8, long, long],
    { url: "http://h/g", out: "g" },
    { url: "http://h/i", out: "i\nj" },
    long,
    { url: "http://h/l", out: "l" },
  ];
  for (const size of [997, 65_536, bytes.length]) {
    assertEquals(await valuesOf(bytes, size), wanted);
  }
  assertEquals(await valuesOf(bytes, 4096), wanted);
  const tabs = bytes.map((byte) => byte === 0x2c ? 0x09 : byte).filter((byte) => byte !== 0x22);
  assertEquals((await valuesOf(tabs, 4096)).slice(0, 2), [{ url: "http://h/a", out: "a" }, utf8]);
});
