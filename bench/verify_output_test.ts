import { assertEquals, assertStringIncludes } from "@std/assert";
import { payloadName } from "./payload.ts";
import { verifyOutput } from "./verify_output.ts";
import { writeSource } from "./write_source.ts";

const MIB = 1 << 20;

async function withFiles(
  files: number,
  size: number,
  body: (folder: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await writeSource(folder, { files, size });
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const size of [1, 100, 10_240, MIB - 1, MIB, MIB + 1, 2 * MIB + 700]) {
  Deno.test(`verifyOutput accepts its own source and finds each damage, files of ${size} bytes`, async () => {
    await withFiles(2, size, async (folder) => {
      assertEquals(await verifyOutput(folder, { files: 2, size }), undefined);
      const path = `${folder}/${payloadName(1)}`;
      const good = await Deno.readFile(path);
      const longer = new Uint8Array(size + 1);
      longer.set(good);
      const damages: [string, Uint8Array][] = [
        [`has ${size - 1} bytes`, good.subarray(0, -1)],
        ["is longer", longer],
        ["differs", good.with(size - 1, (good[size - 1] ?? 0) ^ 1)],
      ];
      for (const [text, bytes] of damages) {
        await Deno.writeFile(path, bytes);
        assertStringIncludes(await verifyOutput(folder, { files: 2, size }) ?? "", text);
      }
    });
  });
}

Deno.test("verifyOutput notices files that changed places", async () => {
  await withFiles(2, 100, async (folder) => {
    const [a, b] = [`${folder}/${payloadName(0)}`, `${folder}/${payloadName(1)}`];
    await Deno.rename(a, `${folder}/.x`);
    await Deno.rename(b, a);
    await Deno.rename(`${folder}/.x`, b);
    assertStringIncludes(await verifyOutput(folder, { files: 2, size: 100 }) ?? "", "2 of 2 files are wrong");
  });
});

Deno.test("verifyOutput counts every name but those with a leading dot", async () => {
  await withFiles(2, 100, async (folder) => {
    await Deno.mkdir(`${folder}/.corehaul`);
    assertEquals(await verifyOutput(folder, { files: 2, size: 100 }), undefined);
    await Deno.writeTextFile(`${folder}/left.part`, "");
    assertStringIncludes(await verifyOutput(folder, { files: 2, size: 100 }) ?? "", "3 found");
    await Deno.remove(`${folder}/${payloadName(0)}`);
    assertStringIncludes(await verifyOutput(folder, { files: 2, size: 100 }) ?? "", "is missing");
  });
});

Deno.test("verifyOutput takes files of different lengths, and each for its own", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const wanted = { files: 3, size: 900, sizes: [10, 900, 0] };
    await writeSource(folder, wanted);
    assertEquals(await verifyOutput(folder, wanted), undefined);
    assertStringIncludes(await verifyOutput(folder, { ...wanted, sizes: [10, 899, 0] }) ?? "", "is longer than 899");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
