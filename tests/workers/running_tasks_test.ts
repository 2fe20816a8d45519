import { assertEquals } from "@std/assert";
import { RunningTasks } from "../../workers/running_tasks.ts";

Deno.test("RunningTasks tells another thread what runs, and nothing that has ended", () => {
  const seen = RunningTasks.create(2);
  const worker = RunningTasks.attach(seen.buffer);
  assertEquals(seen.read(), new Set());
  const [one, two] = [worker.begin(1), worker.begin(2)];
  assertEquals(seen.read(), new Set([1, 2]));
  // More than there is room for: it is to blame for nothing.
  worker.end(worker.begin(3));
  assertEquals(seen.read(), new Set([1, 2]));
  worker.end(one);
  assertEquals(seen.read(), new Set([2]));
  const four = worker.begin(4);
  assertEquals(seen.read(), new Set([2, 4]));
  worker.end(two);
  worker.end(four);
  assertEquals(seen.read(), new Set());
});
