import { assertEquals } from "@std/assert";
import { cpuTopology } from "../../ffi/cpu_topology.ts";
import { parseCoreList } from "../../base/parse_core_list.ts";
import { threadCores } from "./fixtures/thread_cores.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({ name: "cpuTopology lists the cores of the calling thread", ignore }, () => {
  const { allowed, source } = cpuTopology();
  assertEquals(allowed, parseCoreList(threadCores(Deno.pid) ?? ""));
  assertEquals(source, "sched_getaffinity");
});

Deno.test("cpuTopology counts the cores if the library cannot be loaded", () => {
  const { allowed, source } = cpuTopology({ library: "/nowhere/libc.so" });
  assertEquals(allowed, Array.from({ length: navigator.hardwareConcurrency }, (_, core) => core));
  assertEquals(source, "hardware-concurrency");
});

Deno.test("cpuTopology reads the quota where it is told to", async () => {
  const root = await Deno.makeTempDir();
  try {
    const selfCgroup = `${root}/self`;
    await Deno.writeTextFile(selfCgroup, "0::/\n");
    await Deno.writeTextFile(`${root}/cgroup.controllers`, "cpu\n");
    assertEquals(cpuTopology({ cgroup: { root, selfCgroup } }).quota, undefined);
    await Deno.writeTextFile(`${root}/cpu.max`, "75000 50000\n");
    assertEquals(cpuTopology({ cgroup: { root, selfCgroup } }).quota, 1.5);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
