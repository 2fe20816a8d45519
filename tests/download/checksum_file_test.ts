import { assertEquals, assertThrows } from "@std/assert";
import { hash } from "node:crypto";
import { join } from "@std/path";
import fc from "fast-check";
import { type Checksum, CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../../download/checksum.ts";
import { ChecksumFileError, type ChecksumFileOptions, parseChecksumFile } from "../../download/checksum_file.ts";

const digestOf = (algorithm: ChecksumAlgorithm, content: string) => hash(algorithm.replace("-", ""), content, "hex");
const checksumOf = (algorithm: ChecksumAlgorithm, content: string): Checksum => ({
  algorithm,
  digest: digestOf(algorithm, content),
});
const A = digestOf("md5", "a");
const B = digestOf("md5", "b");

/** The checksums of a text. */
function checksumsOf(text: string, options?: ChecksumFileOptions): Map<string, Checksum> {
  return parseChecksumFile(text, options).checksums;
}

/** What a tool prints about files with odd names, each of which holds its own name. */
async function run(tool: string, args: string[], names: string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of names) await Deno.writeTextFile(join(folder, name), name);
    const command = new Deno.Command(tool, { args: [...args, "--", ...names], cwd: folder, env: { LC_ALL: "C" } });
    const { success, stdout, stderr } = await command.output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const LINE_NAMES = [
  "plain.zip",
  "two words",
  " space first",
  "*star",
  "new\nline",
  "back\\slash",
  "\\n",
  "a\\\nb",
  "-dash",
];
LINE_NAMES.push("(paren) = 00", "x) = y", "#comment", "文件", "MD5 (x) = 00", "end\\");
const TOOLS: [string, ChecksumAlgorithm][] = [
  ["md5sum", "md5"],
  ["sha1sum", "sha-1"],
  ["sha224sum", "sha-224"],
  ["sha256sum", "sha-256"],
  ["sha384sum", "sha-384"],
  ["sha512sum", "sha-512"],
];

for (const [tool, algorithm] of TOOLS) {
  for (const args of [[], ["--binary"], ["--tag"]]) {
    Deno.test({
      name: `parseChecksumFile reads what ${[tool, ...args].join(" ")} writes, whatever the names`,
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        const text = await run(tool, args, LINE_NAMES);
        const expected = new Map(LINE_NAMES.map((name) => [name, checksumOf(algorithm, name)]));
        assertEquals(checksumsOf(text), expected);
        const crlf = text.replaceAll("\n", "\r\n");
        assertEquals(checksumsOf(crlf), expected);
      },
    });
  }
}

Deno.test("parseChecksumFile reads any names in all three forms", () => {
  const names = fc.string({ unit: "binary", minLength: 1, maxLength: 20 })
    .map((name) => name.replaceAll("\0", "").replace(/^[./]+/, "")).filter((name) => name !== "");
  const escaped = (name: string) => name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  const forms = [
    (name: string, digest: string) => `${digest}  ${name}`,
    (name: string, digest: string) => `${digest} *${name}`,
    (name: string, digest: string, tag: string) => `${tag} (${name}) = ${digest}`,
  ];
  const entries = fc.uniqueArray(
    fc.record({ name: names, algorithm: fc.constantFrom(...CHECKSUM_ALGORITHMS), form: fc.constantFrom(...forms) }),
    { selector: ({ name }) => name, maxLength: 20 },
  );
  fc.assert(
    fc.property(entries, fc.constantFrom("\n", "\r\n"), (entries, end) => {
      const text = entries.map(({ name, algorithm, form }) => {
        const tag = algorithm.replace("-", "").toUpperCase();
        const line = form(escaped(name), digestOf(algorithm, name), tag);
        return (escaped(name) === name ? line : `\\${line}`) + end;
      }).join("");
      const expected = new Map(entries.map(({ name, algorithm }) => [name, checksumOf(algorithm, name)]));
      assertEquals(checksumsOf(text), expected);
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseChecksumFile reads what other tools and editors write", () => {
  const checksum = checksumOf("md5", "a");
  const base64 = hash("md5", "a", "base64");
  const lines = [
    `${A} a`,
    `${A}\ta`,
    `  ${A}  a`,
    `${A.toUpperCase()}  a`,
    `${A}  ./a`,
    `${A} *././/a`,
    `MD5(a)= ${A}`,
    `MD5 (a) = ${base64}`,
    `md5 (./a) = ${A.toUpperCase()}`,
    `\ufeff${A}  a`,
    `# made by hand\r\n\r\n \t\n  # end\n${A}  a`,
  ];
  for (const line of lines) assertEquals(checksumsOf(line), new Map([["a", checksum]]), line);
  assertEquals(
    checksumsOf(`SHA2-256(a)= ${digestOf("sha-256", "a")}`),
    new Map([["a", checksumOf("sha-256", "a")]]),
  );
  for (const text of ["", "\n", "\r\n\r\n", "# only this", "\ufeff"]) assertEquals(checksumsOf(text), new Map());
});

Deno.test("parseChecksumFile takes a backslash in a name as it is where the line does not begin with one", () => {
  assertEquals(checksumsOf(`${A}  a\\nb`), new Map([["a\\nb", checksumOf("md5", "a")]]));
});

Deno.test("parseChecksumFile keeps the strongest checksum of a name", () => {
  const lines = CHECKSUM_ALGORITHMS.map((algorithm) => `${digestOf(algorithm, "a")}  a`);
  const expected = new Map([["a", checksumOf("sha-512", "a")]]);
  assertEquals(checksumsOf(lines.join("\n")), expected);
  assertEquals(checksumsOf(lines.toReversed().join("\n")), expected);
});

Deno.test("parseChecksumFile passes over lines that are no checksums, and says how many and which is the first", () => {
  const wrong = ["a", `${A} `, `${A}  `, `${A} *`, `${A}a  a`, `${A}-a`, `${A}  ./`, `MD5 () = ${A}`, `MD5 (a) = `];
  wrong.push(`MD5 (a) ${A}`, `SHA1 (a) = ${A}`, `SHA384 (a) = ${A}`, `Size (a) = 12`, `${A}${A}a  a`);
  wrong.push(`\\${A}  a\\x`, `\\${A}  a\\`, "\\", "<!DOCTYPE html>", "untrusted comment: signify", A);
  wrong.push(`BLAKE2b (a) = ${A}`, `RMD160 (a) = ${A}`, "DIST a.tar 12 BLAKE2B aa SHA512 bb", "RWQS90bYzZ4XFms5");
  for (const text of wrong) {
    const { checksums, passedOver } = parseChecksumFile(`\n${B}  b\r\n${text}\n${text}\n`);
    assertEquals(checksums, new Map([["b", checksumOf("md5", "b")]]));
    assertEquals(passedOver, { count: 2, line: 3, text }, text);
  }
});

Deno.test("parseChecksumFile refuses a file in which nothing is a checksum, and names its first line", () => {
  for (const text of ["<!DOCTYPE html>", "404 Not Found", A, `${A}a  a`]) {
    const error = assertThrows(() => parseChecksumFile(`\n${text}\nnothing\n`), ChecksumFileError);
    assertEquals(
      [error.line, error.message],
      [
        2,
        'Cannot read line 2 as it must be "DIGEST  NAME" or "ALGORITHM (NAME) = DIGEST", the algorithm one of ' +
        `sha-512, sha-384, sha-256, sha-224, sha-1, md5: current value is ${JSON.stringify(text)}`,
      ],
    );
  }
  for (const text of [`BLAKE2b (a) = ${A}`, "DIST a 1 BLAKE2B aa SHA512 bb", `# BLAKE3\n${A}  a`]) {
    assertEquals(checksumsOf(text), new Map(), text);
  }
});

const SHA256 = digestOf("sha-256", "a");
const SHA512 = digestOf("sha-512", "a");

Deno.test("parseChecksumFile goes by the name of the file, and by the length only where nothing else tells", () => {
  const one = (text: string, options: ChecksumFileOptions) => {
    const { checksums, byLength } = parseChecksumFile(text, options);
    return [checksums.get("a")?.algorithm, ...byLength];
  };
  for (const fileName of ["SHA256SUMS", "sha256sum.txt", "a-1.0_sha-256.asc", "a.iso.SHA256", "SHA2-256SUMS"]) {
    assertEquals(one(`${SHA256}  a`, { fileName }), ["sha-256"], fileName);
    assertEquals(one(`# ${SHA256.length} digits\n${SHA512}  a\nSHA256 (b) = ${SHA256}`, { fileName }), [undefined]);
  }
  for (
    const fileName of ["B2SUMS", "a.b2", "b2sum.txt", "blake2b.txt", "a.blake2b512", "SHA3-512SUMS", "sha512-256.txt"]
  ) {
    assertEquals(one(`${SHA512}  a`, { fileName }), [undefined], fileName);
  }
  for (const fileName of ["B3SUMS", "a.b3", "a.b3sum", "blake3.txt", "sha3-256"]) {
    assertEquals(one(`${SHA256}  a`, { fileName }), [undefined], fileName);
  }
  for (const fileName of [undefined, "SUMS", "checksums.txt", "md5-and-sha256.txt", "ab2.txt", "web3.txt"]) {
    const options = fileName === undefined ? {} : { fileName };
    assertEquals(one(`${SHA256}  a`, options), ["sha-256", "sha-256"], fileName);
    assertEquals(one(`SHA256 (a) = ${SHA256}`, options), ["sha-256"]);
  }
});

Deno.test("parseChecksumFile takes the algorithm that it is told, where no line names another one", () => {
  const options = { algorithm: "sha-256", fileName: "B3SUMS" } as const;
  assertEquals(checksumsOf(`${SHA256}  a\n${SHA512}  a`, options), new Map([["a", checksumOf("sha-256", "a")]]));
  assertEquals(checksumsOf(`${SHA256}  a\nSHA512 (a) = ${SHA512}`, options).get("a")?.algorithm, "sha-512");
});

Deno.test("parseChecksumFile goes by the headings within the file", () => {
  const text = (first: string, second: string) => `${first}\n${SHA256}  a\n\n${second}\n${SHA256}  b\n`;
  for (const heading of ["# SHA256", "## SHA-256 checksums ##", "SHA256:", "sha256sums", "=== SHA256 hashes ==="]) {
    for (const other of ["# BLAKE3", "b3sum:", "## BLAKE2s-256", "SHA512/256", "// sha3-256"]) {
      const { checksums, byLength } = parseChecksumFile(text(heading, other), { fileName: "SUMS" });
      assertEquals([[...checksums.keys()], byLength], [["a"], []], `${heading} ${other}`);
    }
  }
});

Deno.test("parseChecksumFile reads a signed file, and says that it is signed", () => {
  const signed = [
    "-----BEGIN PGP SIGNED MESSAGE-----",
    "Hash: SHA512",
    "",
    "# a comment",
    `${SHA256}  a`,
    `- ${SHA256}  -dash`,
    "-----BEGIN PGP SIGNATURE-----",
    "Version: GnuPG v2",
    "",
    "iQIzBAEBCAAdFiEEg",
    A,
    "-----END PGP SIGNATURE-----",
    "",
  ].join("\r\n");
  const file = parseChecksumFile(signed, { fileName: "SHA256SUMS" });
  assertEquals([[...file.checksums.keys()], file.passedOver, file.signed], [["a", "-dash"], undefined, true]);
});

Deno.test("parseChecksumFile reads names before digests, and digests alone that the name of the file explains", () => {
  for (const line of [`a  ${A}`, `a\t${A.toUpperCase()}`, `a: ${A}`, `./a ${A}`]) {
    assertEquals(checksumsOf(line), new Map([["a", checksumOf("md5", "a")]]), line);
  }
  const alone = [["a.md5", A], ["a.sha256", SHA256], ["a.SHA256SUM", `${SHA256.toUpperCase()} `], [
    "a.sha512.txt",
    SHA512,
  ]];
  for (const [fileName, text] of [...alone, ["a.md5", `MD5: ${A}`], ["a.sha256sums", `sha256=${SHA256}`]]) {
    assertEquals([...checksumsOf(`${text}\n`, { fileName: fileName! }).keys()], ["a"], `${fileName} ${text}`);
  }
});

Deno.test("parseChecksumFile reads digests in groups, as gpg and Apache write them", () => {
  const groups = (text: string, size: number) => text.toUpperCase().match(new RegExp(`.{${size}}`, "g"))!;
  const wrapped = (name: string, parts: string[]) =>
    `${name}: ${parts.slice(0, 8).join(" ")}\n${" ".repeat(name.length + 2)}${parts.slice(8).join(" ")}\n`;
  const text = [
    `a:    MD5 = ${groups(A, 2).join(" ")}`,
    `a:   SHA1 = ${groups(digestOf("sha-1", "a"), 4).join(" ")}`,
    `a: RMD160 = ${groups(digestOf("sha-1", "a"), 4).join(" ")}`,
    wrapped("a: SHA512 =", groups(SHA512, 8)).replace("=:", "="),
    wrapped("sub/long-name.tar.gz", groups(digestOf("sha-512", "long"), 8)),
    `other.tar.gz:\n  ${groups(digestOf("sha-512", "o"), 8).slice(0, 8).join(" ")}`,
    `  ${groups(digestOf("sha-512", "o"), 8).slice(8).join(" ")}`,
    `${A}  plain`,
  ].join("\n");
  assertEquals(
    checksumsOf(text),
    new Map([
      ["a", checksumOf("sha-512", "a")],
      ["sub/long-name.tar.gz", checksumOf("sha-512", "long")],
      ["other.tar.gz", checksumOf("sha-512", "o")],
      ["plain", checksumOf("md5", "plain")],
    ]).set("plain", { algorithm: "md5", digest: A }),
  );
});

Deno.test("parseChecksumFile reads indented lines below a text with a colon, however long their digests are", () => {
  const digest = digestOf("sha-512", "a");
  const text = `The files:\n  ${digest}  a.iso\n\t${digest} *b.iso\n    ${digest} -\n`;
  assertEquals([...checksumsOf(text).keys()], ["a.iso", "b.iso", "-"]);
  // Nor does it matter how long a line is that is something else.
  const long = `a${" ".repeat(1_000_000)}!\n${digest}  a.iso\n`;
  assertEquals([...checksumsOf(long).keys()], ["a.iso"]);
});

Deno.test("parseChecksumFile takes what b2sum writes for no SHA-512", async () => {
  const text = await run("b2sum", [], ["one"]);
  assertEquals(checksumsOf(text, { fileName: "B2SUMS" }), new Map());
  assertEquals(checksumsOf(await run("b2sum", ["--tag"], ["one"])), new Map());
});

Deno.test("parseChecksumFile refuses two digests for one name, and takes the same one twice", () => {
  assertEquals(checksumsOf(`${A}  a\n${A} *./a\n`).size, 1);
  const stronger = `${digestOf("sha-256", "a")}  a`;
  for (const between of ["# nothing", stronger]) {
    const error = assertThrows(
      () => parseChecksumFile(`${A}  a\n${between}\nMD5 (./a) = ${B}\n`),
      ChecksumFileError,
      `Cannot read line 3 as it must have the digest that line 1 has for the same name, ${A}: ` +
        `current value is "MD5 (./a) = ${B}"`,
    );
    assertEquals([error.code, error.line], ["checksum_file", 3]);
  }
});
