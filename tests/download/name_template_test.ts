import { assert, assertEquals, assertMatch } from "@std/assert";
import { hash } from "node:crypto";
import fc from "fast-check";
import { type NameTemplate, parseNameTemplate } from "../../download/name_template.ts";
import { fallbackOut, outFromUrl, outProblem } from "../../download/task_names.ts";

const PLACEHOLDERS = ["{host}", "{port}", "{path}", "{name}", "{stem}", "{ext}", "{hash}", "{hash2}"];

function template(text: string): NameTemplate {
  const parsed = parseNameTemplate(text);
  assert(typeof parsed !== "string", `${text}: ${parsed}`);
  return parsed;
}

Deno.test("parseNameTemplate fills each placeholder", () => {
  const url = "https://me:secret@Example.org:8443/a/b%20c/d.tar.gz?x=1#y";
  const sha1 = hash("sha1", url, "hex");
  const cases: [string, string][] = [
    ["{host}/{path}/{name}", "example.org/a/b c/d.tar.gz"],
    ["{host}-{port}/{name}", "example.org-8443/d.tar.gz"],
    ["{stem}{ext}", "d.tar.gz"],
    ["{stem}-{hash2}{ext}", `d.tar-${sha1.slice(0, 2)}.gz`],
    ["{hash2}/{hash}{ext}", `${sha1.slice(0, 2)}/${sha1}.gz`],
    ["mirror/{name}", "mirror/d.tar.gz"],
    ["{name}{name}", "d.tar.gzd.tar.gz"],
  ];
  for (const [text, out] of cases) assertEquals(template(text)(url, "d.tar.gz"), out, text);
});

Deno.test("parseNameTemplate adds the name to a template that tells only the folder", () => {
  const url = "https://e.org/a/b.jpg";
  const cases: [string, string][] = [
    ["{host}/{path}", "e.org/a/b.jpg"],
    ["pictures", "pictures/b.jpg"],
    ["{ext}", "_jpg/b.jpg"],
    ["{hash2}", `${hash("sha1", url, "hex").slice(0, 2)}/b.jpg`],
    ["{name}/", "b.jpg/b.jpg"],
    ["{hash}/x", `${hash("sha1", url, "hex")}/x`],
  ];
  for (const [text, out] of cases) assertEquals(template(text)(url, "b.jpg"), out, text);
});

Deno.test("parseNameTemplate drops what comes out empty", () => {
  const cases: [string, string, string][] = [
    ["{host}/{path}/{name}", "https://e.org/b", "e.org/b"],
    ["{path}", "https://e.org/", "b"],
    ["{path}/x/{name}", "https://e.org//%20/a//.%20/b", "a/x/b"],
    ["{port}/{name}", "gopher://e.org/b", "b"],
    ["{host}/{port}/{path}/{name}", "mailto:me@e.org", "b"],
    ["{host}/{path}/{name}", "no url", "b"],
    ["{host}//{name}", "https://e.org/b", "e.org/b"],
    ["{stem}/{ext}", "https://e.org/b", "b"],
  ];
  for (const [text, url, out] of cases) assertEquals(template(text)(url, "b"), out, `${text} ${url}`);
});

Deno.test("parseNameTemplate gives the scheme's own port where the url leaves it out", () => {
  const port = template("{port}/{name}");
  assertEquals(port("https://e.org/b", "b"), "443/b");
  assertEquals(port("http://e.org:80/b", "b"), "80/b");
  assertEquals(port("ftp://e.org/b", "b"), "21/b");
});

Deno.test("parseNameTemplate makes folders only of the slashes that the url has as such, and makes each segment safe", () => {
  const all = template("{host}/{path}/{name}");
  const cases: [string, string, string][] = [
    ["https://e.org/a%2f..%2f..%2fetc/b", "b", "e.org/a_.._.._etc/b"],
    ["https://e.org/a/../../%2e%2e/b", "b", "e.org/b"],
    ["https://e.org/%252e%252e/b", "b", "e.org/%2e%2e/b"],
    ["https://e.org/..%5c..%5cx/b", "b", "e.org/_._.._x/b"],
    ["https://e.org/%00%0a/.git/con/b", "b", "e.org/__/_git/_con/b"],
    ["https://e.org/100%/b", "b", "e.org/100%/b"],
    ["https://e.org/%E6%96%87/b", "b", "e.org/文/b"],
    ["https://e.org/a.part/b", "../../x", "e.org/a.part_/_._.._x"],
    ["https://e.org./b", "a.part", "e.org/a.part_"],
    ["https://con/b", ".b", "_con/_b"],
    ["https://[2001:DB8::1]:80/b", "b", "2001-db8--1/b"],
    ["https://bücher.example/b", "b", "xn--bcher-kva.example/b"],
  ];
  for (const [url, name, out] of cases) assertEquals(all(url, name), out, url);
  assertEquals(template(".cache/{name}")("https://e.org/b", "b"), "_cache/b");
  assertEquals(template("{stem}x{ext}")("https://e.org/b", ".b"), "_bx");
  assertEquals(template("co{ext}n/{name}")("https://e.org/b", "b"), "_con/b");
});

Deno.test("parseNameTemplate gives one url the same path every time, and {hash} another url another path", () => {
  const hashed = template("{hash2}/{hash}{ext}");
  const out = hashed("https://e.org/a.jpg", "a.jpg");
  assertMatch(out, /^([0-9a-f]{2})\/\1[0-9a-f]{38}\.jpg$/);
  assertEquals(hashed("https://e.org/a.jpg", "a.jpg"), out);
  assert(hashed("https://e.org/a.jpg?", "a.jpg") !== out);
});

Deno.test("parseNameTemplate names the placeholder that it does not know", () => {
  for (const unknown of ["{index}", "{}", "{Host}", "{ host }", "{__proto__}", "{host:3}"]) {
    assertEquals(
      parseNameTemplate(`{host}/${unknown}/{name}`),
      `must have only the placeholders ${PLACEHOLDERS.join(", ")}, not ${unknown}`,
    );
  }
});

Deno.test("parseNameTemplate says what a template must be that leads out of the folder or is no path", () => {
  const cases: [string, RegExp][] = [
    ["", /must not be empty/],
    ["/", /must not be empty|relative/],
    ["/srv/{name}", /relative/],
    ["c:/{name}", /relative/],
    ["../{name}", /\.\. segments/],
    ["{host}/../{name}", /\.\. segments/],
    ["{host}\\{name}", /backslashes/],
    ["{host}\0", /control/],
    [".corehaul/{name}", /\.corehaul/],
    ["aux/{name}", /device/],
    ["{name}.part", /\.part/],
    ["{host", /braces/],
    ["host}", /braces/],
    ["{{host}}", /braces/],
    ["x".repeat(172), /171/],
    ["x/".repeat(700), /1200/],
  ];
  for (const [text, problem] of cases) {
    const parsed = parseNameTemplate(text);
    assert(typeof parsed === "string", text);
    assertMatch(parsed, problem, text);
    assertMatch(parsed, /^must /);
  }
});

const anyUrl = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true, size: "large" }),
  fc.string({ unit: "binary", maxLength: 60 }).map((text) =>
    `https://e.org/${encodeURIComponent(text.toWellFormed())}`
  ),
  fc.array(
    fc.constantFrom(
      "a",
      "/",
      "%2f",
      "%5c",
      "..",
      "%2e",
      "%00",
      "con",
      ".part",
      ".part-",
      "%20",
      "é",
      "~",
      "z".repeat(99),
    ),
    { maxLength: 60 },
  ).map((parts) => `http://[::1]:8080/${parts.join("")}`),
  fc.string({ unit: "binary" }),
);
const anyName = fc.oneof(
  anyUrl.map(outFromUrl),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.array(fc.constantFrom("a", ".", ".part", "-", "/", "z".repeat(80), "\ud800", "文")).map((parts) => parts.join("")),
);

function assertSafe(name: NameTemplate, url: string, given: string): void {
  const out = name(url, given);
  assertEquals(outProblem(out), undefined, out);
  assertEquals(outProblem(fallbackOut(out, url)), undefined, fallbackOut(out, url));
  assert(out.isWellFormed());
  assertEquals(name(url, given), out);
}

Deno.test("parseNameTemplate takes any placeholders between any harmless text, and gives only paths without problems", () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PLACEHOLDERS) },
    fc.constantFrom("a", "-", "x/y", "é", "b.c", "_"),
  );
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), anyUrl, anyName, (pieces, url, name) => {
      for (const glue of ["", "/", "x/"]) assertSafe(template(pieces.join(glue)), url, name);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("parseNameTemplate gives for any text a problem, or paths without problems", () => {
  const piece = fc.oneof(
    fc.constantFrom(...PLACEHOLDERS),
    fc.constantFrom("/", "..", ".", " ", ".part", "{", "}", "\\", "con", ".corehaul", "c:", "\ud800", "z".repeat(90)),
    fc.string({ unit: "binary", maxLength: 5 }),
  );
  let templates = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), anyUrl, anyName, (pieces, url, name) => {
      const parsed = parseNameTemplate(pieces.join(""));
      if (typeof parsed === "string") return;
      templates++;
      assertSafe(parsed, url, name);
    }),
    { numRuns: 5000 },
  );
  assert(templates > 500, `only ${templates} templates`);
});

Deno.test("parseNameTemplate keeps the outermost folders and the name of a path that is too long", () => {
  const url = `https://e.org/${"folder/".repeat(500)}b.jpg`;
  const out = template("{host}/{path}")(url, "b.jpg");
  assertMatch(out, /^e\.org\/(folder\/){100,}b\.jpg$/);
  assertSafe(template("{path}/{stem}{stem}{ext}"), `https://e.org/${"ü/".repeat(2000)}`, `${"文".repeat(200)}.jpg`);
});

Deno.test("parseNameTemplate gives no path that looks unfinished once it is shortened", () => {
  const url = "https://e.org/b";
  for (const name of [`x.part-${"a".repeat(200)}`, `${"a".repeat(166)}.part${"z".repeat(40)}`]) {
    for (const text of ["{name}", "{host}/{name}", "{name}/{path}", "{stem}{ext}"]) {
      assertSafe(template(text), url, name);
    }
  }
});
