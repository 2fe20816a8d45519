import { assert, assertEquals } from "@std/assert";
import { CpuLoadMeter } from "../../ffi/cpu_load.ts";
import { cpuTopology } from "../../ffi/cpu_topology.ts";
import { until } from "../support/until.ts";
import type { SpinRequest } from "./fixtures/spin_worker.ts";

Deno.test("CpuLoadMeter tells the load of each core since the previous sample", () => {
  const { meter, set } = synthetic({ 0: "100 0 0 1000", 1: "100 0 0 1000" });
  set({ 0: "130 0 0 1010", 1: "100 0 0 1040" });
  assertEquals([...meter.sample()], [[0, 75], [1, 0]]);
  set({ 0: "130 0 0 1050", 1: "110 0 0 1040" });
  assertEquals([...meter.sample()], [[0, 0], [1, 100]]);
});

Deno.test("CpuLoadMeter counts every kind of time once", () => {
  const { meter, set } = synthetic({ 0: "0 0 0 0 0 0 0 0 0 0" });
  // user nice system idle iowait irq softirq steal guest guest_nice; guest time is in user and nice already.
  set({ 0: "10 5 5 40 20 5 5 10 10 5" });
  assertEquals(meter.sample().get(0), 40);
});

Deno.test("CpuLoadMeter keeps the load of a core without a tick", () => {
  const { meter, set } = synthetic({ 0: "0 0 0 0" });
  assertEquals(meter.sample().get(0), 0);
  set({ 0: "3 0 0 1" });
  assertEquals(meter.sample().get(0), 75);
  assertEquals(meter.sample().get(0), 75);
  set({ 0: "3 0 0 2" });
  assertEquals(meter.sample().get(0), 0);
});

Deno.test("CpuLoadMeter stays between 0 and 100 when a counter steps back", () => {
  const { meter, set } = synthetic({ 0: "50 0 0 100 30" });
  set({ 0: "60 0 0 100 20" });
  assertEquals(meter.sample().get(0), 100);
  set({ 0: "40 0 0 110 20" });
  assertEquals(meter.sample().get(0), 0);
});

Deno.test("CpuLoadMeter follows cores that come and go", () => {
  const { meter, set } = synthetic({ 0: "0 0 0 0", 2: "0 0 0 0" });
  set({ 0: "1 0 0 1", 11: "500 0 0 500" });
  assertEquals([...meter.sample()], [[0, 50], [11, 0]]);
  set({ 0: "1 0 0 2", 11: "509 0 0 501" });
  assertEquals([...meter.sample()], [[0, 0], [11, 90]]);
});

Deno.test("CpuLoadMeter leaves an earlier sample as it was", () => {
  const { meter, set } = synthetic({ 0: "0 0 0 0" });
  set({ 0: "1 0 0 0" });
  const first = meter.sample();
  set({ 0: "1 0 0 1" });
  meter.sample();
  assertEquals(first.get(0), 100);
});

Deno.test("CpuLoadMeter knows the cores of this machine", () => {
  const loads = new CpuLoadMeter().sample();
  for (const core of cpuTopology().allowed) {
    const load = loads.get(core);
    assert(load !== undefined && load >= 0 && load <= 100, `core ${core}: ${load}`);
  }
});

Deno.test({
  name: "CpuLoadMeter sees a busy core",
  ignore: Deno.build.os !== "linux",
}, async () => {
  const core = cpuTopology().allowed.at(-1) ?? 0;
  const stop = new SharedArrayBuffer(4);
  const worker = new Worker(new URL("./fixtures/spin_worker.ts", import.meta.url), { type: "module" });
  try {
    const spinning = nextMessage(worker);
    const request: SpinRequest = { core, stop };
    worker.postMessage(request);
    await spinning;
    const meter = new CpuLoadMeter();
    // The core never idles now, so this ends with the first whole tick.
    await until(`a load of core ${core}`, () => (meter.sample().get(core) ?? 0) >= 90);
  } finally {
    Atomics.store(new Int32Array(stop), 0, 1);
    worker.terminate();
  }
});

Deno.test("CpuLoadMeter asks node:os where /proc is out of reach", async () => {
  const worker = new Worker(new URL("./fixtures/load_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: { sys: ["cpus"] } },
  });
  try {
    const message = nextMessage<[core: number, load: number][]>(worker);
    worker.postMessage("sample");
    const loads = await message;
    assertEquals(loads.length, new CpuLoadMeter().sample().size);
    for (const [core, load] of loads) assert(load >= 0 && load <= 100, `core ${core}: ${load}`);
  } finally {
    worker.terminate();
  }
});

function nextMessage<T>(worker: Worker): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  return promise;
}

function synthetic(
  first: Record<number, string>,
): { meter: CpuLoadMeter; set: (next: Record<number, string>) => void } {
  let cores = first;
  const read = () =>
    [
      "cpu  9999 9999 9999 9999 0 0 0 0 0 0",
      ...Object.entries(cores).map(([core, times]) => `cpu${core} ${times}`),
      "intr 12345 0 9",
      "ctxt 1990473",
      "",
    ].join("\n");
  return { meter: new CpuLoadMeter({ read }), set: (next) => cores = next };
}
