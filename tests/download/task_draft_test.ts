import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { CHECKSUM_ALGORITHMS, DIGEST_BYTES } from "../../download/checksum.ts";
import { taskDraft } from "../../download/task_draft.ts";

const URL_A = "https://e.org/files/a%20b.iso?x=1";
const EMPTY_MD5 = "md5:d41d8cd98f00b204e9800998ecf8427e";
const sum = (digit: string) => `sha-1:${digit.repeat(40)}`;

function checksumOf(entry: Parameters<typeof taskDraft>[0], checksums?: ReadonlyMap<string, string>) {
  const result = taskDraft(entry, checksums === undefined ? {} : { checksums });
  assert(result.type === "draft", JSON.stringify(result));
  return result.draft.checksum;
}

Deno.test("taskDraft carries every field of an entry, and gives it a name", () => {
  const entry = { url: URL_A, id: "x", priority: 3, headers: { a: "b" }, size: 0 };
  const result = taskDraft(entry);
  assert(result.type === "draft");
  const { fallbackOut, ...draft } = result.draft;
  assertEquals(draft, { ...entry, out: "a b.iso" });
  assert(typeof fallbackOut === "function", "worked out only when it is needed");
  assertMatch(fallbackOut(result.draft), /^a b\.[0-9a-f]{8}\.iso$/);
  assertEquals(taskDraft({ ...entry, out: "sub/c" }), {
    type: "draft",
    draft: { ...entry, out: "sub/c", named: true },
  });
});

Deno.test("taskDraft takes an out that ends in a slash for a folder, in which the file has the name of its url", () => {
  const draftOf = (entry: Parameters<typeof taskDraft>[0]) => {
    const result = taskDraft(entry);
    assert(result.type === "draft", JSON.stringify(result));
    return result.draft;
  };
  const { fallbackOut, ...draft } = draftOf({ url: URL_A, out: "photos/2024/" });
  assertEquals(draft, { url: URL_A, out: "photos/2024/a b.iso", named: true });
  assert(typeof fallbackOut === "function", "a second file of that name gets another one");
  assertEquals(draftOf({ url: "https://e.org/a/", out: "p/" }).out, "p/index");
  // All files of these go to that folder.
  for (const url of ["ftp://h/pub/", "sftp://h/a/?x", "s3://b/logs/*", "s3://b/"]) {
    assertEquals(draftOf({ url, out: "p/" }), { url, out: "p", named: true });
  }
  const sums = new Map([["p/a b.iso", EMPTY_MD5]]);
  assertEquals(checksumOf({ url: URL_A, out: "p/" }, sums), EMPTY_MD5);
  for (const out of ["/", "../", "a//", "/srv/", ".corehaul/"]) {
    const result = taskDraft({ url: URL_A, out });
    assert(result.type === "problem" && result.field === "out", out);
    assertStringIncludes(result.message, JSON.stringify(out));
  }
});

Deno.test("taskDraft writes any form of a checksum as algorithm:hex", () => {
  for (const text of [EMPTY_MD5, EMPTY_MD5.toUpperCase(), "MD5:1B2M2Y8AsgTpgAmY7PhCfg==", ` ${EMPTY_MD5}\n`]) {
    assertEquals(checksumOf({ url: URL_A, checksum: text }), EMPTY_MD5);
  }
  const digests = fc.constantFrom(...CHECKSUM_ALGORITHMS).chain((algorithm) =>
    fc.record({
      algorithm: fc.constant(algorithm),
      bytes: fc.uint8Array({ minLength: DIGEST_BYTES[algorithm], maxLength: DIGEST_BYTES[algorithm] }),
    })
  );
  fc.assert(fc.property(digests, ({ algorithm, bytes }) => {
    const expected = `${algorithm}:${bytes.toHex()}`;
    for (
      const text of [bytes.toHex(), bytes.toBase64(), bytes.toBase64({ alphabet: "base64url", omitPadding: true })]
    ) {
      assertEquals(checksumOf({ url: URL_A, checksum: `${algorithm}:${text}` }), expected);
    }
  }));
});

Deno.test("taskDraft refuses a bad checksum and a bad path, naming the field and the value", () => {
  for (const checksum of ["", "abc", "crc32:00000000", "md5:d41d", `${EMPTY_MD5}0`, "sha-256:zz"]) {
    const result = taskDraft({ url: URL_A, checksum });
    assert(result.type === "problem", checksum);
    assertEquals(result.field, "checksum");
    assertStringIncludes(result.message, `current value is ${JSON.stringify(checksum)}`);
  }
  const result = taskDraft({ url: URL_A, out: "../x", checksum: "also bad" });
  assert(result.type === "problem");
  assertEquals(result.field, "out");
  assertStringIncludes(result.message, '"../x"');
});

Deno.test("taskDraft looks a checksum up by out, then by the name of the url; that of the entry wins", () => {
  const checksums = new Map([["a b.iso", sum("a")], ["sub/c", sum("c")]]);
  assertEquals(checksumOf({ url: URL_A }, checksums), sum("a"));
  assertEquals(checksumOf({ url: URL_A, out: "sub/c" }, checksums), sum("c"));
  assertEquals(checksumOf({ url: URL_A, out: "d" }, checksums), sum("a"));
  assertEquals(checksumOf({ url: URL_A, checksum: EMPTY_MD5 }, checksums), EMPTY_MD5);
  assertEquals(checksumOf({ url: "https://e.org/c" }, checksums), undefined);
  assertEquals(checksumOf({ url: "https://e.org/c", out: "c" }, checksums), undefined);
  assertEquals("checksum" in (taskDraft({ url: "https://e.org/c" }, { checksums }) as { draft: object }).draft, false);
});

Deno.test("taskDraft puts user and password into the url, whatever characters they have", () => {
  const urlOf = (entry: Parameters<typeof taskDraft>[0]) => {
    const result = taskDraft(entry);
    return result.type === "draft" ? result.draft.url : `${result.field} ${result.message}`;
  };
  fc.assert(fc.property(fc.string({ minLength: 1 }), fc.string(), (user, password) => {
    fc.pre(user.isWellFormed() && password.isWellFormed());
    for (const scheme of ["https", "ftp", "sftp"]) {
      const url = new URL(urlOf({ url: `${scheme}://h:81/a%20b`, user, password }));
      assertEquals([decodeURIComponent(url.username), decodeURIComponent(url.password)], [user, password]);
      assertEquals([url.host, url.pathname], ["h:81", "/a%20b"]);
    }
  }));
  assertEquals(urlOf({ url: "ftp://h/a", user: "me" }), "ftp://me@h/a");
  assertEquals(urlOf({ url: "ftp://h/a", password: "x" }), "password must come with user");
  assertEquals(urlOf({ url: "ftp://me@h/a", user: "you" }), "user must not be there twice: the url has one");
  assertEquals(urlOf({ url: "data:,a", user: "you" }), "user must be for a url with a host");
});
