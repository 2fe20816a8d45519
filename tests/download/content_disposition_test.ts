import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { dispositionName } from "../../download/content_disposition.ts";

/** Text as its UTF-8 bytes come out of a head: one character each. */
function bytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

const CASES: [field: string, name: string | undefined][] = [
  // As RFC 6266 and RFC 8187 have it.
  ["Attachment; filename=example.html", "example.html"],
  ['INLINE; FILENAME= "an example.html"', "an example.html"],
  ["attachment; filename*= UTF-8''%e2%82%ac%20rates", "€ rates"],
  [`attachment; filename="EURO rates"; filename*=utf-8''%e2%82%ac%20rates`, "€ rates"],
  [`attachment; filename*=utf-8''%e2%82%ac%20rates; filename="EURO rates"`, "€ rates"],
  ["attachment; filename*=iso-8859-1'en'%A3%20rates", "£ rates"],
  ['attachment; filename="a \\"b\\" \\\\ c.txt"', 'a "b" \\ c.txt'],
  ['attachment;filename="a;b=c.txt";size=3', "a;b=c.txt"],
  ['attachment ; size="3" ; filename = "a.txt" ;', "a.txt"],
  ["attachment;; filename=a.txt", "a.txt"],
  ['attachment; filename="100%20.txt"', "100%20.txt"],
  [`attachment; filename="${bytes("文件.txt")}"`, "文件.txt"],
  ['attachment; filename="caf\xe9.txt"', "café.txt"],
  // What cannot be decoded leaves the plain name.
  ["attachment; filename=a.txt; filename*=UTF-8''%ff", "a.txt"],
  ["attachment; filename=a.txt; filename*=UTF-8''%e2%8", "a.txt"],
  ["attachment; filename=a.txt; filename*=koi8-r''b", "a.txt"],
  ["attachment; filename=a.txt; filename*=b", "a.txt"],
  [`attachment; filename=a.txt; filename*="UTF-8''b"`, "a.txt"],
  ["attachment; filename*=UTF-8''%ff", undefined],
  // Nothing there.
  ["", undefined],
  ["attachment", undefined],
  ["attachment; size=3", undefined],
  ['attachment; filename=""', undefined],
  ["attachment; filename*=UTF-8''", undefined],
  // Malformed.
  ["filename=a.txt", undefined],
  ["; filename=a.txt", undefined],
  ["attachment filename=a.txt", undefined],
  ["attachment; filename", undefined],
  ["attachment; filename=", undefined],
  ["attachment; filename=a b.txt", undefined],
  ["attachment; filename=a.txt, b", undefined],
  ["attachment; filename=a.txt, attachment; filename=b.txt", undefined],
  ["attachment; filename=a.txt; filename=b.txt", undefined],
  ["attachment; filename*=UTF-8''a; filename*=UTF-8''b", undefined],
  ['attachment; filename="a.txt', undefined],
  ['attachment; filename="a.txt\\"', undefined],
  ['attachment; filename="a.txt"b', undefined],
  ["attachment; filename=caf\xe9.txt", undefined],
  ["attachment; file name=a.txt", undefined],
];

Deno.test("dispositionName reads a Content-Disposition as RFC 6266 and RFC 8187 say, and nothing that is malformed", () => {
  for (const [field, name] of CASES) assertEquals(dispositionName(field), name, field);
});

Deno.test("dispositionName gives back any name that was written by the rules", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 })
    // deno-lint-ignore no-control-regex -- no field has them
    .filter((text) => !/[\u0000-\u001f\u007f]/.test(text) && text.isWellFormed());
  fc.assert(fc.property(name, (text) => {
    const quoted = bytes(text).replace(/["\\]/g, "\\$&");
    assertEquals(dispositionName(`attachment; filename="${quoted}"`), text);
    const encoded = encodeURIComponent(text).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
    assertEquals(dispositionName(`attachment; filename=x; filename*=UTF-8''${encoded}`), text);
  }));
});

Deno.test("dispositionName takes any bytes, and long ones in no time worth speaking of", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
    dispositionName(String.fromCharCode(...noise));
    dispositionName(`attachment; filename="${String.fromCharCode(...noise)}`);
  }));
  for (const long of ["\\a".repeat(15_000), ";".repeat(30_000), " ".repeat(30_000), '"'.repeat(30_000)]) {
    for (const start of ["", "attachment", 'attachment; filename="', "attachment; filename="]) {
      const name = dispositionName(start + long);
      assert(name === undefined || name.length <= long.length);
    }
  }
  assertEquals(dispositionName(`attachment; filename="${"x".repeat(30_000)}"`)?.length, 30_000);
});
