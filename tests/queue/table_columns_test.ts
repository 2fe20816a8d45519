/** Which columns of tables, and which fields of JSON, are taken for which fields of a task. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { columnsProblem, type TaskFileColumns } from "../../queue/column_map.ts";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import { TaskFileError } from "../../queue/task_file_error.ts";
import { scanText, valuesOf } from "../support/scan_text.ts";

const SHA = "0f".repeat(32);

/** The values and what is ignored, with the columns that the user names. */
async function read(text: string, columns: TaskFileColumns = {}): Promise<{ values: unknown[]; ignored: unknown }> {
  const { entries, end } = await scanText(text, 9, columns);
  return { values: entries.map(({ value }) => value), ignored: end.ignored };
}

const refusal = (text: string, columns: TaskFileColumns = {}) =>
  assertRejects(() => scanText(text, 9, columns), TaskFileError, undefined, text);

Deno.test("scanTaskFile takes the columns of a table that are called like fields, and names the others once", async () => {
  const text = "SampleID,URL,title,Out,size,license\n1,http://h/a,A,a.jpg,3,CC\n2,http://h/b,B,,,\n";
  assertEquals(await read(text), {
    values: [{ url: "http://h/a", out: "a.jpg", size: 3 }, { url: "http://h/b" }],
    ignored: ["SampleID", "title", "license"],
  });
  // Other names that people have are far enough from ours.
  const names = "w,h,md5,file,time,text,key,hash,alt,lang,title,similarity";
  assertEquals((await read(`url,${names}\nhttp://h/a\n`)).ignored, names.split(","));
});

Deno.test("scanTaskFile refuses a table whose column may be a slip of the pen", async () => {
  const cases: [string, string][] = [
    ["chekcsum", "checksum"],
    ["Mirror", "mirrors"],
    ["prioritty", "priority"],
    ["limit_rate", "limitRate"],
    ["segmnets", "segments"],
    ["notbefor", "notBefore"],
    ["siez", "size"],
    ["urls", "url"],
    ["oout", "out"],
    ["usr", "user"],
    ["headers", "header:NAME"],
    ["header", "header:NAME"],
  ];
  for (const [name, field] of cases) {
    const error = await refusal(`url,${name}\nhttp://h/a,x\n`);
    assertEquals([error.line, error.message.split(":")[0]], [1, `There is no field "${name}"`]);
    assert(error.message.includes(`did you mean ${field}?`), error.message);
  }
});

Deno.test("scanTaskFile takes a column site for no slip of the pen, though size is near", async () => {
  for (const name of ["site", "Site", "side"]) {
    assertEquals(await read(`url,${name}\nhttp://h/a,x\n`), { values: [{ url: "http://h/a" }], ignored: [name] });
    const line = JSON.stringify({ url: "http://h/a", [name]: "x" });
    assertEquals(await read(`${line}\n`), { values: [{ url: "http://h/a" }], ignored: [name] });
  }
});

Deno.test("scanTaskFile takes the url from the column of --url-column, and maps no other one by its name", async () => {
  const text = "url,link,out,chekcsum\nx,http://h/a,a.jpg,1\ny,http://h/b,b.jpg,2\n";
  const values = [{ url: "http://h/a" }, { url: "http://h/b" }];
  for (const urlColumn of ["link", "LINK", "2"]) {
    assertEquals(await read(text, { urlColumn }), { values, ignored: undefined });
  }
  const columns = { out: "out", "header:X-Sum": "chekcsum", id: "4" };
  assertEquals(await read(text, { urlColumn: "link", columns }), {
    values: [
      { url: "http://h/a", out: "a.jpg", headers: { "X-Sum": "1" }, id: "1" },
      { url: "http://h/b", out: "b.jpg", headers: { "X-Sum": "2" }, id: "2" },
    ],
    ignored: undefined,
  });
});

Deno.test("scanTaskFile takes the columns of --columns beside those that are called like fields", async () => {
  const text = "url,name,size,note\nhttp://h/a,a.jpg,3,x\n";
  assertEquals(await read(text, { columns: { out: "name" } }), {
    values: [{ url: "http://h/a", out: "a.jpg", size: 3 }],
    ignored: ["note"],
  });
  // What the user says goes before what the names say.
  assertEquals((await read("url,out,name\nhttp://h/a,1,2\n", { columns: { out: "name" } })).values, [
    { url: "http://h/a", out: "2" },
  ]);
});

Deno.test("scanTaskFile reads a table without a header by the number of its column", async () => {
  for (const delimiter of [",", ";", "\t"]) {
    const text = ["1|http://h/a|A b", "2|http://h/b|C"].join("\n").replaceAll("|", delimiter);
    assertEquals((await read(text, { urlColumn: "2" })).values, [{ url: "http://h/a" }, { url: "http://h/b" }]);
    assertEquals((await read(text, { urlColumn: "2", columns: { out: "3" } })).values, [
      { url: "http://h/a", out: "A b" },
      { url: "http://h/b", out: "C" },
    ]);
  }
  // A comma that belongs to a url would be taken for the end of it.
  const [good, comma] = await valuesOf("http://h/a\nhttp://h/b,c\n", 9, { urlColumn: "1" });
  assertEquals([good, comma], [{ url: "http://h/a" }, { url: "http://h/b", "column 2": "c" }]);
  assertEquals(checkTaskEntry(comma).type, "problem");
  const { entries } = await scanText("http://h/a\n\nhttp://h/b\n", 9, { urlColumn: "1" });
  assertEquals(entries.map(({ index, line, value }) => [index, line, value]), [
    [0, 1, { url: "http://h/a" }],
    [1, 3, { url: "http://h/b" }],
  ]);
});

Deno.test("scanTaskFile refuses a table as a whole whose header has no column for the url, and names those that it has", async () => {
  const cases: [string, TaskFileColumns, number, string][] = [
    [
      "name;link\na;http://h/a\n",
      {},
      1,
      'A table must have a column url, or --url-column must name it: its columns are "name", "link"',
    ],
    ["# mine\n\nid\tlink\n1\thttp://h/a\n", {}, 3, 'its columns are "id", "link"'],
    ["sep=;\nid;link\n1;x\n", {}, 2, 'its columns are "id", "link"'],
    [
      "name,link\na,http://h/a\n",
      { urlColumn: "href" },
      1,
      'There is no column "href": the columns are "name", "link"',
    ],
    ["name\nhttp://h/a\n", { urlColumn: "href" }, 1, 'There is no column "href": the columns are "name"'],
    ["name,link\na,http://h/a\n", { urlColumn: "3" }, 1, 'There is no column 3: the columns are "name", "link"'],
    [
      "1,http://h/a\n",
      { urlColumn: "link" },
      1,
      'There is no header with a column "link": give the number of the column, such as --url-column 1',
    ],
    [
      "url,name\nhttp://h/a,x\n",
      { columns: { out: "file" } },
      1,
      'There is no column "file": the columns are "url", "name"',
    ],
  ];
  for (const [text, columns, line, message] of cases) {
    const error = await refusal(text, columns);
    assertEquals(error.line, line, text);
    assert(error.message.includes(message), error.message);
  }
  const headless: [string, number][] = [
    ['"http://h/a","A, b"\n"http://h/b","c"\n', 1],
    ['1;"http://h/a";"A"\n', 2],
    ['"http://h/a",\n"http://h/b",\n', 1],
  ];
  for (const [text, column] of headless) {
    const error = await refusal(text);
    assertEquals(error.message, `A table needs a header with a column url, or --url-column ${column}`);
    assertEquals((await read(text, { urlColumn: String(column) })).values[0], { url: "http://h/a" });
  }
  // A plain list among tables stays one.
  assertEquals((await read("http://h/a\nhttp://h/b\n", { urlColumn: "link" })).values, ["http://h/a", "http://h/b"]);
});

Deno.test("scanTaskFile reads tables as spreadsheets and people leave them", async () => {
  const wanted = [{ url: "http://h/a", out: "a, b" }, { url: "http://h/b" }];
  const tables = [
    'url,out,\nhttp://h/a,"a, b",\nhttp://h/b,,\n',
    'sep=,\r\nurl,out\r\nhttp://h/a,"a, b"\r\nhttp://h/b,\r\n',
    "SEP=;\nurl;out\nhttp://h/a;a, b\nhttp://h/b;\n",
    '# from the archive\n#\n\n"url","out"\r\nhttp://h/a,"a, b"\nhttp://h/b\r\n',
    "\ufeffurl;out\rhttp://h/a;a, b\rhttp://h/b;",
    "\ufeff# c\nsep=\t\nurl\tout\nhttp://h/a\ta, b\nhttp://h/b\t\t\n",
    ',url,out\n,http://h/a,"a, b"\n,http://h/b\n',
    '"a ""quoted"" name, with a comma",url,out\n,http://h/a,"a, b"\nx,http://h/b\n',
  ];
  for (const text of tables) assertEquals(await valuesOf(text), wanted, text);
  // What stands in a column without a name is said.
  assertEquals((await read(",url\n0,http://h/a\n1,http://h/b\n")).ignored, ["column 1"]);
  assertEquals((await read(tables[0]!)).ignored, undefined);
});

Deno.test("scanTaskFile makes checksums of bare digests by the name of their column, or by their length", async () => {
  const digests: [column: string, cell: string, checksum: string][] = [
    ["sha256", SHA, `sha-256:${SHA}`],
    ["SHA-512 sum", `${SHA}${SHA}`, `sha-512:${SHA}${SHA}`],
    ["md5", "0f".repeat(16), `md5:${"0f".repeat(16)}`],
    ["content_md5", "1B2M2Y8AsgTpgAmY7PhCfg==", "md5:1B2M2Y8AsgTpgAmY7PhCfg=="],
    ["digest", SHA, `sha-256:${SHA}`],
    ["digest", "0f".repeat(20), `sha-1:${"0f".repeat(20)}`],
    ["sha256", `md5:${"0f".repeat(16)}`, `md5:${"0f".repeat(16)}`],
    ["digest", "nonsense", "nonsense"],
  ];
  for (const [column, cell, checksum] of digests) {
    const columns = { urlColumn: "link", columns: { checksum: column } };
    assertEquals((await read(`link;${column}\nhttp://h/a;${cell}\n`, columns)).values, [{
      url: "http://h/a",
      checksum,
    }]);
    const json = JSON.stringify([{ link: "http://h/a", [column]: cell }]);
    assertEquals((await read(json, columns)).values, [{ url: "http://h/a", checksum }]);
  }
});

Deno.test("scanTaskFile takes the fields of JSON and JSON Lines by the same rules", async () => {
  const objects = [
    { url: "http://h/a", out: "a", title: "A", "https://me:SECRET@h/": 1 },
    { url: "http://h/b", title: null, license: { id: 3 } },
  ];
  for (const text of [JSON.stringify(objects), objects.map((each) => JSON.stringify(each)).join("\n")]) {
    assertEquals(await read(text), {
      values: [{ url: "http://h/a", out: "a" }, { url: "http://h/b" }],
      ignored: ["title", "https://h/", "license"],
    });
  }
  const slip = { url: "http://h/a", chekcsum: "x" };
  const { values, ignored } = await read(JSON.stringify([slip]));
  assertEquals([values, ignored], [[slip], undefined]);
  assertEquals(checkTaskEntry(slip), {
    type: "problem",
    field: "chekcsum",
    message: "is not a field of a task: did you mean checksum?",
  });
  assertEquals(checkTaskEntry({ URL: "http://h/a" }), {
    type: "problem",
    field: "URL",
    message: "is not a field of a task: did you mean url?",
  });
});

Deno.test("scanTaskFile takes url and columns of JSON as the user names them", async () => {
  const objects = [
    { link: "http://h/a", id: 7, size: "12", url: "no", name: "a.jpg", chekcsum: 1, alt: ["http://m/a"] },
    { link: "http://h/b", id: null, size: 13, name: "", alt: "http://m/b http://n/b" },
    { name: "c" },
    "http://h/d",
  ];
  const columns = { urlColumn: "link", columns: { id: "id", out: "name", size: "size", mirrors: "alt", user: "who" } };
  const wanted = [
    { url: "http://h/a", id: "7", out: "a.jpg", size: 12, mirrors: ["http://m/a"] },
    { url: "http://h/b", size: 13, mirrors: ["http://m/b", "http://n/b"] },
    'refused: url must be in "link", which is not there',
    "http://h/d",
  ];
  for (const text of [JSON.stringify(objects), JSON.stringify(objects.slice(0, 3), null, 1)]) {
    const found = await valuesOf(text, 9, columns);
    assertEquals(found, wanted.slice(0, found.length));
  }
  assertEquals((await read('[["x", "http://h/a"], ["y"]]', { urlColumn: "2" })).values[0], { url: "http://h/a" });
});

Deno.test("columnsProblem names what is no field, and what was meant", () => {
  const cases: [TaskFileColumns, string | undefined][] = [
    [{ urlColumn: "0" }, 'must be the name of a column, or its number from 1 on: current value is "0"'],
    [{ columns: { out: "name", checksum: "sha256", "header:Referer": "page" } }, undefined],
    [{ columns: { chekcsum: "x" } }, 'must name fields of a task: "chekcsum" is none, did you mean checksum?'],
    [{ columns: { colour: "x" } }, 'must name fields of a task: "colour" is none'],
    [{ columns: { headers: "x" } }, 'must name fields of a task: "headers" is none, did you mean header:NAME?'],
    [{ columns: { url: "x" } }, "must not name url: --url-column does"],
  ];
  for (const [columns, problem] of cases) {
    assertEquals(columnsProblem(columns)?.message, problem, JSON.stringify(columns));
  }
});
