import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { Manifest, type ManifestLine } from "../../download/manifest.ts";
import { ManifestTable } from "../../download/manifest_table.ts";

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

Deno.test("Manifest goes on in another file when one is full, and takes lines back across files", async () => {
  const root = await Deno.makeTempDir();
  try {
    using writer = new Manifest(root, "w-0", { fullBytes: 500 });
    using other = new Manifest(root, "w-1", { fullBytes: 500 });
    using reader = new Manifest(root, "w-2");
    for (let size = 1; size <= 20; size++) {
      writer.append([line(`f${size}`, size)]);
      assertEquals((await reader.find(`http://h/f${size}`, `f${size}`, size))?.bytes, size);
    }
    other.append([line("f1", 1)]);
    writer.void({ fence: "1", out: "f2" });
    // The same claim and path, but not of this writer.
    other.void({ fence: "1", out: "f3" });
    await writer.sync();
    writer.append([line("last", 1)]);
    const names = [...Deno.readDirSync(join(root, ".corehaul/manifest"))].map(({ name }) => name);
    assert(names.includes("w-0.jsonl") && names.includes("w-0.5.jsonl"), `${names}`);
    for (const name of names) assert(Deno.statSync(join(root, ".corehaul/manifest", name)).size < 1000);
    using late = new Manifest(root, "w-3");
    for (let size = 1; size <= 20; size++) {
      const found = await late.find(`http://h/f${size}`, `f${size}`, size);
      assertEquals(found?.bytes, size === 2 ? undefined : size);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("Manifest begins a line of its own behind one that a crash tore", async () => {
  const root = await Deno.makeTempDir();
  try {
    const path = join(root, ".corehaul/manifest/w.2.jsonl");
    {
      using writer = new Manifest(root, "w", { fullBytes: 10 });
      writer.append([line("a", 5)]);
      writer.append([line("b", 5)]);
    }
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)) + '{"id":"t2","ou');
    using writer = new Manifest(root, "w");
    writer.append([line("c", 5)]);
    for (const out of ["a", "b", "c"]) assertEquals((await writer.find(`http://h/${out}`, out, 5))?.bytes, 5);
    assertEquals([...Deno.readDirSync(join(root, ".corehaul/manifest"))].length, 2);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("ManifestTable finds the newest line of each of very many paths", () => {
  const table = new ManifestTable();
  const count = 20_000;
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < count; i++) {
      // The second round is the newest of every third path.
      const finishedAt = round === 1 && i % 3 === 0 ? 9 : round;
      table.add("w", { out: `folder/${i}`, fence: `${round}`, finishedAt }, { file: round, offset: i * 300 });
    }
  }
  table.void("w", { out: "folder/5", void: "2" });
  table.void("other", { out: "folder/7", void: "2" });
  assertEquals(table.size, 3 * count);
  for (let i = 0; i < count; i++) {
    const file = i % 3 === 0 || i === 5 ? 1 : 2;
    assertEquals(table.find(`folder/${i}`), { file, offset: i * 300 });
    assert(table.isNewest(`folder/${i}`, { file, offset: i * 300 }));
    assert(!table.isNewest(`folder/${i}`, { file: 0, offset: i * 300 }));
  }
  assertEquals(table.find("folder/-1"), undefined);
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

/** Only root can make a small disk. */
const mayMount = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test({
  name: "Manifest takes back what came on a full disk in part only, and tears no further line",
  ignore: !mayMount,
  async fn() {
    const root = await Deno.makeTempDir();
    const mount = (...args: string[]) => new Deno.Command(args[0]!, { args: args.slice(1) }).outputSync().success;
    assert(mount("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", root));
    try {
      using manifest = new Manifest(root, "w");
      manifest.append([line("before", 1)]);
      const filler = Deno.openSync(join(root, "filler"), { write: true, createNew: true });
      assertThrows(() => {
        while (true) filler.writeSync(new Uint8Array(4096));
      });
      filler.close();
      const many = Array.from({ length: 100 }, (_, i) => line(`lost${i}`, 1));
      assertThrows(() => manifest.append(many), Error, "No space left");
      assertThrows(() => manifest.append(many), Error, "No space left");
      Deno.removeSync(join(root, "filler"));
      manifest.append([line("after", 1)]);
      manifest.append([line("later", 1)]);
      // The same writer once more, whose file ends within a line.
      const own = join(root, ".corehaul/manifest/w.jsonl");
      Deno.writeTextFileSync(own, '{"id":"torn","out":"', { append: true });
      const rest = Deno.openSync(join(root, "filler"), { write: true, createNew: true });
      Deno.writeTextFileSync(own, " ".repeat(4096 - Deno.statSync(own).size % 4096), { append: true });
      assertThrows(() => {
        while (true) rest.writeSync(new Uint8Array(4096));
      });
      rest.close();
      using again = new Manifest(root, "w");
      assertThrows(() => again.append([line("none", 1)]), Error, "No space left");
      Deno.removeSync(join(root, "filler"));
      again.append([line("last", 1)]);
      using reader = new Manifest(root, "r");
      const known = async (out: string) => (await reader.find(`http://h/${out}`, out, 1)) !== undefined;
      assertEquals(await Promise.all(["before", "after", "later", "last"].map(known)), [true, true, true, true]);
      for (const { out } of many) assert(!await known(out), out);
    } finally {
      mount("umount", root);
      await Deno.remove(root);
    }
  },
});
