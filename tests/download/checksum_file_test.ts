import { assertEquals, assertThrows } from "@std/assert";
import { hash } from "node:crypto";
import { join } from "@std/path";
import fc from "fast-check";
import { type Checksum, CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../../download/checksum.ts";
import { ChecksumFileError, parseChecksumFile } from "../../download/checksum_file.ts";

const digestOf = (algorithm: ChecksumAlgorithm, content: string) => hash(algorithm.replace("-", ""), content, "hex");
const checksumOf = (algorithm: ChecksumAlgorithm, content: string): Checksum => ({
  algorithm,
  digest: digestOf(algorithm, content),
});
const A = digestOf("md5", "a");
const B = digestOf("md5", "b");

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

const ODD_NAMES = [
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
ODD_NAMES.push("(paren) = 00", "x) = y", "#comment", "文件", "MD5 (x) = 00", "end\\");
const TOOLS: [string, ChecksumAlgorithm][] = [
  ["md5sum", "md5"],
  ["sha1sum", "sha-1"],
  ["sha256sum", "sha-256"],
  ["sha512sum", "sha-512"],
];

for (const [tool, algorithm] of TOOLS) {
  for (const args of [[], ["--binary"], ["--tag"]]) {
    Deno.test({
      name: `parseChecksumFile reads what ${[tool, ...args].join(" ")} writes, whatever the names`,
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        const text = await run(tool, args, ODD_NAMES);
        const expected = new Map(ODD_NAMES.map((name) => [name, checksumOf(algorithm, name)]));
        assertEquals(parseChecksumFile(text), expected);
        const crlf = text.replaceAll("\n", "\r\n");
        assertEquals(parseChecksumFile(crlf), expected);
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
      assertEquals(parseChecksumFile(text), expected);
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
  for (const line of lines) assertEquals(parseChecksumFile(line), new Map([["a", checksum]]), line);
  assertEquals(
    parseChecksumFile(`SHA2-256(a)= ${digestOf("sha-256", "a")}`),
    new Map([["a", checksumOf("sha-256", "a")]]),
  );
  for (const text of ["", "\n", "\r\n\r\n", "# only this", "\ufeff"]) assertEquals(parseChecksumFile(text), new Map());
});

Deno.test("parseChecksumFile takes a backslash in a name as it is where the line does not begin with one", () => {
  assertEquals(parseChecksumFile(`${A}  a\\nb`), new Map([["a\\nb", checksumOf("md5", "a")]]));
});

Deno.test("parseChecksumFile keeps the strongest checksum of a name", () => {
  const lines = CHECKSUM_ALGORITHMS.map((algorithm) => `${digestOf(algorithm, "a")}  a`);
  const expected = new Map([["a", checksumOf("sha-512", "a")]]);
  assertEquals(parseChecksumFile(lines.join("\n")), expected);
  assertEquals(parseChecksumFile(lines.toReversed().join("\n")), expected);
});

Deno.test("parseChecksumFile names the line that is malformed, and its text", () => {
  const wrong = ["a", A, `${A} `, `${A}  `, `${A} *`, `${A}a  a`, `${A}-a`, `${A}  ./`, `MD5 () = ${A}`, `MD5 (a) = `];
  wrong.push(`MD5 (a) ${A}`, `SHA1 (a) = ${A}`, `SHA384 (a) = ${A}`, `Size (a) = 12`, `${A}${A}a  a`);
  wrong.push(`\\${A}  a\\x`, `\\${A}  a\\`, "\\", "<!DOCTYPE html>", "-----BEGIN PGP SIGNED MESSAGE-----");
  for (const text of wrong) {
    const error = assertThrows(() => parseChecksumFile(`\n${B}  b\r\n${text}\n`), ChecksumFileError);
    assertEquals(
      [error.line, error.message],
      [
        3,
        'Cannot read line 3 as it must be "DIGEST  NAME" or "ALGORITHM (NAME) = DIGEST", the algorithm one of ' +
        `sha-512, sha-384, sha-256, sha-224, sha-1, md5: current value is ${JSON.stringify(text)}`,
      ],
    );
  }
});

Deno.test("parseChecksumFile refuses two digests for one name, and takes the same one twice", () => {
  assertEquals(parseChecksumFile(`${A}  a\n${A} *./a\n`).size, 1);
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
