import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DownloadError } from "../../download/download_error.ts";
import { fileMark } from "../../download/file_mark.ts";
import { FinalNames } from "../../download/final_names.ts";
import { PartFile } from "../../download/part_file.ts";

const final = new FinalNames();
const of = (root: string, out: string, tag = "1", url = "http://h/x", bootId = "boot-1") => ({
  root,
  out,
  tag,
  url,
  bootId,
});
const bytes = (text: string) => new TextEncoder().encode(text);

async function inFolder(work: (root: string) => void | Promise<void>): Promise<void> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    await work(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const names = (root: string) => [...Deno.readDirSync(root)].map((entry) => entry.name).sort();

Deno.test("PartFile becomes the finished file, and leaves nothing else", () =>
  inFolder((root) => {
    using part = PartFile.open(of(root, "a/b/c", "1"));
    part.begin(0);
    part.write(bytes("one "));
    part.write(bytes("two"));
    assertEquals(names(join(root, "a/b")), ["c.part"]);
    assertEquals(part.bytes, 7);
    part.finish(final);
    assertEquals(names(join(root, "a/b")), ["c"]);
    assertEquals(Deno.readTextFileSync(join(root, "a/b/c")), "one two");
    assertEquals(Deno.statSync(join(root, "a/b/c")).ino, part.inode);
  }));

Deno.test("PartFile removes what was not finished", () =>
  inFolder((root) => {
    {
      using part = PartFile.open(of(root, "a", "1"));
      part.begin(0);
      part.write(bytes("half"));
    }
    assertEquals(names(root), []);
  }));

Deno.test("PartFile starts over an unfinished file that nobody holds", () =>
  inFolder((root) => {
    Deno.writeTextFileSync(join(root, "a.part"), "left by a crash");
    using part = PartFile.open(of(root, "a", "1"));
    part.begin(0);
    part.write(bytes("new"));
    part.finish(final);
    assertEquals(Deno.readTextFileSync(join(root, "a")), "new");
    assertEquals(names(root), ["a"]);
  }));

Deno.test("PartFile leaves an unfinished file alone that another writer holds", () =>
  inFolder((root) => {
    using first = PartFile.open(of(root, "a", "1"));
    first.begin(0);
    first.write(bytes("first"));
    using second = PartFile.open(of(root, "a", "2"));
    second.begin(0);
    second.write(bytes("second"));
    assertEquals(names(root), ["a.part", "a.part-2"]);
    second.finish(final);
    const error = assertThrows(() => first.finish(final), DownloadError, "is there already");
    assertEquals([error.kind, error.retryable], ["disk", false]);
    assertEquals(Deno.readTextFileSync(join(root, "a")), "second");
  }));

Deno.test("PartFile never replaces a file, a folder or a broken link that has the name", () =>
  inFolder((root) => {
    Deno.writeTextFileSync(join(root, "file"), "mine");
    Deno.mkdirSync(join(root, "folder"));
    Deno.symlinkSync("/nowhere", join(root, "link"));
    for (const out of ["file", "folder", "link"]) {
      using part = PartFile.open(of(root, out, "1"));
      part.begin(0);
      part.write(bytes("theirs"));
      assertThrows(() => part.finish(final), DownloadError, "is there already");
    }
    assertEquals(Deno.readTextFileSync(join(root, "file")), "mine");
    assertEquals(Deno.readLinkSync(join(root, "link")), "/nowhere");
  }));

Deno.test("PartFile follows no link out of the download folder", () =>
  inFolder(async (root) => {
    const outside = await Deno.makeTempDir();
    Deno.symlinkSync(outside, join(root, "sub"));
    Deno.writeTextFileSync(join(outside, "precious"), "precious");
    Deno.symlinkSync(join(outside, "precious"), join(root, "a.part"));
    for (const out of ["sub/a", "sub/new/deep/a"]) {
      assertThrows(() => PartFile.open(of(root, out, "1")), DownloadError, "leads out");
    }
    using part = PartFile.open(of(root, "a", "1"));
    part.begin(0);
    part.write(bytes("ours"));
    part.finish(final);
    assertEquals(names(outside), ["precious"]);
    assertEquals(Deno.readTextFileSync(join(outside, "precious")), "precious");
    await Deno.remove(outside, { recursive: true });
  }));

Deno.test({
  name: "PartFile writes into no pipe that stands under the name of an unfinished file, and reads its state from none",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (root) => {
      const pipes = ["a.part", "a.part-info"].map((name) => join(root, name));
      assertEquals((await new Deno.Command("mkfifo", { args: pipes }).output()).code, 0);
      assertEquals(PartFile.urlLeft(root, "a"), undefined);
      using part = PartFile.open(of(root, "a", "1"));
      part.begin(0);
      // More than a pipe takes without a reader.
      part.write(new Uint8Array(1_000_000));
      part.finish(final);
      assertEquals(Deno.lstatSync(join(root, "a")).size, 1_000_000);
    }),
});

Deno.test("PartFile reports what the disk refuses as an error of the task", () =>
  inFolder((root) => {
    Deno.writeTextFileSync(join(root, "file"), "");
    const error = assertThrows(() => PartFile.open(of(root, "file/a", "1")), DownloadError);
    assertEquals([error.kind, error.retryable], ["disk", false]);
  }));

Deno.test("PartFile never empties a finished file that a crash left with two names", () =>
  inFolder((root) => {
    Deno.writeTextFileSync(join(root, "a.part"), "whole");
    Deno.linkSync(join(root, "a.part"), join(root, "moved"));
    using part = PartFile.open(of(root, "a", "1"));
    part.begin(0);
    part.write(bytes("again"));
    part.finish(final);
    assertEquals(Deno.readTextFileSync(join(root, "moved")), "whole");
    assertEquals(Deno.readTextFileSync(join(root, "a")), "again");
  }));

const STATE = { url: "http://h/x", length: 9, etag: '"e"', bootId: "boot-1", synced: 0 };

for (const replace of [false, true, "a mark"]) {
  Deno.test(`PartFile that was overtaken while it could be continued leaves nothing (replace: ${replace})`, () =>
    inFolder((root) => {
      if (replace !== false) Deno.writeTextFileSync(join(root, "a"), "an older version");
      const mark = () => replace === "a mark" ? fileMark(Deno.lstatSync(join(root, "a"))) : replace === true;
      const late = PartFile.open({ ...of(root, "a", "1"), replace: mark() });
      late.begin(0, STATE);
      late.write(bytes("half"));
      {
        using faster = PartFile.open({ ...of(root, "a", "2"), replace: mark() });
        faster.begin(0, STATE);
        faster.write(bytes("whole one"));
        faster.finish(final);
      }
      assertEquals(names(root), ["a", "a.part", "a.part-info"], "the late one holds them");
      late[Symbol.dispose]();
      assertEquals(names(root), ["a"]);
      assertEquals(Deno.readTextFileSync(join(root, "a")), "whole one");
    }));

  Deno.test(`PartFile that is finished removes what another one has left beside it (replace: ${replace})`, () =>
    inFolder((root) => {
      if (replace !== false) Deno.writeTextFileSync(join(root, "a"), "an older version");
      const mark = () => replace === "a mark" ? fileMark(Deno.lstatSync(join(root, "a"))) : replace === true;
      const late = PartFile.open({ ...of(root, "a", "1"), replace: mark() });
      late.begin(0, STATE);
      late.write(bytes("half"));
      using faster = PartFile.open({ ...of(root, "a", "2"), replace: mark() });
      faster.begin(0, STATE);
      faster.write(bytes("whole one"));
      late[Symbol.dispose]();
      assertEquals(names(root), [...replace === false ? [] : ["a"], "a.part", "a.part-2", "a.part-info"]);
      faster.finish(final);
      assertEquals(names(root), ["a"]);
    }));
}
