/** Sitemaps as lists. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { glanceAtTaskFile } from "../../queue/task_file_glance.ts";
import { TaskFileError } from "../../queue/task_file_error.ts";
import { linesOf, pieces, scanText, valuesOf } from "../support/scan_text.ts";

const SITEMAP = `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="/sitemap.xsl"?>
<!-- made by <urlset> -->
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc>http://h/a?x=1&amp;y=&#252;&#x1F600;</loc>
    <lastmod>2024-01-01</lastmod>
    <image:image><image:loc>http://h/a.jpg</image:loc></image:image>
  </url>
  <url><loc>
    http://h/b
  </loc><priority>0.8</priority></url>
  <url><loc><![CDATA[http://h/c?x=1&y=<2>]]></loc></url>
  <url><loc></loc></url>
</urlset>
`;
const URLS = ["http://h/a?x=1&y=ü😀", "http://h/b", "http://h/c?x=1&y=<2>", ""];

Deno.test("scanTaskFile reads the pages of a sitemap, with the lines on which they stand", async () => {
  for (const size of [1, 7, 4096]) {
    assertEquals(await valuesOf(SITEMAP, size), URLS);
    assertEquals(await linesOf(SITEMAP, size), [7, 11, 14, 15]);
  }
  assertEquals(await valuesOf(gzipSync(SITEMAP)), URLS);
  assertEquals(await valuesOf(`\ufeff\n${SITEMAP.replace(/^.*\n/, "")}`), URLS);
  // By whatever prefix the namespace goes, and in files that have none.
  const prefixed =
    '<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9"><s:url><s:loc>http://h/a</s:loc></s:url></s:urlset>';
  assertEquals(await valuesOf(prefixed), ["http://h/a"]);
  assertEquals(await valuesOf("<urlset><url><loc>http://h/a</loc></url></urlset>"), ["http://h/a"]);
  assertEquals(await valuesOf("<urlset/>"), []);
  assertEquals(await glanceAtTaskFile(pieces(new TextEncoder().encode(SITEMAP), 99)), false);
});

Deno.test("scanTaskFile says where a sitemap is cut or not XML, and what else an XML file is", async () => {
  const cases: [string, number, string][] = [
    [SITEMAP.slice(0, SITEMAP.indexOf("</urlset>")), 16, "Not valid XML"],
    [SITEMAP.slice(0, SITEMAP.indexOf("</loc>")), 7, "Not valid XML"],
    [SITEMAP.replace("&amp;", "&"), 7, "Not valid XML"],
    [SITEMAP.replace("<url><loc>\n", "<url><lok>\n"), 13, "Not valid XML"],
    [SITEMAP.replace("h/a?x", "me:SECRET@h/a?<x"), 7, "Not valid XML"],
    [
      "<sitemapindex><sitemap><loc>http://h/s.xml</loc></sitemap></sitemapindex>",
      1,
      "XML must be a sitemap or a Metalink document: this is an index of sitemaps, each of which is a list",
    ],
    [
      "<?xml version='1.0'?>\n<rss><channel/></rss>",
      1,
      "XML must be a sitemap or a Metalink document: its root is <rss>",
    ],
    ["<!-- nothing -->", 1, "Not valid XML"],
  ];
  for (const [text, line, message] of cases) {
    for (const size of [5, 4096]) {
      const error = await assertRejects(() => scanText(text, size), TaskFileError, undefined, text);
      assert(error.message.startsWith(message), error.message);
      assertEquals(error.line, line, `${error.message}\n${text}`);
      assert(!Deno.inspect(error).includes("SECRET"), error.message);
    }
  }
});

Deno.test("scanTaskFile refuses a page of a sitemap that is not UTF-8 or too long, and takes the others", async () => {
  const bytes = new TextEncoder().encode(SITEMAP);
  bytes[SITEMAP.indexOf("h/b") + 2] = 0xff;
  const utf8 = "refused: loc must be UTF-8";
  assertEquals(await valuesOf(bytes, 7), [URLS[0], utf8, URLS[2], URLS[3]]);
  const long = SITEMAP.replace("http://h/b", `http://h/${"b".repeat(1_100_000)}`);
  const tooLong = "refused: loc must be at most 1048576 bytes long";
  assertEquals(await valuesOf(long, 65_536), [URLS[0], tooLong, URLS[2], URLS[3]]);
  const endless = `<urlset><url><loc>http://h/${"b".repeat(10_000_000)}`;
  await assertRejects(() => scanText(endless, 65_536), TaskFileError, "A part of a sitemap must be at most");
});

Deno.test("scanTaskFile needs little memory for a long sitemap, and gives its pages as they come", async () => {
  let sent = 0;
  async function* endless() {
    yield new TextEncoder().encode("<urlset>");
    while (true) {
      sent++;
      yield new TextEncoder().encode(`<url><loc>http://h/${sent}</loc></url>`.repeat(1000));
    }
  }
  const { scanTaskFile } = await import("../../queue/task_file_scan.ts");
  await using scan = scanTaskFile(endless());
  for (let i = 0; i < 100_000; i++) await scan.next();
  assert(sent < 200, `${sent}`);
});
