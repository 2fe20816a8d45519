import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { originalName } from "../../download/original_name.ts";
import { fallbackOut, outFromName, outFromUrl, safeSegment } from "../../download/task_names.ts";

/** What the log says of a file whose url or Content-Disposition has this name, under the path that it then gets. */
function told(name: string, how: "url" | "field" | "redirect"): string | undefined {
  const url = how === "url" ? `http://h.test/${encodeURIComponent(name)}` : "http://h.test/download?id=1";
  const finalUrl = how === "redirect" ? `http://cdn.test/${encodeURIComponent(name)}?key=1` : url;
  const field = `attachment; filename*=UTF-8''${encodeURIComponent(name)}`;
  const out = how === "field" ? outFromName(name)! : outFromUrl(finalUrl);
  const response = { finalUrl, ...(how === "field" ? { disposition: field } : {}) };
  const said = originalName({ out, url }, response);
  // The second file of a name has another one, and the folder does not matter.
  for (const other of [fallbackOut(out, url), `sub/${out}`]) {
    assertEquals(originalName({ out: other, url }, response), said);
  }
  return said;
}

Deno.test("originalName gives the name at the server where that could not be the name of the file", () => {
  const long = `${"a".repeat(200)}.tar.gz`;
  for (const how of ["url", "field", "redirect"] as const) {
    for (const name of [".htaccess", "a:b", "foo.part", "foo.part-info", long, "CON", "nul.txt", "x.txt.", "a\tb"]) {
      assertEquals(told(name, how), name, how);
    }
    for (const name of ["a.txt", "a b.txt", "文件.tar.gz", "e\u0301.txt", "comic.zip", "partly", "a'(1).txt", "100%"]) {
      assertEquals(told(name, how), undefined, `${how} ${name}`);
    }
  }
});

Deno.test("originalName takes ? and # in a url of FTP for letters", () => {
  const url = "ftp://h.test/.q?.txt";
  assertEquals(originalName({ out: outFromUrl(url), url }, { finalUrl: url }), ".q?.txt");
  const plain = "sftp://h.test/has#hash.txt";
  assertEquals(originalName({ out: outFromUrl(plain), url: plain }, { finalUrl: plain }), undefined);
});

Deno.test("originalName tells no path in which a server puts a name", () => {
  const response = (name: string) => ({ finalUrl: "http://h.test/x", disposition: `attachment; filename="${name}"` });
  const url = "http://h.test/x";
  assertEquals(originalName({ out: "report.pdf", url }, response("C:\\Users\\me\\report.pdf")), undefined);
  assertEquals(originalName({ out: "_profile", url }, response("../../.profile")), ".profile");
  assertEquals(originalName({ out: "x", url }, response("..")), undefined);
});

Deno.test("originalName says nothing of a path that the user chose", () => {
  const response = { finalUrl: "http://h.test/.b?c", disposition: 'attachment; filename=".d"' };
  for (const out of ["mine", "sub/mine.txt", "b", "d"]) {
    assertEquals(originalName({ out, url: "http://h.test/.a" }, response), undefined, out);
  }
  for (const url of ["http://h.test", "http://h.test/", "data:,.x", "sftp://h.test/~/"]) {
    assertEquals(originalName({ out: outFromUrl(url), url }, { finalUrl: url }), undefined, url);
  }
});

Deno.test("originalName keeps no more of a name than can be read", () => {
  const name = `.${"\u{1f600}".repeat(2000)}`;
  const said = told(name, "field")!;
  assertEquals([said.length <= 1000, said.length > 990, said.isWellFormed()], [true, true, true]);
});

Deno.test("originalName tells each name that is not the file's, and no other", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    .filter((text) => text.isWellFormed() && /[^.\s]/.test(text) && !/[/\\]/.test(text));
  fc.assert(fc.property(name, (text) => {
    const same = safeSegment(text) === text.normalize("NFC");
    assertEquals(told(text, "field"), same ? undefined : text.normalize("NFC"));
  }));
});
