import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import fc from "fast-check";
import { type Checksum, CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../../download/checksum.ts";
import { digestHeader } from "../../download/digest_header.ts";

const WHOLE = { decoded: false, partial: false };
const FIELDS = ["Repr-Digest", "Content-Digest", "Digest"] as const;

const base64Of = (algorithm: ChecksumAlgorithm, content: string) => hash(algorithm.replace("-", ""), content, "base64");
const checksumOf = (algorithm: ChecksumAlgorithm, content: string): Checksum => ({
  algorithm,
  digest: hash(algorithm.replace("-", ""), content, "hex"),
});

/** How a header says it. */
function member(field: typeof FIELDS[number], algorithm: ChecksumAlgorithm, content: string): string {
  const key = algorithm === "sha-1" ? "sha" : algorithm;
  const base64 = base64Of(algorithm, content);
  return field === "Digest" ? `${key.toUpperCase()}=${base64}` : `${key}=:${base64}:`;
}

Deno.test("digestHeader reads the example of the standards", () => {
  const content = '{"hello": "world"}';
  const headers = new Headers({ "Repr-Digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:" });
  assertEquals(digestHeader(headers, WHOLE), checksumOf("sha-256", content));
  const legacy = new Headers({ "Digest": "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=,unixsum=30637" });
  assertEquals(digestHeader(legacy, WHOLE), checksumOf("sha-256", content));
});

Deno.test("digestHeader takes the strongest checksum of each header, in whatever order and on however many lines", () => {
  const sets = fc.uniqueArray(fc.constantFrom(...CHECKSUM_ALGORITHMS), { minLength: 1 });
  fc.assert(
    fc.property(fc.constantFrom(...FIELDS), sets, fc.string(), fc.boolean(), (field, algorithms, content, lines) => {
      const members = ["unixsum=30637", ...algorithms.map((algorithm) => member(field, algorithm, content))];
      const headers = new Headers();
      if (lines) { for (const text of members) headers.append(field, text); }
      else headers.set(field, members.join(" ,\t"));
      const strongest = CHECKSUM_ALGORITHMS.find((algorithm) => algorithms.includes(algorithm));
      assert(strongest !== undefined);
      assertEquals(digestHeader(headers, WHOLE), checksumOf(strongest, content));
    }),
  );
});

Deno.test("digestHeader takes the strongest checksum of all headers, and of equal ones that of Repr-Digest", () => {
  for (const strong of FIELDS) {
    const headers = new Headers();
    for (const field of FIELDS) headers.set(field, member(field, field === strong ? "sha-512" : "sha-256", field));
    assertEquals(digestHeader(headers, WHOLE), checksumOf("sha-512", strong));
  }
  const equal = new Headers(FIELDS.map((field): [string, string] => [field, member(field, "md5", field)]));
  assertEquals(digestHeader(equal, WHOLE), checksumOf("md5", "Repr-Digest"));
});

Deno.test("digestHeader returns only what describes the whole file as it is stored", () => {
  for (const field of FIELDS) {
    const headers = new Headers({ [field]: member(field, "sha-256", "a") });
    const checksum = checksumOf("sha-256", "a");
    assertEquals(digestHeader(headers, WHOLE), checksum);
    assertEquals(
      digestHeader(headers, { decoded: false, partial: true }),
      field === "Repr-Digest" ? checksum : undefined,
    );
    assertEquals(digestHeader(headers, { decoded: true, partial: false }), undefined);
    assertEquals(digestHeader(headers, { decoded: true, partial: true }), undefined);
  }
});

Deno.test("digestHeader ignores what is malformed, unknown or of the wrong length", () => {
  const good = base64Of("sha-256", "a");
  const hex = checksumOf("sha-256", "a").digest;
  const wrong = [
    "",
    "sha-256",
    "sha-256=",
    `sha-256=:${good}`,
    `sha-256="${good}"`,
    `sha-256=(:${good}:)`,
    "sha-256=?1",
  ];
  wrong.push(`sha-256=:${base64Of("md5", "a")}:`, `crc32c=:AAAAAA==:`, `sha-384=:${good}:`, "sha-256=::", "sha-256=1");
  wrong.push(`SHA-256=:${good}:`, `sha-256=:${good}:,`, `sha-256=:${good}:, ?`, `sha-256=:*${good}:`, `sha-256=${hex}`);
  for (const field of ["Repr-Digest", "Content-Digest"]) {
    for (const value of [...wrong, `sha-256=${good}`]) {
      assertEquals(digestHeader(new Headers({ [field]: value }), WHOLE), undefined, value);
    }
  }
  for (const value of [...wrong, `sha-256 = ${good}`, `=${good}`, good, `sha-256=${good} x`, `sha-256=${good};q=1`]) {
    assertEquals(digestHeader(new Headers({ "Digest": value }), WHOLE), undefined, value);
  }
  assertEquals(digestHeader(new Headers(), WHOLE), undefined);
});

Deno.test("digestHeader reads the other headers, and the other members of Digest, when one is malformed", () => {
  const headers = new Headers({
    "Repr-Digest": `sha-512=:${base64Of("sha-512", "a")}:, ?`,
    "Content-Digest": `sha-256=:${base64Of("sha-512", "a")}:, md5=:${base64Of("md5", "a")}:`,
    "Digest": `SHA-512=no,,sha=${base64Of("sha-1", "a")}`,
  });
  assertEquals(digestHeader(headers, WHOLE), checksumOf("sha-1", "a"));
});

Deno.test("digestHeader never throws", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme-ascii" }),
    fc.array(
      fc.constantFrom(
        "sha-256",
        "md5",
        "=",
        ":",
        ",",
        " ",
        "(",
        ")",
        '"',
        "\\",
        ";",
        "?1",
        "@",
        "%",
        "-",
        "AAAA",
        "1.",
      ),
    )
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(fc.constantFrom(...FIELDS), text, (field, value) => {
      assertEquals(digestHeader(new Headers({ [field]: value }), WHOLE), undefined);
    }),
    { numRuns: 2000 },
  );
});
