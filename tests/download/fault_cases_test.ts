/** Every case of the fault server, in one process. */
import { assert, assertEquals } from "@std/assert";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { type FaultCase, FaultCaseServer } from "../support/fault_case_server.ts";
import { FAULT_CASES } from "../support/fault_cases.ts";
import { DownloadBench } from "./download_bench.ts";

for (const lane of [true, false]) {
  const client = lane ? "lane" : "fetch";
  for (const fault of FAULT_CASES) {
    Deno.test(`procDownloadCore stores one version or nothing from a server that ${fault.title}, ${client}`, () =>
      run(fault, lane));
  }
}

async function run(fault: FaultCase, lane: boolean): Promise<void> {
  await using server = new FaultCaseServer(fault);
  await using bench = await DownloadBench.start(() => new Response("not asked"), {
    lane,
    limits: fault.silent ? { stallTimeoutMs: 400 } : {},
  });
  const { ends, task, asked } = fault;
  let outcome: TaskOutcome | undefined;
  for (let attempts = 0; outcome === undefined || outcome.type === "retry"; attempts++) {
    if (outcome?.type === "retry") assert(!bench.names().includes("file"), "nothing has the final name");
    outcome = await bench.fetch("", { url: server.url("x"), attempts, ...task });
  }
  if ("failed" in ends) {
    assert(outcome.type === "failed", JSON.stringify(outcome));
    assert(ends.failed.includes(outcome.error.kind), JSON.stringify(outcome.error));
    assert(!bench.names().includes("file"));
  } else {
    assert(outcome.type === "done", JSON.stringify(outcome));
    assertEquals(bench.names(), ["file"]);
    assert(equal(bench.read(), ends.stored), "the file is another one");
  }
  if (asked !== undefined) assertEquals(server.asked, asked);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
