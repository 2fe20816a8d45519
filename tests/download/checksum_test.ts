import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import fc from "fast-check";
import {
  type Checksum,
  CHECKSUM_ALGORITHMS,
  DIGEST_BYTES,
  digestFromBase64,
  formatChecksum,
  parseChecksum,
  strongestChecksum,
} from "../../download/checksum.ts";

const EMPTY_MD5: Checksum = { algorithm: "md5", digest: "d41d8cd98f00b204e9800998ecf8427e" };

function problemOf(text: string): string {
  const parsed = parseChecksum(text);
  assert(parsed.type === "problem", text);
  return parsed.message;
}

Deno.test("parseChecksum takes a digest in hexadecimal digits, base64 and base64url, padded or not", () => {
  fc.assert(
    fc.property(fc.constantFrom(...CHECKSUM_ALGORITHMS), fc.string(), (algorithm, content) => {
      const digest = hash(algorithm.replace("-", ""), content, "hex");
      const base64 = hash(algorithm.replace("-", ""), content, "base64");
      const base64url = base64.replaceAll("+", "-").replaceAll("/", "_");
      const texts = [digest, digest.toUpperCase(), base64, base64.replace(/=+$/, ""), base64url];
      texts.push(base64url.replace(/=+$/, ""));
      for (const text of texts) {
        assertEquals(
          parseChecksum(`${algorithm}:${text}`),
          { type: "checksum", checksum: { algorithm, digest } },
          text,
        );
      }
    }),
  );
});

Deno.test("parseChecksum takes names of algorithms in any case, without their dash, and white space around it all", () => {
  const sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
  for (const name of ["sha-1", "sha1", "SHA1", "Sha-1"]) {
    assertEquals(parseChecksum(` ${name}:${sha1}\n`), {
      type: "checksum",
      checksum: { algorithm: "sha-1", digest: sha1 },
    });
  }
  assertEquals(parseChecksum(`MD5:${EMPTY_MD5.digest}`), { type: "checksum", checksum: EMPTY_MD5 });
});

Deno.test("parseChecksum takes every spelling of the algorithms of SHA-2, and no other of their lengths", () => {
  for (const bits of [224, 256, 384, 512]) {
    const digest = hash(`sha${bits}`, "a", "hex");
    for (const name of [`sha-${bits}`, `SHA${bits}`, `SHA2-${bits}`, `sha_${bits}`]) {
      const checksum = { algorithm: `sha-${bits}`, digest } as Checksum;
      assertEquals(parseChecksum(`${name}:${digest}`), { type: "checksum", checksum }, name);
    }
    for (const name of [`sha3-${bits}`, `blake2b-${bits}`, `sha-512/${bits}`]) {
      assertEquals(parseChecksum(`${name}:${digest}`).type, "problem", name);
    }
  }
});

Deno.test("parseChecksum reads what formatChecksum writes", () => {
  const anyChecksum = fc.constantFrom(...CHECKSUM_ALGORITHMS).chain((algorithm) =>
    fc.uint8Array({ minLength: DIGEST_BYTES[algorithm], maxLength: DIGEST_BYTES[algorithm] })
      .map((bytes): Checksum => ({ algorithm, digest: bytes.toHex() }))
  );
  fc.assert(
    fc.property(anyChecksum, (checksum) => {
      assertEquals(parseChecksum(formatChecksum(checksum)), { type: "checksum", checksum });
    }),
  );
});

Deno.test("parseChecksum says what the text must be, and what it is", () => {
  for (const text of ["", "abc", ":", EMPTY_MD5.digest, `crc32:${EMPTY_MD5.digest}`, `sha--1:${EMPTY_MD5.digest}`]) {
    assertEquals(
      problemOf(text),
      "must be ALGORITHM:DIGEST, the algorithm one of sha-512, sha-384, sha-256, sha-224, sha-1, md5: " +
        `current value is ${JSON.stringify(text)}`,
    );
  }
  assertEquals(
    problemOf("md5:x\ny"),
    'must have 32 hexadecimal digits or 16 bytes in base64 after "md5:": current value is "md5:x\\ny"',
  );
  assert(problemOf(`md5:${"a".repeat(5000)}`).length < 400);
});

Deno.test("parseChecksum takes no digest of another length, with other characters, or with bits that do not count", () => {
  const { digest } = EMPTY_MD5;
  const base64 = "1B2M2Y8AsgTpgAmY7PhCfg";
  const wrong = [
    "",
    digest.slice(1),
    `${digest}0`,
    `${digest.slice(1)}g`,
    `${digest.slice(0, 16)} ${digest.slice(17)}`,
  ];
  wrong.push(`${base64}=`, `${base64}===`, `=${base64}`, `${base64}h`, `${base64.slice(0, -1)}h`, `${base64.slice(1)}`);
  wrong.push(`${base64.slice(0, 10)}\n${base64.slice(10)}`, `${base64.slice(1)}.`, `${base64}!`);
  for (const text of wrong) assertEquals(parseChecksum(`md5:${text}`).type, "problem", text);
  for (const text of [base64, `${base64}==`]) assertEquals(parseChecksum(`md5:${text}`).type, "checksum", text);
});

Deno.test("parseChecksum never throws, and finds only digests of the right length", () => {
  const texts = fc.tuple(fc.constantFrom("md5", "sha1", "SHA-256", ""), fc.string({ unit: "binary", maxLength: 100 }));
  fc.assert(
    fc.property(texts, ([name, rest]) => {
      const parsed = parseChecksum(`${name}:${rest}`);
      if (parsed.type === "problem") return;
      assertEquals(parsed.checksum.digest.length, DIGEST_BYTES[parsed.checksum.algorithm] * 2);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("digestFromBase64 takes no hexadecimal digits", () => {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    assertEquals(digestFromBase64(algorithm, hash(algorithm.replace("-", ""), "", "hex")), undefined);
  }
});

Deno.test("strongestChecksum goes by the algorithm, and of equal ones takes the first", () => {
  const all = CHECKSUM_ALGORITHMS.map((algorithm) => ({ algorithm, digest: "" }));
  assertEquals(CHECKSUM_ALGORITHMS, ["sha-512", "sha-384", "sha-256", "sha-224", "sha-1", "md5"]);
  for (let from = 0; from < all.length; from++) {
    assertEquals(strongestChecksum(all.slice(from).reverse()), all[from]);
  }
  const first: Checksum = { algorithm: "md5", digest: "first" };
  assertEquals(strongestChecksum([first, EMPTY_MD5]), first);
  assertEquals(strongestChecksum([]), undefined);
});
