import { assertEquals } from "@std/assert";
import { parseUrl } from "../../base/parse_url.ts";

function partsOf(url: string): [host: string, path: string, search: string, hash: string] | undefined {
  const parsed = parseUrl(url);
  return parsed === null ? undefined : [parsed.host, parsed.pathname, parsed.search, parsed.hash];
}

Deno.test("parseUrl takes ? and # of FTP, SFTP and S3 for letters of the path", () => {
  for (const scheme of ["ftp", "ftps", "ftpes", "sftp", "s3", "S3", "Ftp"]) {
    const cases: [tail: string, path: string][] = [
      ["has#hash.txt", "has%23hash.txt"],
      ["q?.txt", "q%3F.txt"],
      ["a/b?c=d/e#f?g", "a/b%3Fc=d/e%23f%3Fg"],
      ["ends?", "ends%3F"],
      ["ends#", "ends%23"],
      ["folder?/", "folder%3F/"],
      ["#folder/x", "%23folder/x"],
      ["%3F%23 ?", "%3F%23%20%3F"],
      ["q?a b", "q%3Fa%20b"],
      ["a?/../b", "b"],
      ["x?versionId=1/y", "x%3FversionId=1/y"],
      ["plain", "plain"],
      ["", ""],
    ];
    for (const [tail, path] of cases) {
      assertEquals(partsOf(`${scheme}://host/${tail}`), ["host", `/${path}`, "", ""], `${scheme} ${tail}`);
    }
    assertEquals(partsOf(`${scheme}://host`), ["host", "/", "", ""]);
    assertEquals(partsOf(`${scheme}://host?x`), ["host", "/%3Fx", "", ""]);
  }
  const { username, password, port, pathname } = parseUrl("ftp://me:a%3Fb%23@h:2121//etc/a?b#c")!;
  assertEquals([username, password, port, pathname], ["me", "a%3Fb%23", "2121", "//etc/a%3Fb%23c"]);
});

Deno.test("parseUrl leaves the last versionId of an s3 url a query", () => {
  assertEquals(partsOf("s3://b/k?versionId=a%2Fb.c_-"), ["b", "/k", "?versionId=a%2Fb.c_-", ""]);
  assertEquals(partsOf("s3://b/k?.txt#x?versionId=null"), ["b", "/k%3F.txt%23x", "?versionId=null", ""]);
  assertEquals(partsOf("s3://b/k?versionId=1?versionId=2"), ["b", "/k%3FversionId=1", "?versionId=2", ""]);
  assertEquals(partsOf("s3://b/k?versionId="), ["b", "/k", "?versionId=", ""]);
  assertEquals(partsOf("s3://b?versionId=1"), ["b", "/", "?versionId=1", ""]);
  assertEquals(partsOf("s3://b/k?versionid=1"), ["b", "/k%3Fversionid=1", "", ""]);
  assertEquals(partsOf("s3://b/k?x=1&versionId=1"), ["b", "/k%3Fx=1&versionId=1", "", ""]);
  assertEquals(partsOf("ftp://h/k?versionId=1"), ["h", "/k%3FversionId=1", "", ""]);
});

Deno.test("parseUrl reads other urls as the standard says", () => {
  for (const url of ["https://h/a?b#c", "file:///a?b#c", "mem://h/a?b", "data:,a?b#c", "s3:a?b"]) {
    const { host, pathname, search, hash } = new URL(url);
    assertEquals(partsOf(url), [host, pathname, search, hash]);
  }
  assertEquals(parseUrl("no url"), null);
});
