import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readChecksumFile } from "../../app/read_checksum_file.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { TempDir } from "../support/temp_dir.ts";

const MD5 = "d41d8cd98f00b204e9800998ecf8427e";
const SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

Deno.test("readChecksumFile gives the strongest checksum of each name as algorithm:digest", async () => {
  await using home = await TempDir.create();
  const file = await home.write("SUMS", `# all\n${MD5}  a\n${SHA1} *a\nMD5 (sub/b) = ${MD5.toUpperCase()}\r\n`);
  assertEquals([...await readChecksumFile(file)], [["a", `sha-1:${SHA1}`], ["sub/b", `md5:${MD5}`]]);
  assertEquals((await readChecksumFile(await home.write("EMPTY", ""))).size, 0);
});

Deno.test("readChecksumFile names the file that it cannot read, and the line that it cannot take", async () => {
  await using home = await TempDir.create();
  const missing = await assertRejects(() => readChecksumFile(home.join("none")), CfgError);
  assertEquals(missing.problems.map(({ field }) => field), ["checksumFile"]);
  assertStringIncludes(missing.message, JSON.stringify(home.join("none")));
  const file = await home.write("SUMS", `\n${SHA1}\n`);
  const bad = await assertRejects(() => readChecksumFile(file), CfgError);
  for (const part of [JSON.stringify(file), "line 2", JSON.stringify(SHA1)]) assertStringIncludes(bad.message, part);
});

Deno.test("readChecksumFile warns once of lines that it passes over, and if only the length tells the algorithm", async () => {
  await using home = await TempDir.create();
  const warningsOf = async (name: string, text: string, options = {}) => {
    const warnings: string[] = [];
    const logger = { warn: (message: string) => warnings.push(message) };
    const file = await home.write(name, text);
    const checksums = await readChecksumFile(file, { logger, ...options });
    return [[...checksums.keys()].join(), ...warnings.map((each) => each.replace(`--checksum-file "${file}": `, ""))];
  };
  const byLength =
    "only the length of its digests says that they are md5: --checksum-algo names the algorithm, so does a " +
    "name such as SHA256SUMS";
  assertEquals(await warningsOf("SUMS", `${MD5}  a\n`), ["a", byLength]);
  assertEquals(await warningsOf("SUMS", `${MD5}  a\n`, { algorithm: "md5" }), ["a"]);
  assertEquals(await warningsOf("MD5SUMS", `${MD5}  a\nb\n${SHA1}  c\n`), [
    "a",
    '2 lines are no checksums of a known algorithm and are passed over, the first is line 2, "b"',
  ]);
});
