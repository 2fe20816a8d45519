import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Manifest, type ManifestLine } from "../../download/manifest.ts";

function line(out: string, bytes: number, url = `http://h/${out}`): ManifestLine {
  return {
    id: "t1",
    fence: "1",
    url,
    finalUrl: url,
    out,
    bytes,
    inode: 1,
    etag: '"e"',
    attempts: 1,
    core: 0,
    startedAt: 1,
    finishedAt: bytes,
  };
}

Deno.test("Manifest knows what any writer finished, by url, path and size", async () => {
  const root = await Deno.makeTempDir();
  try {
    using first = new Manifest(root, "w-0");
    using second = new Manifest(root, "w-1");
    first.append([line("a", 5), line("a", 7)]);
    second.append([line("b", 1)]);
    using reader = new Manifest(root, "w-2");
    assertEquals(await reader.find("http://h/a", "a", 7), { bytes: 7, finalUrl: "http://h/a", etag: '"e"' });
    assertEquals((await reader.find("http://h/b", "b", 1))?.bytes, 1);
    assertEquals(await reader.find("http://h/a", "a", 5), undefined);
    assertEquals(await reader.find("http://h/other", "a", 7), undefined);
    assertEquals(await reader.find("http://h/c", "c", 7), undefined);
    assertEquals([...Deno.readDirSync(join(root, ".corehaul/manifest"))].length, 2);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("Manifest tolerates a line that a crash tore", async () => {
  const root = await Deno.makeTempDir();
  try {
    const folder = join(root, ".corehaul/manifest");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "x.jsonl"), JSON.stringify(line("a", 5)) + '\n{"id":"t2","ou');
    using manifest = new Manifest(root, "w");
    assertEquals((await manifest.find("http://h/a", "a", 5))?.bytes, 5);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("Manifest takes a line back, and then knows the older one again", async () => {
  const root = await Deno.makeTempDir();
  try {
    using winner = new Manifest(root, "w-0");
    using loser = new Manifest(root, "w-1");
    winner.append([line("a", 5)]);
    loser.append([{ ...line("a", 5), fence: "2", etag: '"late"', finishedAt: 9 }]);
    assertEquals((await winner.find("http://h/a", "a", 5))?.etag, '"late"');
    loser.void({ fence: "2", out: "a" });
    using reader = new Manifest(root, "w-2");
    assertEquals((await reader.find("http://h/a", "a", 5))?.etag, '"e"');
    winner.void({ fence: "1", out: "a" });
    assertEquals(await loser.find("http://h/a", "a", 5), undefined);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("Manifest reads on where it was, while others write", async () => {
  const root = await Deno.makeTempDir();
  try {
    using writer = new Manifest(root, "w-0");
    using reader = new Manifest(root, "w-1");
    for (let size = 1; size <= 50; size++) {
      writer.append([line(`f${size}`, size)]);
      const [found, missing] = await Promise.all([
        reader.find(`http://h/f${size}`, `f${size}`, size),
        reader.find("http://h/none", "none", 1),
      ]);
      assertEquals([found?.bytes, missing], [size, undefined]);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("Manifest tells versions of one size apart by the inode, and takes the newest for a copied file", async () => {
  const root = await Deno.makeTempDir();
  try {
    using writer = new Manifest(root, "w-0");
    using reader = new Manifest(root, "w-1");
    const find = async (inode?: number) => (await reader.find("http://h/a", "a", 5, inode))?.etag;
    writer.append([{ ...line("a", 5), etag: '"old"', inode: 1 }]);
    assertEquals(await find(1), '"old"');
    // A crash came before the new file was there.
    writer.append([{ ...line("a", 5), etag: '"new"', inode: 2, finishedAt: 9 }]);
    assertEquals([await find(1), await find(2), await find(3), await find()], ['"old"', '"new"', '"new"', '"new"']);
    writer.append([{ ...line("a", 7), inode: 3, finishedAt: 10 }]);
    assertEquals([await find(1), await find(4)], ['"old"', undefined]);
    writer.append([{ ...line("a", 5, "http://other/"), inode: 1, finishedAt: 11 }]);
    assertEquals(await find(1), '"old"');
    using late = new Manifest(root, "w-2");
    assertEquals(await late.find("http://h/a", "a", 5, 1), undefined);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
