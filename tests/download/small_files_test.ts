import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { DownloadError } from "../../download/download_error.ts";
import { FinalNames } from "../../download/final_names.ts";
import { Manifest, type ManifestLine } from "../../download/manifest.ts";
import { FileExistsError } from "../../download/file_exists_error.ts";
import { SmallFiles } from "../../download/small_files.ts";
import { mayMount, onSmallDisk } from "../support/small_disk.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const visible = (root: string) =>
  [...Deno.readDirSync(root)].map((entry) => entry.name).filter((name) => name[0] !== ".").sort();

function line(out: string, inode: number): ManifestLine {
  const url = `http://h/${out}`;
  return {
    id: out,
    fence: "1",
    url,
    finalUrl: url,
    out,
    bytes: 1,
    inode,
    attempts: 1,
    core: 0,
    startedAt: 1,
    finishedAt: 2,
  };
}

async function inFolder(work: (root: string, files: SmallFiles, manifest: Manifest) => Promise<void>): Promise<void> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    using names = new FinalNames(libcLibrary());
    using manifest = new Manifest(root, "w");
    await work(root, new SmallFiles(names, manifest), manifest);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const journal = (root: string) => Deno.readTextFileSync(join(root, ".corehaul/manifest/w.jsonl")).trim().split("\n");

Deno.test("SmallFiles writes the line of a file before the file has its name", () =>
  inFolder(async (root, files) => {
    let before: string[] = [];
    let inode = 0;
    await files.store({ root, out: "a/b", tag: "1" }, bytes("x"), undefined, (found) => {
      before = visible(join(root, "a"));
      inode = found;
      return line("a/b", found);
    });
    assertEquals(before, ["b.part-1"]);
    assertEquals(visible(join(root, "a")), ["b"]);
    assertEquals(Deno.statSync(join(root, "a/b")).ino, inode);
    assertEquals(journal(root).map((text) => JSON.parse(text).inode), [inode]);
  }));

Deno.test("SmallFiles stores many at once, and the trouble of one is not that of the others", () =>
  inFolder(async (root, files) => {
    Deno.writeTextFileSync(join(root, "taken"), "mine");
    Deno.writeTextFileSync(join(root, "file"), "");
    const outside = await Deno.makeTempDir();
    Deno.symlinkSync(outside, join(root, "way-out"));
    const store = (out: string, make = (inode: number) => line(out, inode)) =>
      files.store({ root, out, tag: "1" }, bytes(out), undefined, make);
    const results = await Promise.allSettled([
      store("one"),
      store("taken"),
      store("stopped", () => {
        throw new DownloadError("network", "stopped");
      }),
      store("way-out/x"),
      store("file/x"),
      store("two"),
    ]);
    assertEquals(results.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    const reasons = results.map((result) => result.status === "rejected" ? result.reason : undefined);
    assertEquals(reasons[1] instanceof FileExistsError, true);
    assertEquals([reasons[2].kind, reasons[3].kind, reasons[4].kind], ["network", "name", "disk"]);
    assertEquals(visible(root), ["file", "one", "taken", "two", "way-out"]);
    assertEquals(Deno.readTextFileSync(join(root, "taken")), "mine");
    assertEquals(Deno.readTextFileSync(join(root, "two")), "two");
    assertEquals([...Deno.readDirSync(outside)], []);
    assertEquals(journal(root).map((text) => JSON.parse(text).id), ["one", "taken", "two"]);
    await Deno.remove(outside, { recursive: true });
  }));

Deno.test("SmallFiles leaves nothing under a final name if the manifest cannot be written", () =>
  inFolder(async (root, files) => {
    Deno.mkdirSync(join(root, ".corehaul"));
    Deno.writeTextFileSync(join(root, ".corehaul/manifest"), "in the way");
    const error = await assertRejects(
      () => files.store({ root, out: "a", tag: "1" }, bytes("x"), undefined, (inode) => line("a", inode)),
      DownloadError,
    );
    assertEquals(error.kind, "disk");
    assertEquals(visible(root), []);
  }));

Deno.test({
  name: "SmallFiles removes later what it may not remove for now",
  ignore: !mayMount,
  fn: () =>
    inFolder(async (elsewhere, files) => {
      await onSmallDisk(join(elsewhere, "files"), async () => {
        const root = await Deno.realPath(join(elsewhere, "files"));
        const mount = (how: string) => new Deno.Command("mount", { args: ["-o", `remount,${how}`, root] }).outputSync();
        const store = (out: string) =>
          files.store({ root, out, tag: "1" }, bytes(out), undefined, (ino) => line(out, ino));
        const refused = store("a");
        // It is written, and has yet to get its name.
        assertEquals(mount("ro").success, true);
        await assertRejects(() => refused, DownloadError, "Read-only file system");
        assertEquals(visible(root), ["a.part-1"]);
        assertEquals(mount("rw").success, true);
        await store("b");
        assertEquals(visible(root), ["b"]);
      });
    }),
});
