/** Lists of urls as people write and export them: blanks, commas, TABs, and the input files of aria2. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import { RefusedEntry } from "../../queue/refused_entry.ts";
import { plainEntry } from "../../queue/plain_entry.ts";
import { linesOf, scanText, valuesOf } from "../support/scan_text.ts";

const TWO_URLS = "refused: line must have one url, or several with a TAB between them, as mirrors of one file";
const COMMENT = "refused: line must have no comment behind its url: a comment has a line of its own";
const COMMA = "refused: line must not end in a comma";
const TABLE = "refused: line must have a url on both sides of each TAB: a table needs a header or --url-column 1";

Deno.test("scanTaskFile keeps a blank inside a url, which is %20 when it is asked for", async () => {
  const text = "http://h/a b.jpg\n  http://h/c  d e.jpg  \nhttp://h/x?q=a b&r=#c d\nhttp://h/#x #y\n";
  assertEquals(await valuesOf(text), ["http://h/a b.jpg", "http://h/c  d e.jpg", "http://h/x?q=a b&r=#c d", COMMENT]);
  assertEquals(new URL("http://h/a b.jpg").href, "http://h/a%20b.jpg");
});

Deno.test("scanTaskFile reads a list below any number of blank lines, in one piece or several", async () => {
  const text = `${"\n".repeat(300_000)}http://h/a\n`;
  for (const size of [100_000, text.length]) assertEquals(await valuesOf(text, size), ["http://h/a"]);
  assertEquals(await linesOf(text, text.length), [300_001]);
});

Deno.test("scanTaskFile takes urls without slashes that have commas for no table", async () => {
  for (
    const lines of [["data:,a", "data:,b"], ["data:text/plain;charset=utf-8,a", "data:text/plain;charset=utf-8,b"]]
  ) {
    assertEquals(await valuesOf(`${lines.join("\n")}\n`), lines);
    assertEquals(await valuesOf(`# mine\n\n${lines.join("\n\n")}`), lines);
  }
});

Deno.test("scanTaskFile refuses a line whose blank is followed by another url or a comment, and one that ends in a comma", async () => {
  const text = [
    "http://h/a http://h/b",
    "http://h/a, http://h/b",
    "http://h/a # the first one",
    "http://h/a #1",
    "http://h/a,",
    "http://h/a , ",
    "http://h/good",
    "ftp://h/x  sftp://h/y",
  ].join("\n");
  const wanted = [TWO_URLS, TWO_URLS, COMMENT, COMMENT, COMMA, COMMA, "http://h/good", TWO_URLS];
  assertEquals(await valuesOf(text), wanted);
  assertEquals(await linesOf(text), [1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("scanTaskFile takes what TABs separate for mirrors of one file, if each is a url", async () => {
  const text = [
    "http://h/a\tftp://m/a\thttps://n/a b",
    "http://h/b\t\t http://m/b\t",
    "http://h/c\t",
    "\thttp://h/d",
    "http://h/e\ta caption",
    "1\thttp://h/f",
    "http://h/g\thttp://m/g,",
    "http://h/h\thttp://m/h http://n/h",
  ].join("\n");
  assertEquals(await valuesOf(text), [
    { url: "http://h/a", mirrors: ["ftp://m/a", "https://n/a b"] },
    { url: "http://h/b", mirrors: ["http://m/b"] },
    "http://h/c",
    "http://h/d",
    TABLE,
    TABLE,
    COMMA,
    TWO_URLS,
  ]);
});

Deno.test("scanTaskFile ends lines at LF, CR LF and CR, in one file and in any pieces", async () => {
  const text = "http://h/a\r\nhttp://h/b\rhttp://h/c\nhttp://h/d\r\r\nhttp://h/e\r";
  for (const size of [1, 2, 3, 11, 12, 1000]) {
    assertEquals(await valuesOf(text, size), ["a", "b", "c", "d", "e"].map((name) => `http://h/${name}`), `${size}`);
  }
  assertEquals((await scanText("http://h/a\r\nhttp://h/b\r")).end.endsOpen, false);
  assertEquals((await scanText("http://h/a\rhttp://h/b")).end.endsOpen, true);
});

Deno.test("checkTaskEntry says of a refused line what the list says", async () => {
  const value = (await scanText("http://me:SECRET@h/a,\n")).entries[0]?.value;
  assertEquals(plainEntry(value), undefined);
  assertEquals(checkTaskEntry(value), { type: "problem", field: "line", message: "must not end in a comma" });
  assert(value instanceof RefusedEntry && !JSON.stringify(value).includes("SECRET"));
});

Deno.test("scanTaskFile refuses a line of a list that is not UTF-8 or has no end, and takes those around it", async () => {
  const parts: (string | Uint8Array)[] = [
    "http://h/a\nhttp://h/caf",
    new Uint8Array([0xe9]),
    "\r\nhttp://h/b\n  out=b\n  out=",
    new Uint8Array([0xff, 0x0a]),
    `http://h/${"c".repeat(3_000_000)}\nhttp://h/d\nhttp://h/${"e".repeat(1_048_568)}\nhttp://h/${
      "f".repeat(1_048_567)
    }\r`,
    `http://h/${"g".repeat(2_000_000)}`,
  ];
  const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  const utf8 = "refused: line must be UTF-8";
  const long = "refused: line must be at most 1048576 bytes long";
  const wanted = [
    ...["http://h/a", utf8],
    { url: "http://h/b", out: "b" },
    ...[utf8, long, "http://h/d", long, `http://h/${"f".repeat(1_048_567)}`, long],
  ];
  for (const size of [1009, 65_536, 1_500_000, bytes.length]) assertEquals(await valuesOf(bytes, size), wanted);
  assertEquals((await scanText(bytes, 65_536)).end.endsOpen, true);
});

const ARIA2 = `# made by a browser
http://h/a.iso\tftp://m/a.iso
  out=disk one.iso
  dir=isos/linux
  header=X-Key: 1, 2
  header=Cookie: a=b
  header=Cookie:c=d
  header=x-KEY: 3
  header=X-None:
  referer=http://h/page
  user-agent=Browser 5.0
  checksum=sha-256=${"0f".repeat(32)}

http://h/b
# in between
\tsplit=4
\tcontinue=true
\tsplit=5
http://h/c
 dir=./photos/
http://h/d
  http://h/e
  http://h/f?a=b
  out=f.bin
`;

Deno.test("scanTaskFile reads the options of an input file of aria2, which stand below their url", async () => {
  for (const size of [3, 5000]) {
    const { entries, end } = await scanText(ARIA2, size);
    assertEquals(entries.map(({ line, value }) => [line, value]), [
      [2, {
        url: "http://h/a.iso",
        mirrors: ["ftp://m/a.iso"],
        out: "isos/linux/disk one.iso",
        headers: {
          "X-Key": "1, 2, 3",
          Cookie: "a=b; c=d",
          // There aria2 sends it, though it has no value.
          "X-None": " ",
          Referer: "http://h/page",
          "User-Agent": "Browser 5.0",
        },
        checksum: `sha-256:${"0f".repeat(32)}`,
      }],
      [14, "http://h/b"],
      [19, { url: "http://h/c", out: "photos/" }],
      [21, "http://h/d"],
      [22, "http://h/e"],
      [23, { url: "http://h/f?a=b", out: "f.bin" }],
    ]);
    assertEquals(end.ignored, ["split", "continue"]);
    for (const { value } of entries) assertEquals(checkTaskEntry(value).type, "entry");
  }
});

Deno.test("scanTaskFile refuses an entry whose option of aria2 is wrong, and takes those around it", async () => {
  const text = [
    "http://h/a",
    "  dir=../up",
    "http://h/b",
    "  dir=/srv/files",
    "http://h/c",
    "  header=no colon",
    "http://h/d",
    "  checksum=0f0f",
    "http://h/e",
    "  out=",
    "http://h/f,",
    "  out=f",
    "http://h/g",
  ].join("\n");
  const found = await valuesOf(text);
  const below = "must be below the download folder, and relative to it: current value is";
  assertEquals(found, [
    `refused: dir ${below} "../up"`,
    `refused: dir ${below} "/srv/files"`,
    "refused: header must be NAME: VALUE",
    'refused: checksum must be TYPE=DIGEST: current value is "0f0f"',
    "http://h/e",
    COMMA,
    "http://h/g",
  ]);
  assertEquals(await linesOf(text), [2, 4, 6, 8, 9, 11, 13]);
});

Deno.test("scanTaskFile takes a folder of aria2 by its whole path if that is in the download folder, and refuses any other", async () => {
  const dirs = [
    "/srv/files/sub/a",
    "/srv/files",
    "/srv/files/",
    "/srv/./files/sub",
    "/srv/files/../other",
    "/srv/filesystem",
    "/srv",
  ];
  const text = dirs.map((dir, i) => `http://h/${i}\n  dir=${dir}\n  out=o\n`).join("");
  const refused = (dir: string) =>
    `refused: dir must be below the download folder, and relative to it: current value is "${dir}"`;
  assertEquals(await valuesOf(text, 99, { directory: "/srv/files" }), [
    { url: "http://h/0", out: "sub/a/o" },
    { url: "http://h/1", out: "o" },
    { url: "http://h/2", out: "o" },
    { url: "http://h/3", out: "sub/o" },
    ...dirs.slice(4).map(refused),
  ]);
  assertEquals(await valuesOf(text, 99), dirs.map(refused));
});

Deno.test("scanTaskFile takes indented lines for entries where no url stands above them", async () => {
  const [first, second, third] = await valuesOf("  out=x\nnot a url\n  http://h/a\n");
  assertEquals([first, second, third], ["out=x", "not a url", "http://h/a"]);
  const { entries } = await scanText("no url\n  out=x\n");
  assertEquals(entries.map(({ value }) => value), ["no url", "out=x"]);
});

Deno.test("scanTaskFile gives an entry another text when one of its options changes", async () => {
  const textOf = async (option: string) => (await scanText(`http://h/a\n  ${option}\nhttp://h/b\n`)).entries[0]!.text;
  assert(await textOf("out=a") !== await textOf("out=b"));
  assert(await textOf("split=1") !== (await scanText("http://h/a\n")).entries[0]!.text);
});

Deno.test("scanTaskFile has one entry for each line of any plain list, and the lines in their order", async () => {
  const line = fc.oneof(
    fc.webUrl(),
    fc.string({ unit: fc.constantFrom("a", " ", "\t", ",", "#", "http://h/", "=", "ü"), maxLength: 9 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.integer({ min: 1, max: 30 }), async (list, size) => {
      const text = ["http://h/", ...list].join("\n");
      const { entries } = await scanText(text, size);
      for (const { line, value } of entries) {
        const raw = text.split("\n")[line - 1]!.trim();
        if (typeof value === "string") assertEquals(value, raw);
        assert(raw !== "" && !raw.startsWith("#"));
        if (value instanceof RefusedEntry) assertMatch(value.message, /^must /);
      }
      // Only options stand for no entry of their own.
      const options = /^[ \t]+[a-z][a-z0-9-]*=/;
      const lines = text.split("\n").filter((each) => each.trim() !== "" && !each.trim().startsWith("#"));
      assert(entries.length <= lines.length);
      assert(entries.length >= lines.filter((each) => !options.test(each)).length);
    }),
  );
});
