import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { expectTypeProblem, parseExpectType } from "../../download/expect_type.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const NONE = new Uint8Array(0);
const PAGE = bytes("<!DOCTYPE html><title>404</title>");
const auto = (out: string, firstBytes: Uint8Array, contentType?: string) =>
  expectTypeProblem("auto", { out, firstBytes, ...(contentType === undefined ? {} : { contentType }) });

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), littleEndian);
  return new Uint8Array(view.buffer);
}

Deno.test("parseExpectType takes auto, or a list of media types", () => {
  assertEquals(parseExpectType(" Auto "), { type: "expect", expect: "auto" });
  assertEquals(parseExpectType("image/*"), { type: "expect", expect: ["image/*"] });
  assertEquals(parseExpectType("*/*"), { type: "expect", expect: ["*/*"] });
  assertEquals(parseExpectType(" Image/SVG+xml ,application/vnd.ms-excel"), {
    type: "expect",
    expect: ["image/svg+xml", "application/vnd.ms-excel"],
  });
});

Deno.test("parseExpectType reads back a list that it returned", () => {
  const token = fc.stringMatching(/^[A-Za-z0-9!#$&^_.+-]{1,12}$/);
  const range = fc.tuple(token, fc.oneof(token, fc.constant("*"))).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.array(range, { minLength: 1 }), (ranges) => {
      const parsed = parseExpectType(ranges.join(" , "));
      assert(parsed.type === "expect" && parsed.expect !== "auto");
      assertEquals(parsed.expect, ranges.map((range) => range.toLowerCase()));
      assertEquals(parseExpectType(parsed.expect.join(",")), parsed);
    }),
  );
});

Deno.test("parseExpectType says what the text must be, and what it is", () => {
  const wrong = ["", ",", "image", "image/", "/png", "image/*,", "image/png,,image/gif", "auto,image/*", "*/png", "*"];
  wrong.push("image/png;q=1", "image/p*", "image png", "image/png/x", "image /png", "a/b\nc/d", "none");
  for (const text of wrong) {
    assertEquals(parseExpectType(text), {
      type: "problem",
      message: "must be auto, or a comma list of media types such as image/* or application/zip: " +
        `current value is ${JSON.stringify(text)}`,
    });
    assertThrows(() => expectTypeProblem(text, { out: "a", firstBytes: NONE }), RangeError, "must be auto, or");
  }
});

Deno.test("expectTypeProblem compares the Content-Type with a list", () => {
  const problem = (expect: string, contentType: string) =>
    expectTypeProblem(expect, { contentType, out: "a.jpg", firstBytes: PAGE });
  for (const type of ["image/png", "IMAGE/PNG", "image/png; charset=binary", " image/png ;x", "application/zip"]) {
    assertEquals(problem("image/*,application/zip", type), undefined, type);
  }
  for (const type of ["text/html", "imagex/png", "application/zip2", "image", "application/*", "*/*"]) {
    assertEquals(
      problem("image/*,application/zip", type),
      `Content-Type must be image/* or application/zip: current value is "${type}"`,
    );
  }
  assertEquals(problem("text/*", "text/html"), undefined);
  assertEquals(problem("*/*", "text/html"), undefined);
});

Deno.test("expectTypeProblem lets an answer without a Content-Type pass only if every type may", () => {
  const body = { out: "a.jpg", firstBytes: NONE };
  const message = "Content-Type must be image/*: current value is none";
  assertEquals(expectTypeProblem("image/*", body), message);
  assertEquals(expectTypeProblem("image/*", { ...body, contentType: " " }), message);
  assertEquals(expectTypeProblem("image/*,*/*", body), undefined);
});

Deno.test("expectTypeProblem with auto refuses a page by its Content-Type under the name of another thing", () => {
  const outs = ["a.jpg", "d.html/a.ZIP", "a.tar.gz", "a.html.zip", "a.mp3", "a.7z", "a.json", "a.txt"];
  for (const out of outs) {
    const extension = out.slice(out.lastIndexOf(".")).toLowerCase();
    assertEquals(
      auto(out, NONE, "Text/HTML; charset=utf-8"),
      `Content-Type must not be text/html for a ${extension} file: current value is "text/html"`,
    );
    assertEquals(auto(out, bytes("\u0089PNG"), "text/plain"), undefined);
    assertEquals(auto(out, NONE), undefined);
  }
});

Deno.test("expectTypeProblem with auto refuses a body that begins like a page, whatever its Content-Type", () => {
  const pages = ["<!DOCTYPE html>", "<!doctype HTML PUBLIC", "<html>", "<HTML lang=en>", "<html", "<html/>"];
  const before = ["", "\ufeff", " \r\n\t", "<!-- a --> <!---->\n", "\ufeff\n<!-- <p> -->", '<?xml version="1.0"?>\n'];
  for (const page of pages) {
    for (const start of before) {
      const problem = auto("a.jpg", bytes(start + page), "image/jpeg");
      assert(problem?.startsWith('body must not begin like an HTML page for a .jpg file: current value is "<'), page);
    }
    for (const littleEndian of [true, false]) {
      assert(auto("a.jpg", utf16(`\ufeff${page}`, littleEndian)) !== undefined, page);
    }
  }
  assertEquals(
    auto("a.zip", PAGE),
    'body must not begin like an HTML page for a .zip file: current value is "<!DOCTYPE html"',
  );
});

Deno.test("expectTypeProblem with auto takes a body that only resembles a page", () => {
  const others = [
    "",
    "<",
    "<!doctype",
    "<!DOCTYPE svg>",
    "<!doctype htmlx",
    "<htmlx>",
    "<svg><html>",
    "html",
    "<!-- <html>",
  ];
  others.push(
    "x<html>",
    "<?xml version='1.0'?><rss>",
    "<!-- a --><svg/>",
    "<?xml <html>",
    "PK\u0003\u0004<html>",
    "<!html>",
  );
  for (const text of others) assertEquals(auto("a.bin", bytes(text), "application/octet-stream"), undefined, text);
  assertEquals(auto("a.bin", bytes(`${" ".repeat(4096)}<html>`)), undefined);
});

Deno.test("expectTypeProblem with auto takes a page whose name has no extension, or one that pages have", () => {
  const outs = ["index", "a.html", "A.HTM", "a.xhtml", "a.php", "a.asp", "a.aspx", "a.jsp", "a.cgi", "d.zip/page"];
  outs.push(".zip", "d/.jpg", "a.", "2101.00001", "v1.2", "copyright.1a2b3c4d", "Ende. Und dann", "a.文件");
  for (const out of outs) {
    assertEquals(auto(out, PAGE, "text/html"), undefined, out);
    assertEquals(auto(out, PAGE), undefined, out);
  }
});

Deno.test("expectTypeProblem never throws whatever came", () => {
  const texts = fc.array(fc.constantFrom("<!--", "-->", "<?xml", "?>", " ", "<html>", "<!doctype html", "\ufeff", "x"))
    .map((parts) => bytes(parts.join("")));
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.oneof(texts, fc.uint8Array()), (contentType, out, firstBytes) => {
      for (const expect of ["auto", "image/*"]) {
        const problem = expectTypeProblem(expect, { contentType, out, firstBytes });
        assert(problem === undefined || problem.includes(": current value is "));
      }
    }),
    { numRuns: 1000 },
  );
});
