import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { parseCoreList } from "../../base/parse_core_list.ts";
import { ProcAffinityError } from "../../ffi/proc_affinity_error.ts";
import { procBindToCpu } from "../../ffi/proc_bind_to_cpu.ts";
import type { PinReply, PinRequest } from "./fixtures/pin_worker.ts";
import type { ThreadReport } from "./fixtures/thread_report.ts";
import { threadCores } from "./fixtures/thread_cores.ts";

const ignore = Deno.build.os !== "linux";
const NO_SUCH_CORE = 9_999;

Deno.test({ name: "procBindToCpu binds the thread of a Worker and no other", ignore }, async () => {
  const before = threadCores(Deno.pid);
  const { core, library } = target();
  await inWorker({ cores: [core], library }, "inherit", ({ errors, allowed, tid }) => {
    assertEquals(errors, []);
    assertEquals(allowed, [core]);
    assertEquals(threadCores(tid), `${core}`);
  });
  assertEquals(threadCores(Deno.pid), before);
});

Deno.test({ name: "procBindToCpu binds the threads for blocking I/O that come up later", ignore }, async () => {
  const { core } = target();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./fixtures/thread_report.ts", import.meta.url).href, `${core}`],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const report: ThreadReport = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(report.worker, `${core}`);
  assert(report.later.length >= 2, `only ${report.later.length} threads came up`);
  assertEquals(new Set(report.later), new Set([`${core}`]));
  assertEquals(report.main, threadCores(Deno.pid));
});

Deno.test({ name: "procBindToCpu needs no permission but the path of the library", ignore }, async () => {
  const { core, library } = target();
  await inWorker({ cores: [core], library }, { ffi: [library] }, ({ errors, allowed, source, tid }) => {
    assertEquals(errors, []);
    assertEquals(allowed, [core]);
    assertEquals(source, "sched_getaffinity");
    assertEquals(threadCores(tid), `${core}`);
  });
});

Deno.test({ name: "procBindToCpu reports a missing permission as a library problem", ignore }, async () => {
  const { core, library } = target();
  await inWorker({ cores: [core], library }, "none", ({ errors, source }) => {
    assertEquals(errors.map(({ reason, errno, cause }) => [reason, errno, cause]), [["library", 0, "NotCapable"]]);
    assertEquals(source, "hardware-concurrency");
  });
  // Without a path and without access to /proc there is nothing to try.
  await inWorker({ cores: [core] }, "none", ({ errors }) => {
    assertEquals(errors.map(({ reason, cause }) => [reason, cause]), [["library", ""]]);
  });
});

Deno.test({ name: "procBindToCpu keeps the mask when the core is not allowed", ignore }, async () => {
  const { core, library } = target();
  await inWorker({ cores: [NO_SUCH_CORE], library }, "inherit", ({ errors, tid }) => {
    assertEquals(errors, [{
      core: NO_SUCH_CORE,
      errno: 22,
      reason: "not-allowed",
      code: "proc_affinity",
      message:
        `Cannot bind the thread to a core as core must be online and allowed for this process: current value is ${NO_SUCH_CORE}`,
      cause: "",
    }]);
    assertEquals(threadCores(tid), threadCores(Deno.pid));
  });
  // The first number past the fixed mask of 1,024 cores, and the highest that is understood.
  await inWorker({ cores: [core, 1_024, 65_535], library }, { ffi: [library] }, ({ errors, allowed }) => {
    assertEquals(errors.map(({ core, errno }) => [core, errno]), [[1_024, 22], [65_535, 22]]);
    assertEquals(allowed, [core]);
  });
});

Deno.test({ name: "procBindToCpu moves a bound thread to another core", ignore }, async () => {
  const { cores, library } = target();
  const [first = 0] = cores;
  const last = cores.at(-1) ?? 0;
  await inWorker({ cores: [first, last], library }, { ffi: [library] }, ({ errors, allowed }) => {
    assertEquals(errors, []);
    assertEquals(allowed, [last]);
  });
});

Deno.test("procBindToCpu refuses what is no core number", () => {
  for (const core of [-1, 0.5, NaN, Infinity, 65_536]) {
    const error = assertThrows(() => procBindToCpu(core), ProcAffinityError, `current value is ${core}`);
    assertEquals([error.reason, error.errno], ["invalid", 0]);
  }
});

Deno.test({ name: "procBindToCpu reports a library that is none", ignore }, async () => {
  const library = await Deno.makeTempFile();
  try {
    const error = assertThrows(() => procBindToCpu(0, { library }), ProcAffinityError, library);
    assertEquals(error.reason, "library");
    assertInstanceOf(error.cause, Error);
  } finally {
    await Deno.remove(library);
  }
});

function target(): { core: number; cores: number[]; library: string } {
  const cores = parseCoreList(threadCores(Deno.pid) ?? "0");
  const library = libcLibrary();
  assert(library !== undefined);
  return { core: cores.at(-1) ?? 0, cores, library };
}

async function inWorker(
  request: PinRequest,
  permissions: Deno.PermissionOptions,
  look: (reply: PinReply) => void,
): Promise<void> {
  const worker = new Worker(new URL("./fixtures/pin_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions },
  });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<PinReply>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(request);
    look(await promise);
  } finally {
    worker.terminate();
  }
}
