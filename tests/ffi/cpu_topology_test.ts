import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { cpuTopology } from "../../ffi/cpu_topology.ts";
import { parseCoreList } from "../../base/parse_core_list.ts";
import { CpuGroup } from "../support/cpu_group.ts";
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

Deno.test({
  name: "cpuTopology knows the quota of its control group, in whole cores where it may not read which it is",
  ignore: !await CpuGroup.allowed(),
  fn: async () => {
    await using group = await CpuGroup.create(0.5);
    const show = fromFileUrl(new URL("fixtures/show_topology.ts", import.meta.url));
    const quota = async (...permissions: string[]) => {
      const [program, ...args] = [...group.wrapper, Deno.execPath(), "run", "--quiet", "--no-prompt"];
      const { stdout } = await new Deno.Command(program!, { args: [...args, ...permissions, show] }).output();
      return JSON.parse(new TextDecoder().decode(stdout)).quota;
    };
    assertEquals(await quota("-A"), 0.5);
    // On a single core half of one makes no difference that is left to see.
    assertEquals(await quota("--allow-read", "--allow-ffi"), cpuTopology().allowed.length > 1 ? 1 : undefined);
  },
});
