import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { FinalNames } from "../../download/final_names.ts";

for (const library of [libcLibrary(), undefined]) {
  const way = library === undefined ? "by a link" : "in one call";
  Deno.test(`FinalNames renames ${way}, and never over anything`, async () => {
    const root = await Deno.makeTempDir();
    try {
      using names = new FinalNames(library);
      const path = (name: string) => join(root, name);
      Deno.writeTextFileSync(path("new"), "new");
      Deno.writeTextFileSync(path("file"), "mine");
      Deno.mkdirSync(path("folder"));
      Deno.symlinkSync("/nowhere", path("link"));
      for (const taken of ["file", "folder", "link"]) {
        assertThrows(() => names.give(path("new"), path(taken)), Deno.errors.AlreadyExists);
      }
      assertThrows(() => names.give(path("new"), path("no/such/folder")), Deno.errors.NotFound);
      assertThrows(() => names.give(path("gone"), path("x")), Deno.errors.NotFound);
      names.give(path("new"), path("näme 文件"));
      assertEquals([...Deno.readDirSync(root)].map(({ name }) => name.normalize()).sort(), [
        "file",
        "folder",
        "link",
        "näme 文件",
      ]);
      assertEquals(Deno.readTextFileSync(path("näme 文件")), "new");
      assertEquals(Deno.readTextFileSync(path("file")), "mine");
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}
