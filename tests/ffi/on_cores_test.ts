import { assertEquals, assertThrows } from "@std/assert";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { onCores } from "../../ffi/on_cores.ts";
import { SchedAffinity } from "../../ffi/sched_affinity.ts";
import { allowedCores } from "../support/busy_cores.ts";

const ignore = Deno.build.os !== "linux";

/** The cores of a process that is started now. */
function coresOfChild(): string {
  const { stdout } = new Deno.Command("sh", { args: ["-c", "grep ^Cpus_allowed_list /proc/self/status"] }).outputSync();
  return new TextDecoder().decode(stdout).trim().split(/\s+/)[1]!;
}

Deno.test({
  name: "onCores gives a process other cores than the thread that starts it, and leaves the thread as it was",
  ignore,
  fn: async () => {
    const cores = await allowedCores();
    using scheduler = new SchedAffinity(libcLibrary()!);
    const all = coresOfChild();
    try {
      for (const core of cores) {
        scheduler.set([core]);
        assertEquals(coresOfChild(), String(core));
        assertEquals(onCores(cores, coresOfChild), all);
        assertEquals(scheduler.get().cores, [core]);
        const failing = () => {
          throw new Error("no");
        };
        assertThrows(() => onCores(cores, failing), Error, "no");
        assertEquals(scheduler.get().cores, [core]);
      }
    } finally {
      scheduler.set(cores);
    }
  },
});

Deno.test({
  name: "onCores runs it all the same where the cores are not allowed, or there is no library",
  ignore,
  fn: () => {
    using scheduler = new SchedAffinity(libcLibrary()!);
    const before = scheduler.get();
    assertEquals(onCores([8191], () => 1), 1);
    assertEquals(onCores([], () => 2), 2);
    assertEquals(scheduler.get(), before);
  },
});
