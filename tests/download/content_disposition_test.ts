import { assert, assertEquals } from "@std/assert";
import { create } from "content-disposition";
import fc from "fast-check";
import { contentDisposition } from "../../download/content_disposition.ts";
import { outProblem } from "../../download/task_names.ts";

/** How a server sends text that is not ASCII as it is. */
const bytes = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));

Deno.test("contentDisposition reads the name in each of its spellings", () => {
  const cases: [string, string][] = [
    ["attachment; filename=a.txt", "a.txt"],
    ['attachment; filename="a b.txt"', "a b.txt"],
    ['attachment; filename="a \\"b\\".txt"', 'a "b".txt'],
    ['inline; filename="a;b=c.txt"; size=3', "a;b=c.txt"],
    ["ATTACHMENT;\tFILENAME = a.txt ;x", "a.txt"],
    ["attachment; filename=a b.txt", "a b.txt"],
    ["attachment; filename=a%20b.txt", "a%20b.txt"],
    ["attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", "€ rates.txt"],
    ["attachment; filename*=utf-8'en'a.txt", "a.txt"],
    ["attachment; filename*=ISO-8859-1''%e9.txt", "é.txt"],
    ["attachment; filename=b.txt; filename=c.txt", "b.txt"],
    ['attachment; filename="\xe9.txt"', "é.txt"],
    [`attachment; filename="${bytes("文件.txt")}"`, "文件.txt"],
    ['attachment; filename="文件.txt"', "文件.txt"],
  ];
  for (const [value, name] of cases) {
    if (Deno.build.os !== "windows" || !name.includes('"')) assertEquals(contentDisposition(value), name, value);
  }
});

Deno.test("contentDisposition takes filename* before filename, and filename if the other cannot be read", () => {
  const good = "filename*=UTF-8''good.txt";
  assertEquals(contentDisposition(`attachment; filename="plain.txt"; ${good}`), "good.txt");
  assertEquals(contentDisposition(`attachment; ${good}; filename="plain.txt"`), "good.txt");
  const unreadable = ["UTF-8''%e2%82", "UTF-8''%zz", "KOI8-R''x", "x", "UTF-8'x", "''x", "UTF-8''", "UTF-8''..", ""];
  for (const text of unreadable) {
    assertEquals(contentDisposition(`attachment; filename*=${text}; filename=plain.txt`), "plain.txt", text);
    assertEquals(contentDisposition(`attachment; filename*=${text}`), undefined, text);
  }
});

Deno.test("contentDisposition makes one safe segment of a hostile name", () => {
  const cases: [string, string][] = [
    ["../../x", "x"],
    ["/etc/passwd", "passwd"],
    ["C:\\Windows\\x.dll", "x.dll"],
    ["a/", "a"],
    ["x/..", "x"],
    ["c:x", "c_x"],
    ["a\0b", "a_b"],
    ["a\nb\r", "a_b_"],
    ["con", "_con"],
    ["NUL.txt", "_NUL.txt"],
    [".bashrc", "_bashrc"],
    [".corehaul", "_corehaul"],
    ["a. . ", "a"],
    ["a.part", "a.part_"],
    ["e\u0301", "é"],
  ];
  for (const [name, out] of cases) {
    const encoded = encodeURIComponent(name).replace(/[.]/g, "%2e");
    assertEquals(contentDisposition(`attachment; filename*=UTF-8''${encoded}`), out, name);
    const quoted = bytes(name).replace(/[\\"]/g, "\\$&");
    assertEquals(contentDisposition(`attachment; filename="${quoted}"`), out, name);
  }
  const long = contentDisposition(`attachment; filename="${"é".repeat(300)}.tar.gz"`);
  assert(long?.endsWith(".gz") && new TextEncoder().encode(long).length <= 180, long);
});

Deno.test("contentDisposition returns undefined if there is no header, no name, or none that can be read", () => {
  const values = [
    "",
    " ",
    ";",
    "attachment",
    "attachment;",
    "attachment; filename",
    "attachment; filename=",
    "a b; c=d",
  ];
  values.push('attachment; filename=""', "attachment; filename=..", 'attachment; filename=" . "', "attachment; name=x");
  values.push('attachment; filename="x', "filename=x", "; filename=x", '"attachment"; filename=x', "a/b; filename=x");
  values.push("attachment; filename=/", "attachment; filename=../..", "attachment; __proto__=x; constructor=y");
  for (const value of values) assertEquals(contentDisposition(value), undefined, value);
  assertEquals(contentDisposition(null), undefined);
});

Deno.test("contentDisposition reads back whatever name a server makes a header of", () => {
  const word = fc.stringMatching(/^[a-z0-9_éß€文 ()'%+-]{1,20}$/).filter((text) =>
    /^\S.*\S$/.test(text) && !/^(con|prn|aux|nul)$/.test(text)
  );
  fc.assert(
    fc.property(word, word, (stem, extension) => {
      const name = `${stem}.x${extension}`.normalize("NFC");
      assertEquals(contentDisposition(create(name)), name);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("contentDisposition never throws, and never returns a name that outProblem has something against", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "attachment",
      "; ",
      "filename",
      "*",
      "=",
      '"',
      "UTF-8''",
      "iso-8859-1''",
      "%2e",
      "%2f",
      "%00",
      "\\",
    ),
    fc.constantFrom("../", ".part", ".part-", "con", ".", " ", "%", "%e2", "\xe2\x82\xac", "z".repeat(100)),
    fc.string({ unit: "binary", maxLength: 10 }),
  );
  let names = 0;
  fc.assert(
    fc.property(
      fc.constantFrom("", "attachment; filename=", "a; filename*=UTF-8''"),
      fc.array(piece),
      (start, pieces) => {
        const name = contentDisposition(start + pieces.join(""));
        if (name === undefined) return;
        names++;
        assertEquals(outProblem(name), undefined, name);
        assert(!name.includes("/"));
      },
    ),
    { numRuns: 5000 },
  );
  assert(names > 500, `only ${names} names`);
});

Deno.test("contentDisposition returns no name that looks unfinished once it is shortened", () => {
  for (const name of [`x.part-${"a".repeat(200)}`, `${"a".repeat(166)}.part${"z".repeat(40)}`]) {
    const out = contentDisposition(`attachment; filename="${name}"`);
    assert(out === undefined || outProblem(out) === undefined, out);
  }
});
