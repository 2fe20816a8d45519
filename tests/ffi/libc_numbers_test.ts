import { assert, assertEquals } from "@std/assert";
import { statfsSync } from "node:fs";
import process from "node:process";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { LibcNumbers } from "../../ffi/libc_numbers.ts";

const linux = Deno.build.os === "linux";

Deno.test({
  name: "LibcNumbers tells the CPU time of the process as node does",
  ignore: !linux, // Elsewhere it knows nothing, as the next test but one checks.
  fn: () => {
    using numbers = new LibcNumbers(libcLibrary());
    const usedByNode = () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
    const before = usedByNode();
    const told = numbers.cpuMs()!;
    // The clock is the same, but not the moment.
    const after = usedByNode();
    assert(told >= before - 20 && told <= after + 20, `${told} instead of ${before}`);
    while (usedByNode() < after + 50);
    assert(numbers.cpuMs()! - told >= 30);
  },
});

Deno.test({
  name: "LibcNumbers tells the free space of a file system as node does",
  ignore: !linux,
  fn: () => {
    using numbers = new LibcNumbers(libcLibrary());
    for (const path of ["/proc", "/sys/fs/cgroup", "/dev/pts"]) {
      const { bavail, bsize } = statfsSync(path);
      assertEquals(numbers.freeBytes(path), bavail * bsize, path);
    }
    const free = () => {
      const { bavail, bsize } = statfsSync("/");
      return bavail * bsize;
    };
    // Others write to the disk, so only near enough.
    const told = numbers.freeBytes("/")!;
    assert(Math.abs(told - free()) < 2 ** 30, `${told} instead of ${free()}`);
    assertEquals(numbers.freeBytes("/no/such/folder"), undefined);
  },
});

Deno.test("LibcNumbers knows nothing without a library that it may load", () => {
  for (const library of [undefined, "/no/such/library.so"]) {
    using numbers = new LibcNumbers(library);
    assertEquals([numbers.cpuMs(), numbers.freeBytes("/")], [undefined, undefined]);
  }
});
