import { assertEquals } from "@std/assert";
import { DiskWait } from "../../app/disk_wait.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";

const FULL: TaskOutcome = {
  type: "deferred",
  notBefore: 0,
  error: { kind: "disk", message: "No space left on device", at: 0, retryable: true },
};
const DONE = { type: "done", startedAt: 0, facts: { bytes: 1, finalUrl: "http://h/a" } } as TaskOutcome;
const ELSE: TaskOutcome = { type: "deferred", notBefore: 0, error: { ...FULL.error!, kind: "network" } };

/** True if it is over by the time that a timer of the same length has come that was set last. */
async function isOver(wait: DiskWait, ms: number): Promise<boolean> {
  let over = false;
  void wait.over.then(() => over = true);
  await new Promise((resolve) => setTimeout(resolve, ms));
  await Promise.resolve();
  return over;
}

Deno.test("DiskWait is over when there was no space for its time, for files or below a floor", async () => {
  for (const begin of [(wait: DiskWait) => wait.note(FULL), (wait: DiskWait) => wait.low(true)]) {
    using wait = new DiskWait(10);
    begin(wait);
    assertEquals(await wait.over, "full");
  }
});

Deno.test("DiskWait is not over once a file is stored, or space is back, and never if it is told so", async () => {
  const endings: ((wait: DiskWait) => void)[] = [
    () => {},
    (wait) => wait.note(ELSE),
    (wait) => (wait.note(FULL), wait.note(DONE)),
    (wait) => (wait.low(true), wait.low(false)),
    (wait) => (wait.low(true), wait.note(FULL), wait.low(false), wait.note(DONE)),
  ];
  for (const end of endings) {
    using wait = new DiskWait(10);
    end(wait);
    assertEquals(await isOver(wait, 30), false);
  }
  using never = new DiskWait(0);
  never.note(FULL);
  assertEquals(await isOver(never, 30), false);
  using still = new DiskWait(10);
  still.note(FULL);
  still.low(true);
  still.note(DONE);
  assertEquals(await still.over, "full");
});
