import { assert, assertEquals } from "@std/assert";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { openFiles } from "../../ffi/open_files.ts";

Deno.test("openFiles counts what is open, and knows the limit", async () => {
  const before = openFiles(libcLibrary())!;
  assert(before.open > 3 && before.open < before.limit, `${before.open} of ${before.limit}`);
  const limits = await Deno.readTextFile("/proc/self/limits");
  assertEquals(before.limit, Number(/^Max open files +(\d+)/m.exec(limits)?.[1]));
  assertEquals(openFiles(undefined), undefined);
});
