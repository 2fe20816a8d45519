import { assertEquals, assertThrows } from "@std/assert";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";
import { taskDraft } from "../../download/task_draft.ts";
import { parseMetalink } from "../../queue/metalink.ts";
import { RefusedEntry } from "../../queue/refused_entry.ts";
import { TaskFileError } from "../../queue/task_file_error.ts";
import { scanTaskFile } from "../../queue/task_file_scan.ts";

const DOCUMENT = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by a mirror -->
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <published>2009-05-15T12:23:23Z</published>
  <file name="example &amp; more.ext">
    <size>14471447</size>
    <identity>Example</identity>
    <hash type="md5">83b1a04f18d6782cfe0407edadac377f</hash>
    <hash type="sha-256">f0ad929cd259957e160ea442eb80986b5f01ffaffdb657e5b13f5d9c5f0ad929</hash>
    <pieces length="1048576" type="sha-256"><hash>aa</hash></pieces>
    <signature mediatype="application/pgp-signature">x</signature>
    <url location="de" priority="2">ftp://ftp.example.com/example.ext?a=1&amp;b=2</url>
    <url location="fr" priority="1">http://example.com/example.ext</url>
    <url>https://last.example.com/example.ext</url>
    <metaurl mediatype="torrent" priority="2">http://example.com/example.ext.torrent</metaurl>
  </file>
  <file name="two"><url>http://example.com/two</url></file>
  <file name="none"><url>gopher://example.com/none</url></file>
</metalink>`;

const ENTRIES = [
  {
    url: "http://example.com/example.ext",
    mirrors: ["ftp://ftp.example.com/example.ext?a=1&b=2", "https://last.example.com/example.ext"],
    out: "example & more.ext",
    size: 14471447,
    checksum: "sha-256:f0ad929cd259957e160ea442eb80986b5f01ffaffdb657e5b13f5d9c5f0ad929",
  },
  { url: "http://example.com/two", out: "two" },
  { out: "none" },
];

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

Deno.test("parseMetalink takes names, sizes, the strongest digest, and the urls in the order of their priority", () => {
  assertEquals(parseMetalink(DOCUMENT), ENTRIES);
  assertEquals(parseMetalink("<metalink/>"), []);
});

Deno.test("parseMetalink says where a document is not XML, or that it is no Metalink", () => {
  const broken = assertThrows(() => parseMetalink("<metalink>\n<file name='a'>\n</metalink>"), TaskFileError, "XML");
  assertEquals(broken.line, 3);
  assertThrows(() => parseMetalink("<html></html>"), TaskFileError, "no <metalink>");
});

/** As mirror managers serve it, with what they say of older versions of the file. */
const METALINK_3 = `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic" generator="mirrormanager"
  xmlns:mm0="http://fedorahosted.org/mirrormanager">
 <publisher><name>A project</name></publisher>
 <files>
  <file name="repomd.xml">
   <mm0:timestamp>1700000000</mm0:timestamp>
   <size>4096</size>
   <verification>
    <hash type="md5">83b1a04f18d6782cfe0407edadac377f</hash>
    <hash type="sha256">f0ad929cd259957e160ea442eb80986b5f01ffaffdb657e5b13f5d9c5f0ad929</hash>
    <pieces length="262144" type="sha1"><hash piece="0">aa</hash></pieces>
   </verification>
   <mm0:alternates><mm0:alternate>
    <mm0:size>1</mm0:size>
    <verification><hash type="sha512">00</hash></verification>
   </mm0:alternate></mm0:alternates>
   <resources maxconnections="1">
    <url protocol="rsync" type="rsync" location="US" preference="100">rsync://m.example/repomd.xml</url>
    <url protocol="http" type="http" location="DE" preference="98">http://slow.example/a?x=1&amp;y=2</url>
    <url type="bittorrent" preference="100">http://t.example/a.torrent</url>
    <url protocol="https" type="https" location="US" preference="99">https://best.example/repomd.xml</url>
    <url>ftp://last.example/repomd.xml</url>
   </resources>
  </file>
  <file name="sub/two"><resources><url type="http">http://h/two</url></resources></file>
 </files>
</metalink>`;

Deno.test("parseMetalink takes names, sizes, digests and mirrors of Metalink 3, and nothing of older versions of a file", () => {
  const [first, second] = parseMetalink(METALINK_3);
  assertEquals(first, {
    url: "https://best.example/repomd.xml",
    mirrors: ["http://slow.example/a?x=1&y=2", "ftp://last.example/repomd.xml"],
    out: "repomd.xml",
    size: 4096,
    checksum: "sha-256:f0ad929cd259957e160ea442eb80986b5f01ffaffdb657e5b13f5d9c5f0ad929",
  });
  assertEquals(second, { url: "http://h/two", out: "sub/two" });
  assertEquals(parseMetalink(METALINK_3.replace(' version="3.0"', "")), [first, second]);
  assertEquals(parseMetalink('<metalink version="3.0"><files/></metalink>'), []);
});

Deno.test("parseMetalink takes no document without a file for an empty list", () => {
  for (const text of ['<metalink version="3.0"/>', '<metalink version="3.0"><publisher/></metalink>']) {
    assertThrows(() => parseMetalink(text), TaskFileError, "A Metalink 3 document must have <files>");
  }
  const none = "<metalink><published>2009-05-15T12:23:23Z</published></metalink>";
  assertThrows(() => parseMetalink(none), TaskFileError, "must have a <file>");
});

Deno.test("parseMetalink takes as many urls of a file as an entry may have, the best ones", () => {
  const urls = Array.from({ length: 60 }, (_, i) => `<url priority="${60 - i}">http://mirror${i}.example/a</url>`);
  const [entry] = parseMetalink(`<metalink><file name="a">${urls.join("")}</file></metalink>`);
  assertEquals(entry?.url, "http://mirror59.example/a");
  assertEquals(entry?.mirrors?.[49], "http://mirror9.example/a");
  assertEquals(checkTaskEntry(entry).type, "entry");
});

Deno.test("parseMetalink takes no document that defines entities, and leaves unknown ones as they are", () => {
  const bomb = `<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]><metalink/>`;
  assertThrows(() => parseMetalink(bomb), TaskFileError, "DOCTYPE");
  const [entry] = parseMetalink('<metalink><file name="&#x41;&b;&lt;"><url>http://h/&c;</url></file></metalink>');
  assertEquals([entry?.out, entry?.url], ["A&b;<", "http://h/&c;"]);
});

Deno.test("scanTaskFile reads a Metalink document, however its bytes are cut", async () => {
  const bytes = new TextEncoder().encode(`\ufeff\n${DOCUMENT}`);
  for (const size of [1, 7, 4096]) {
    const values = (await Array.fromAsync(scanTaskFile(pieces(bytes, size)))).map(({ index, value }) => [index, value]);
    assertEquals(values, ENTRIES.map((entry, index) => [index, entry]));
  }
});

/** The entry of a document with one file. */
function fileEntry(inside: string) {
  return parseMetalink(`<metalink><file name="a"><url>http://h/a</url>${inside}</file></metalink>`)[0]!;
}

const DIGEST = "f0ad929cd259957e160ea442eb80986b5f01ffaffdb657e5b13f5d9c5f0ad929";

Deno.test("parseMetalink knows the type of a hash in every spelling", () => {
  for (const type of ["sha-256", "sha256", "SHA-256", "SHA256", "Sha-256", "SHA2-256", "sha_256", " sha256 "]) {
    assertEquals(fileEntry(`<hash type="${type}">${DIGEST}</hash>`).checksum, `sha-256:${DIGEST}`, type);
  }
  const weak = `<hash type="MD5">83b1a04f18d6782cfe0407edadac377f</hash>`;
  const kinds = [["sha224", 56], ["SHA-384", 96], ["sha512", 128]] as const;
  for (const [type, digits] of kinds) {
    const digest = "a".repeat(digits);
    const name = `sha-${type.replace(/\D/g, "")}`;
    assertEquals(fileEntry(`${weak}<hash type="${type}">${digest}</hash>`).checksum, `${name}:${digest}`);
  }
  assertEquals(fileEntry(weak).checksum, "md5:83b1a04f18d6782cfe0407edadac377f");
});

Deno.test("parseMetalink gives a file of whose hashes none is known a checksum that is refused", () => {
  for (const type of [' type="sha3-256"', ' type="SHA-512/256"', ' type="whirlpool"', ""]) {
    const entry = checkTaskEntry(fileEntry(`<hash${type}>${DIGEST}</hash>`));
    const draft = entry.type === "entry" ? taskDraft(entry.entry) : entry;
    assertEquals([draft.type, draft.type === "problem" && draft.field], ["problem", "checksum"], type);
  }
  const both = `<hash type="sha3-256">${DIGEST}</hash><hash type="sha-256">${DIGEST}</hash>`;
  assertEquals(fileEntry(both).checksum, `sha-256:${DIGEST}`);
});

Deno.test("parseMetalink takes only digits for a size, and an empty one for none", () => {
  for (const size of ["<size/>", "<size></size>", "<size> \n </size>", "<size><![CDATA[]]></size>"]) {
    assertEquals(fileEntry(size), { url: "http://h/a", out: "a" }, size);
  }
  assertEquals(fileEntry("<size> 12 </size>").size, 12);
  for (const size of ["1e1", "0xA", "+5", "-5", "5.0", "five", "1 000"]) {
    const checked = checkTaskEntry(fileEntry(`<size>${size}</size>`));
    assertEquals(checked.type, "problem", size);
    if (checked.type === "problem") {
      assertEquals([checked.field, checked.message.includes(`"${size}"`)], ["size", true]);
    }
  }
});

Deno.test("parseMetalink decodes character references of any valid length, and takes CDATA as it stands", () => {
  const urls = [
    ["http://h/&#x00000041;&#0000000066;&#x1F600;", "http://h/AB\u{1F600}"],
    ["<![CDATA[http://h/a?b=1&amp;c=<2>&#65;]]>", "http://h/a?b=1&amp;c=<2>&#65;"],
    ["http://h/a?b=1&amp;c=<![CDATA[&lt;]]>&lt;", "http://h/a?b=1&c=&lt;<"],
    ["http://h/&#xD800;&#0;&#x110000;&#99999999999;&LT;", "http://h/&#xD800;&#0;&#x110000;&#99999999999;&LT;"],
  ] as const;
  for (const [text, url] of urls) {
    const document = `<metalink><!-- <![CDATA[ --><file name="&#x0000000000041;"><url>${text}</url></file></metalink>`;
    assertEquals(parseMetalink(document), [{ url, out: "A" }]);
  }
});

Deno.test("scanTaskFile refuses a file of a Metalink document alone that is not UTF-8", async () => {
  const bytes = new TextEncoder().encode(DOCUMENT);
  bytes[DOCUMENT.indexOf('name="two"') + 7] = 0xff;
  const values = (await Array.fromAsync(scanTaskFile(pieces(bytes, 99)))).map(({ value }) => value);
  assertEquals(values, [ENTRIES[0], new RefusedEntry("file", "must be UTF-8"), ENTRIES[2]]);
});
