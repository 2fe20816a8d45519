import { assert, assertEquals } from "@std/assert";
import { libcLibrary } from "../../ffi/libc_library.ts";

const linux = Deno.build.os === "linux";

Deno.test({ name: "libcLibrary finds the library that this process runs on", ignore: !linux }, () => {
  const path = libcLibrary();
  assert(path !== undefined && path.startsWith("/"));
  assert(Deno.readTextFileSync("/proc/self/maps").includes(path));
  const library = Deno.dlopen(path, { getpid: { parameters: [], result: "i32" } });
  assertEquals(library.symbols.getpid(), Deno.pid);
  library.close();
});

Deno.test({ name: "libcLibrary tries the usual places without a memory map", ignore: !linux }, () => {
  const path = libcLibrary({ maps: "" });
  assert(path !== undefined);
  Deno.dlopen(path, { getpid: { parameters: [], result: "i32" } }).close();
});

Deno.test({ name: "libcLibrary finds nothing outside Linux", ignore: linux }, () => {
  assertEquals(libcLibrary(), undefined);
});

for (
  const path of [
    "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/x86_64-linux-gnu/libc-2.31.so",
    "/usr/local/lib with space/libc.so.6",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
    "/lib/libc.musl-aarch64.so.1",
    "/usr/lib/libc.so",
  ]
) {
  Deno.test(`libcLibrary recognises ${path}`, () => {
    assertEquals(libcLibrary({ maps: memoryMap("/usr/lib/libcrypto.so.3", path, "/usr/lib/libm.so.6") }), path);
  });
}

Deno.test("libcLibrary passes over look-alikes and replaced files", () => {
  const found = libcLibrary({
    maps: memoryMap(
      "/usr/lib/libcap.so.2",
      "/usr/lib/libc++.so.1",
      "/usr/lib/libc.so.6 (deleted)",
      "[heap]",
      "/opt/libc.so.6",
    ),
  });
  assertEquals(found, "/opt/libc.so.6");
});

function memoryMap(...paths: string[]): string {
  const lines = paths.map((path) => `7f2f667ca000-7f2f66920000 r-xp 00026000 fe:00 339380                     ${path}`);
  return ["7f2f66000000-7f2f66020000 rw-p 00000000 00:00 0 ", ...lines, ""].join("\n");
}
