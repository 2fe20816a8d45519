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
  ["attachment; filename=a.txt; filename*=koi8-r''%c6%c1%ca%cc.txt", "файл.txt"],
  ['attachment; filename="a \\"b\\" \\\\ c.txt"', 'a "b" \\ c.txt'],
  ['attachment;filename="a;b=c.txt";size=3', "a;b=c.txt"],
  ['attachment; filename="a, attachment; filename=b"', "a, attachment; filename=b"],
  ['attachment; name="x; filename=y"; filename=z', "z"],
  ['attachment ; size="3" ; filename = "a.txt" ;', "a.txt"],
  [`attachment; filename="${bytes("文件.txt")}"`, "文件.txt"],
  ['attachment; filename="caf\xe9.txt"', "café.txt"],
  // Odd characters where a token should stand.
  [`attachment; filename="report(1).pdf"; filename*=UTF-8''report(1).pdf`, "report(1).pdf"],
  ["attachment; filename*=UTF-8''report(1).pdf", "report(1).pdf"],
  ["attachment; filename*=UTF-8''my report.pdf; size=3", "my report.pdf"],
  ["attachment; filename=my report final.pdf", "my report final.pdf"],
  ["attachment; filename= my report.pdf ; size=3", "my report.pdf"],
  ["attachment; filename=a[1].pdf", "a[1].pdf"],
  ["attachment; filename=a@b.pdf", "a@b.pdf"],
  ["attachment; filename=a=b.pdf", "a=b.pdf"],
  ["attachment; filename=a, b.pdf", "a, b.pdf"],
  ['attachment; filename=a"b.pdf', 'a"b.pdf'],
  [`attachment; filename=${bytes("文件.txt")}`, "文件.txt"],
  ["attachment; filename=caf\xe9.txt", "café.txt"],
  // What cannot be decoded leaves the plain name.
  [`attachment; filename="x1.pdf"; filename*=UTF-8''${bytes("文件.pdf")}`, "x1.pdf"],
  [`attachment; filename*=UTF-8''${bytes("文件.pdf")}`, "文件.pdf"],
  ["attachment; filename=a.txt; filename*=UTF-8''%ff", "a.txt"],
  ["attachment; filename=a.txt; filename*=UTF-8''%e2%8", "a.txt"],
  ["attachment; filename=a.txt; filename*=no-charset''b", "a.txt"],
  ["attachment; filename=a.txt; filename*=b", "a.txt"],
  [`attachment; filename=a.txt; filename*="UTF-8''b"`, "a.txt"],
  [`attachment; filename*="UTF-8''b%20c.txt"`, "b c.txt"],
  ["attachment; filename*=b%20c.txt", "b c.txt"],
  ["attachment; filename*=UTF-8''%ff", undefined],
  ["attachment; filename*=UTF-8''100%.txt", undefined],
  ["attachment; filename*=no-charset''b", undefined],
  // Something is there twice, or is missing.
  ['attachment; filename="p.pdf"; filename="p.pdf"', "p.pdf"],
  ['attachment; filename=p.pdf; FileName="p.pdf"', "p.pdf"],
  ['attachment; filename="p.pdf", attachment; filename="p.pdf"', "p.pdf"],
  ["attachment; filename=p.pdf, attachment; filename=p.pdf", "p.pdf"],
  ["attachment; filename=p.pdf, inline", "p.pdf"],
  ["filename=p.pdf, filename=p.pdf", "p.pdf"],
  ["attachment, attachment; filename=p.pdf", "p.pdf"],
  ["attachment; filename=p.pdf, attachment; filename*=UTF-8''%e2%82%ac.pdf", "€.pdf"],
  ["filename=a.txt", "a.txt"],
  ['filename="a.txt"', "a.txt"],
  ["; filename=a.txt", "a.txt"],
  ["attachment;; filename=a.txt", "a.txt"],
  ["attachment filename=a.txt", "a.txt"],
  ['attachment; filename="a.txt', "a.txt"],
  ['attachment; filename="a;b.txt', "a;b.txt"],
  ['attachment; filename="a.txt\\"', 'a.txt"'],
  ['attachment; filename="a.txt\\', "a.txt"],
  ['attachment; filename="a.txt"b; size=3', "a.txt"],
  // Names that contradict each other are none.
  ["attachment; filename=a.txt; filename=b.txt", undefined],
  ["attachment; filename*=UTF-8''a; filename*=UTF-8''b", undefined],
  ["attachment; filename=a.txt, attachment; filename=b.txt", undefined],
  ["attachment; filename=a.txt; filename=b.txt; filename*=UTF-8''c.txt", undefined],
  // A backslash that escapes nothing is a separator of Windows.
  ['attachment; filename="C:\\Users\\me\\report.pdf"', "C:\\Users\\me\\report.pdf"],
  ["attachment; filename=C:\\Users\\report.pdf", "C:\\Users\\report.pdf"],
  // Percent signs, if all of them can be escapes.
  ['attachment; filename="my%20file.pdf"', "my file.pdf"],
  ["attachment; filename=%E6%96%87.txt", "文.txt"],
  ['attachment; filename="%2e%2e%2fa%0d.txt"', "../a\r.txt"],
  ['attachment; filename="100% of it.pdf"', "100% of it.pdf"],
  ['attachment; filename="a%20b 100%.pdf"', "a%20b 100%.pdf"],
  ['attachment; filename="caf%e9.pdf"', "caf%e9.pdf"],
  ["attachment; filename=caf\xe9%20.pdf", "caf\xe9%20.pdf"],
  // Words of mail (RFC 2047).
  ['attachment; filename="=?UTF-8?B?5paH5Lu2LnBkZg==?="', "文件.pdf"],
  ["attachment; filename==?utf-8?q?caf=C3=A9_1.pdf?=", "café 1.pdf"],
  ['attachment; filename="=?ISO-8859-1*fr?Q?caf=E9?= 2.pdf"', "café 2.pdf"],
  ['attachment; filename="=?UTF-8?B?5pY=?= =?UTF-8?B?h+S7tg==?= =?UTF-8?Q?.pdf?="', "文件.pdf"],
  ['attachment; filename="=?gb2312?B?zsS8/g==?=.pdf"', "文件.pdf"],
  ['attachment; filename="=?no-charset?Q?a?=.pdf"', "=?no-charset?Q?a?=.pdf"],
  ['attachment; filename="=?UTF-8?B?a?=.pdf"', "=?UTF-8?B?a?=.pdf"],
  ['attachment; filename="=?UTF-8?Q?=FF?=.pdf"', "=?UTF-8?Q?=FF?=.pdf"],
  // Names in parts (RFC 2231).
  ['attachment; filename*0="my re"; filename*1=port; filename*2=".pdf"', "my report.pdf"],
  ["attachment; filename*1*=%84.pdf; filename*0*=UTF-8''a%20%E6%96; filename*1*=%87.pdf", undefined],
  ["attachment; filename*1*=%87.pdf; filename*0*=UTF-8''a%20%E6%96", "a 文.pdf"],
  ["attachment; filename=x; filename*0*=UTF-8''%e2%82%ac; filename*1=\"%20.pdf\"", "€%20.pdf"],
  ["attachment; filename*0*=UTF-8''a; filename*=UTF-8''b", "b"],
  ["attachment; filename=x; filename*1=b", "x"],
  ["attachment; filename*0=a; filename*2=c", "a"],
  // Nothing there.
  ["", undefined],
  ["attachment", undefined],
  ["attachment; size=3", undefined],
  ["attachment; filename", undefined],
  ["attachment; filename=", undefined],
  ['attachment; filename=""', undefined],
  ["attachment; filename*=UTF-8''", undefined],
  ["attachment; filename*=UTF-8''; filename=a.txt", "a.txt"],
  ["attachment; file name=a.txt", undefined],
  ["attachment; xfilename=a.txt; filename*x=b", undefined],
];

Deno.test("dispositionName reads a Content-Disposition by RFC 6266, and what else servers send for it as browsers do", () => {
  for (const [field, name] of CASES) assertEquals(dispositionName(field), name, field);
});

Deno.test("dispositionName gives back any name that was written by the rules", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 })
    // deno-lint-ignore no-control-regex -- no field has them
    .filter((text) => !/[\u0000-\u001f\u007f]/.test(text) && text.isWellFormed());
  fc.assert(fc.property(name, (text) => {
    const quoted = bytes(text).replace(/["\\]/g, "\\$&");
    // Such a name could be one that was encoded, or a path of Windows.
    if (!/%|=\?|\\/.test(text)) assertEquals(dispositionName(`attachment; filename="${quoted}"`), text);
    const encoded = encodeURIComponent(text).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
    assertEquals(dispositionName(`attachment; filename=x; filename*=UTF-8''${encoded}`), text);
  }));
});

Deno.test("dispositionName takes any bytes, and long ones in no time worth speaking of", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
    dispositionName(String.fromCharCode(...noise));
    dispositionName(`attachment; filename="${String.fromCharCode(...noise)}`);
  }));
  for (const part of ["\\a", ";", " ", '"', ", ", ", attachment ", "%20", "=?", "=?utf-8?q?a?= ", "; filename*0=a"]) {
    const long = part.repeat(30_000 / part.length);
    for (const start of ["", "attachment", 'attachment; filename="', "attachment; filename=", "a; filename*=utf-8''"]) {
      const name = dispositionName(start + long);
      assert(name === undefined || name.length <= start.length + long.length);
    }
  }
  assertEquals(dispositionName(`attachment; filename="${"x".repeat(30_000)}"`)?.length, 30_000);
});
