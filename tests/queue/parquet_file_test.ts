/** Parquet files as lists. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parquetWriteBuffer } from "hyparquet-writer";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { TaskFileColumns } from "../../queue/column_map.ts";
import { RefusedEntry } from "../../queue/refused_entry.ts";
import { assertTaskFile } from "../../queue/task_file_check.ts";
import { TaskFileError } from "../../queue/task_file_error.ts";
import { scanTaskFile } from "../../queue/task_file_scan.ts";
import { scanText } from "../support/scan_text.ts";
import { TempDir } from "../support/temp_dir.ts";

type WriteOptions = Omit<Parameters<typeof parquetWriteBuffer>[0], "columnData">;
type Column = Parameters<typeof parquetWriteBuffer>[0]["columnData"][number];

const urls = (count: number) => Array.from({ length: count }, (_, i) => `http://h/files/${i}/ü.jpg`);

function table(columnData: Column[], options: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
}

/** What a scan finds in a file, after a look through all of it; and what it ignores. */
async function read(
  bytes: Uint8Array,
  columns: TaskFileColumns = {},
): Promise<{ values: unknown[]; ignored: unknown }> {
  await using home = await TempDir.create();
  await Deno.writeFile(home.join("list"), bytes);
  using file = await Deno.open(home.join("list"));
  await assertTaskFile(file, columns);
  const scan = scanTaskFile(file, columns);
  const values: unknown[] = [];
  let step = await scan.next();
  for (let row = 0; step.done !== true; row++, step = await scan.next()) {
    assertEquals([step.value.index, step.value.line], [row, row + 1]);
    values.push(step.value.value);
  }
  return { values, ignored: step.value.ignored };
}

Deno.test("scanTaskFile reads the columns of a Parquet file, whatever packs it and however its rows are grouped", async () => {
  const all = urls(2500);
  const columns: Column[] = [
    { name: "key", data: all.map((_, i) => i), type: "INT32" },
    { name: "link", data: all, type: "STRING" },
    { name: "name", data: all.map((_, i) => i % 3 === 0 ? null : `f/${i}.jpg`), type: "STRING", nullable: true },
    { name: "bytes", data: all.map((_, i) => BigInt(i)), type: "INT64" },
  ];
  const named = { urlColumn: "link", columns: { out: "name", size: "bytes", id: "key" } };
  const wanted = all.map((url, i) => ({ url, ...(i % 3 === 0 ? {} : { out: `f/${i}.jpg` }), size: i, id: `${i}` }));
  const compressors = { GZIP: gzipSync, ZSTD: zstdCompressSync, BROTLI: brotliCompressSync };
  const forms: WriteOptions[] = [
    {},
    { codec: "UNCOMPRESSED", rowGroupSize: 700 },
    ...(["GZIP", "ZSTD", "BROTLI"] as const).map((codec) => ({
      codec,
      compressors,
      rowGroupSize: 1000,
      pageSize: 3000,
    })),
  ];
  for (const options of forms) {
    for (const offsetIndex of [true, false]) {
      const bytes = table(columns.map((column) => ({ ...column, offsetIndex })), options);
      assertEquals(await read(bytes, named), { values: wanted, ignored: undefined }, JSON.stringify(options));
    }
  }
  assertEquals((await read(table(columns), { urlColumn: "2" })).values, all.map((url) => ({ url })));
});

Deno.test("scanTaskFile maps the columns of a Parquet file as those of a table", async () => {
  const link: Column = { name: "URL", data: urls(2), type: "STRING" };
  const text = (name: string): Column => ({ name, data: ["a", "b"], type: "STRING" });
  const times: Column = { name: "notBefore", data: [new Date(0), new Date(1000)], type: "TIMESTAMP" };
  assertEquals(await read(table([link, text("TEXT"), text("out"), times])), {
    values: [
      { url: urls(1)[0], out: "a", notBefore: "1970-01-01T00:00:00.000Z" },
      { url: urls(2)[1], out: "b", notBefore: "1970-01-01T00:00:01.000Z" },
    ],
    ignored: ["TEXT"],
  });
  const cases: [Column[], TaskFileColumns, string][] = [
    [
      [text("id"), text("link")],
      {},
      'A table must have a column url, or --url-column must name it: its columns are "id", "link"',
    ],
    [[link, text("chekcsum")], {}, "did you mean checksum?"],
    [[link], { urlColumn: "href" }, 'There is no column "href": the columns are "URL"'],
    [[link], { urlColumn: "4" }, 'There is no column "4": the columns are "URL"'],
  ];
  for (const [columns, named, message] of cases) {
    const error = await assertRejects(() => read(table(columns), named), TaskFileError);
    assert(error.message.includes(message), error.message);
  }
  assertEquals((await read(table([{ ...link, data: [] }]))).values, []);
});

Deno.test("scanTaskFile refuses a row of a Parquet file that has no url or is not UTF-8, and takes the others", async () => {
  const bad = new Uint8Array([0x68, 0xff]);
  const data = [new TextEncoder().encode("http://h/a"), bad, new TextEncoder().encode("http://h/b")];
  const { values } = await read(table([{ name: "url", data, type: "BYTE_ARRAY" }]));
  assertEquals(values, [{ url: "http://h/a" }, new RefusedEntry("url", "must be UTF-8"), { url: "http://h/b" }]);
  const link: Column = { name: "link", data: ["http://h/a", null], type: "STRING", nullable: true };
  assertEquals((await read(table([link]), { urlColumn: "link" })).values, [
    { url: "http://h/a" },
    new RefusedEntry("url", 'must be in the column "link", which is empty'),
  ]);
});

Deno.test("scanTaskFile says of a Parquet file that it is cut, damaged, packed or in a pipe, and brings nothing of it", async () => {
  const whole = table([{ name: "url", data: urls(5000), type: "STRING" }], { rowGroupSize: 1000 });
  const cut = "Not a valid Parquet file";
  for (const bytes of [whole.subarray(0, -1), whole.subarray(0, 4), whole.subarray(0, whole.length >> 1)]) {
    const error = await assertRejects(() => read(bytes), TaskFileError);
    assert(error.message.startsWith(cut), error.message);
  }
  const damaged = whole.slice();
  damaged.fill(0xff, 100, 400);
  await assertRejects(() => read(damaged), TaskFileError, cut);
  const pipe = "A Parquet file must be a file by itself, neither packed nor in a pipe";
  for (const bytes of [whole, gzipSync(whole)]) await assertRejects(() => scanText(bytes, 4096), TaskFileError, pipe);
});

Deno.test("scanTaskFile keeps no more of a Parquet file than a part of its rows at a time", async () => {
  const all = urls(60_000);
  const bytes = table([{ name: "url", data: all, type: "STRING" }], {
    codec: "UNCOMPRESSED",
    rowGroupSize: 60_000,
    pageSize: 50_000,
  });
  await using home = await TempDir.create();
  await Deno.writeFile(home.join("list"), bytes);
  using file = await Deno.open(home.join("list"));
  await using scan = scanTaskFile(file);
  await scan.next();
  // With an index of its pages, the first rows need only the first pages.
  const readSoFar = await file.seek(0, Deno.SeekMode.Current);
  assert(readSoFar < bytes.length * 0.5, `${readSoFar} of ${bytes.length}`);
});
