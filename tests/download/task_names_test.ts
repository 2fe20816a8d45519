import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { fallbackOut, outFromName, outFromUrl, outProblem, safeSegment } from "../../download/task_names.ts";

Deno.test("outFromUrl takes the last segment of the path, decoded and made safe", () => {
  const cases: [string, string][] = [
    ["https://e.org/a/b%20c.jpg?x=1#y", "b c.jpg"],
    ["ftp://e.org/a/q?.txt", "q?.txt"],
    ["sftp://e.org/a#1/has#hash.txt", "has#hash.txt"],
    ["s3://b/a/what?#.txt?versionId=1", "what?#.txt"],
    ["https://e.org/", "index"],
    ["https://e.org", "index"],
    ["https://e.org/a/", "index"],
    ["https://e.org/%2e%2e%2fetc%2fpasswd", "_._etc_passwd"],
    ["https://e.org/..%5c..%5cx", "_._.._x"],
    ["https://e.org/.bashrc", "_bashrc"],
    ["https://e.org/.corehaul", "_corehaul"],
    ["https://e.org/CON", "_CON"],
    ["https://e.org/nul.txt", "_nul.txt"],
    ["https://e.org/a.", "a"],
    ["https://e.org/%00%0a%7f", "___"],
    ["https://e.org/100%", "100%"],
    ["https://e.org/a:b", "a_b"],
    ["https://e.org/ab:c", "ab:c"],
    ["https://e.org/a.part", "a.part_"],
    ["https://e.org/a.part-0f", "a.part-0f_"],
    ["https://e.org/e%CC%81", "é"],
    ["https://e.org/con%20.txt", "_con .txt"],
    ["https://e.org/COM%C2%B9", "_COM¹"],
    ["https://e.org/conin$", "_conin$"],
    ["https://e.org/a%E2%80%AEfdp.exe", "a_fdp.exe"],
    ["https://e.org/%C2%85a%E2%80%A8b%E2%81%A7", "_a_b_"],
    ["https://e.org/%E3%80%80a.txt%C2%A0", "a.txt"],
    ["https://e.org/%E6%96%87%E4%BB%B6.txt", "文件.txt"],
  ];
  for (const [url, out] of cases) assertEquals(outFromUrl(url), out, url);
});

Deno.test("outFromUrl gives for any url a name that outProblem has nothing against, and so does fallbackOut", () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl(), fc.string({ unit: "binary", maxLength: 400 })), (text) => {
      const url = URL.canParse(text) ? text : `https://e.org/${encodeURIComponent(text.toWellFormed())}`;
      const out = outFromUrl(url);
      assertEquals(outProblem(out), undefined, `${url} -> ${out}`);
      assertEquals(outProblem(fallbackOut(out, url)), undefined, `${url} -> ${fallbackOut(out, url)}`);
      assert(!out.includes("/"));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("outFromUrl keeps the extension of a name that is too long", () => {
  const out = outFromUrl(`https://e.org/${"ü".repeat(300)}.tar.gz`);
  assertMatch(out, /^ü+\.gz$|^ü+\.tar\.gz$/);
  assert(new TextEncoder().encode(out).length <= 180);
});

Deno.test("fallbackOut differs by url, is the same every time, and keeps extension and folder", () => {
  const first = fallbackOut("copyright", "https://e.org/a/copyright");
  assertMatch(first, /^copyright\.[0-9a-f]{8}$/);
  assertEquals(fallbackOut("copyright", "https://e.org/a/copyright"), first);
  assertNotEquals(fallbackOut("copyright", "https://e.org/b/copyright"), first);
  assertMatch(fallbackOut("d.x/a.jpg", "u"), /^d\.x\/a\.[0-9a-f]{8}\.jpg$/);
  assertMatch(fallbackOut("d.x/a", "u"), /^d\.x\/a\.[0-9a-f]{8}$/);
});

Deno.test("outProblem lets nothing out of the download folder", () => {
  const bad = ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "C:/x", "c:x", "a\\b", "a\0b", "a\nb"];
  bad.push("aux", "d/com1.txt", "a.", "a ", ".corehaul/queue.db", ".Corehaul", "x.part", "a/x.part-1", "é".repeat(128));
  for (const out of bad) assertNotEquals(outProblem(out), undefined, out);
  for (const out of ["a", "a/b/c.jpg", ".hidden", "文/件", "a b", "part", "a.parts"]) {
    assertEquals(outProblem(out), undefined, out);
  }
});

Deno.test("outFromUrl gives no name of an unfinished file, however long the name was", () => {
  for (const name of [`x.part-${"a".repeat(200)}`, `${"a".repeat(166)}.part${"z".repeat(40)}`, "a.part", "a.PART-1"]) {
    const out = outFromUrl(`http://h/${name}`);
    assertEquals(outProblem(out), undefined, out);
    assertEquals(outProblem(fallbackOut(out, "http://h/")), undefined);
  }
});

Deno.test("outFromName takes what stands behind the last separator, made safe", () => {
  const cases: [string, string | undefined][] = [
    ["report.pdf", "report.pdf"],
    ["../../etc/passwd", "passwd"],
    ["..\\..\\x", "x"],
    ["C:\\x", "x"],
    ["C:x", "C_x"],
    ["/etc/passwd", "passwd"],
    ["a/", undefined],
    ["", undefined],
    ["...", undefined],
    [" . ", undefined],
    [".corehaul", "_corehaul"],
    [".bashrc", "_bashrc"],
    ["x.part", "x.part_"],
    ["x.part-info", "x.part-info_"],
    ["a\0b", "a_b"],
    ["100%2f.txt", "100%2f.txt"],
    ["\ud800.txt", "\ufffd.txt"],
    ["e\u0301", "é"],
    ["aux.txt", "_aux.txt"],
  ];
  for (const [name, out] of cases) assertEquals(outFromName(name), out, name);
});

Deno.test("outFromName gives for any text nothing, or a name that outProblem has nothing against, as fallbackOut's", () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      "/",
      "\\",
      ".",
      " ",
      "\0",
      "\u202e",
      ".part",
      "-",
      "con",
      "é",
      "e\u0301",
      "\ud800",
      "𝄞",
      "a",
      ":",
    ),
    maxLength: 300,
  });
  fc.assert(
    fc.property(fc.oneof(nasty, fc.string({ unit: "binary", maxLength: 400 })), (text) => {
      const out = outFromName(text);
      if (out === undefined) return assert(!/[^.\s]/.test(text.split(/[\\/]/).at(-1)!));
      assertEquals(outProblem(out), undefined, `${text} -> ${out}`);
      assertEquals(outProblem(fallbackOut(out, "u")), undefined, `${text} -> ${fallbackOut(out, "u")}`);
      assert(!out.includes("/") && out.isWellFormed());
    }),
    { numRuns: 3000 },
  );
});

Deno.test("outFromName leaves no name of a device when it shortens one", () => {
  const blanks = " ".repeat(200);
  for (const [name, out] of [[`con${blanks}x.txt`, "_con.txt"], [`nul.${"b".repeat(200)}`, undefined]] as const) {
    const safe = outFromName(name)!;
    assertEquals(outProblem(safe), undefined, safe);
    assertEquals(outProblem(fallbackOut(safe, "http://h/x")), undefined, safe);
    if (out !== undefined) assertEquals(safe, out);
  }
});

Deno.test("safeSegment gives a name with a long run of blanks or dots, and takes no time for each pair of them", () => {
  for (const run of [" ".repeat(1_000_000), ".".repeat(1_000_000), ". ".repeat(500_000)]) {
    assertEquals(["", "a", "a.txt"].map((name) => safeSegment(name + run)), ["index", "a", "a.txt"]);
  }
  assertEquals(safeSegment(`a${" ".repeat(1_000_000)}x.txt`), "a.txt");
});
