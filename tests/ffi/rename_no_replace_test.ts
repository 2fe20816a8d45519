import { assertEquals } from "@std/assert";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { RenameNoReplace } from "../../ffi/rename_no_replace.ts";

Deno.test(
  { name: "RenameNoReplace tells a taken name from every other trouble", ignore: Deno.build.os !== "linux" },
  () => {
    const folder = Deno.makeTempDirSync();
    try {
      using renamer = new RenameNoReplace(libcLibrary());
      Deno.writeTextFileSync(`${folder}/a`, "a");
      Deno.writeTextFileSync(`${folder}/b`, "b");
      assertEquals(renamer.rename(`${folder}/a`, `${folder}/b`), "exists");
      assertEquals(renamer.rename(`${folder}/a`, `${folder}/none/c`), "failed");
      assertEquals(renamer.rename(`${folder}/a`, `${folder}/${"x".repeat(5000)}`), "failed");
      // The zero byte would cut the path short.
      assertEquals(renamer.rename(`${folder}/a`, `${folder}/c\0d`), "failed");
      assertEquals(renamer.rename(`${folder}/a`, `${folder}/c`), "renamed");
      assertEquals(Deno.readTextFileSync(`${folder}/c`), "a");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);

Deno.test("RenameNoReplace fails without a library", () => {
  for (const library of [undefined, "/no/such/library.so"]) {
    using renamer = new RenameNoReplace(library);
    assertEquals(renamer.rename("/a", "/b"), "failed");
  }
});
