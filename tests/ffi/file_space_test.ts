import { assert, assertEquals } from "@std/assert";
import { FileSpace } from "../../ffi/file_space.ts";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { mayMount, onSmallDisk } from "../support/small_disk.ts";
import { TempDir } from "../support/temp_dir.ts";

const MIB = 1024 * 1024;

Deno.test({
  name: "FileSpace reserves the space of a file that keeps its size, and gives back that of its holes",
  ignore: !mayMount,
  fn: async () => {
    await using home = await TempDir.create();
    await onSmallDisk(home.join("disk"), async () => {
      using space = new FileSpace(libcLibrary());
      const path = home.join("disk/file");
      const free = () => Math.round(space.free(home.join("disk"))!.bytes / MIB);
      assertEquals([free(), await space.reserve(path, [[0, 1]])], [20, "unknown"]);
      await Deno.writeFile(path, new Uint8Array(MIB));
      // More than is reserved at once, and less.
      assertEquals([await space.reserve(path, [[MIB, 10 * MIB], [12 * MIB, 13 * MIB]]), free()], ["reserved", 9]);
      assertEquals((await Deno.stat(path)).size, MIB);
      for (const to of [23 * MIB, 40 * MIB]) {
        assertEquals(await space.reserve(path, [[0, 9 * MIB], [13 * MIB, to]]), "full");
      }
      // To the size that it has: what is behind its end goes.
      await Deno.truncate(path, MIB);
      assertEquals(free(), 19);
      await Deno.truncate(path, 8 * MIB);
      assertEquals([await space.reserve(path, [[0, 8 * MIB]]), free()], ["reserved", 12]);
      space.release(path, [[2 * MIB, 4 * MIB], [5 * MIB, 8 * MIB]]);
      assertEquals([free(), (await Deno.stat(path)).size], [17, 8 * MIB]);
    }, "20m");
  },
});

Deno.test("FileSpace knows and does nothing without a library, and follows no link", async () => {
  await using home = await TempDir.create();
  await home.write("file", "x");
  await Deno.symlink(home.join("file"), home.join("link"));
  using none = new FileSpace(undefined);
  assertEquals([none.free(home.path), await none.reserve(home.join("file"), [[0, 9]])], [undefined, "unknown"]);
  none.release(home.join("file"), [[0, 9]]);
  using space = new FileSpace(libcLibrary());
  const free = space.free(home.path);
  assert(free === undefined ? Deno.build.os !== "linux" : free.bytes > 0 && free.files > 0);
  assertEquals(await space.reserve(home.join("link"), [[0, 9]]), "unknown");
  assertEquals(space.free(home.join("nothing")), undefined);
});
