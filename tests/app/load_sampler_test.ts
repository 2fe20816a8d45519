import { assert, assertEquals } from "@std/assert";
import { workerCores } from "../../app/downloader_plan.ts";
import { LoadSampler } from "../../app/load_sampler.ts";
import { SharedCounters } from "../../base/shared_counters.ts";
import { allowedCores } from "../support/busy_cores.ts";
import { until } from "../support/until.ts";

Deno.test("LoadSampler tells the worker that runs suspects the load of the core that it shares", async () => {
  const allowed = await allowedCores();
  const cores = workerCores(allowed);
  const counters = SharedCounters.create(cores.length);
  using sampler = new LoadSampler(counters, cores, allowed, 60_000);
  const last = cores.length - 1;
  await until("some load", () => {
    sampler.sample();
    return counters.get(0, "load") > 0;
  });
  assertEquals(counters.get(last, "load"), counters.get(0, "load"));
  assertEquals(counters.get(last, "own"), counters.get(0, "own"));
  assert(counters.get(last, "own") > 0);
});
