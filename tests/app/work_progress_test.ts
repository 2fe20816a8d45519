import { assertEquals } from "@std/assert";
import { addWork, type WorkDone, workProgress } from "../../app/work_progress.ts";
import type { TaskCounts } from "../../queue/task_shared_list.ts";

const NONE = { sized: 0, sizedBytes: 0, size: 0, unsizedBytes: 0 };
const counts = (some: Partial<TaskCounts>): TaskCounts => ({
  waiting: 0,
  running: 0,
  paused: 0,
  done: 0,
  failed: 0,
  canceled: 0,
  ...some,
});
const work = (some: Partial<WorkDone>): WorkDone => ({
  active: 0,
  done: 0,
  failed: 0,
  fileBytes: 0,
  open: NONE,
  speed: 0,
  filesPerSecond: 0,
  ...some,
});

Deno.test("workProgress goes by bytes where the sizes of all open files are known", () => {
  const open = { sized: 2, sizedBytes: 300, size: 1000, unsizedBytes: 0 };
  const progress = workProgress(
    counts({ running: 2, done: 1 }),
    work({ active: 2, done: 1, fileBytes: 200, open, speed: 50, filesPerSecond: 1 }),
  );
  assertEquals(progress, {
    settled: 1,
    total: 3,
    percent: 41,
    bytes: 500,
    totalBytes: 1200,
    etaMs: 14_000,
    estimated: false,
  });
});

Deno.test("workProgress estimates by the mean size where sizes are not known, and says so", () => {
  const some = work({ done: 10, fileBytes: 1000, speed: 100, filesPerSecond: 1 });
  const waiting = workProgress(counts({ waiting: 30, done: 10 }), some);
  assertEquals([waiting.percent, waiting.totalBytes, waiting.etaMs, waiting.estimated], [25, 4000, 30_000, true]);
  // What fails brings nothing: so will some of the others.
  const failing = workProgress(counts({ waiting: 30, done: 10, failed: 10 }), { ...some, failed: 10 });
  assertEquals([failing.totalBytes, failing.etaMs], [2500, 15_000]);
  // What was done before, or by somebody else, counts as the others do.
  const later = workProgress(counts({ waiting: 30, done: 20 }), some);
  assertEquals([later.bytes, later.totalBytes, later.estimated], [2000, 5000, true]);
  // A file without a size has its bytes there, and stands for one of the mean size.
  const unsized = workProgress(counts({ running: 1, done: 10 }), { ...some, open: { ...NONE, unsizedBytes: 40 } });
  assertEquals([unsized.bytes, unsized.totalBytes, unsized.estimated], [1040, 1100, true]);
});

Deno.test("workProgress goes by files where nothing is known of bytes, and tells no time where nothing goes on", () => {
  const failing = workProgress(counts({ waiting: 5, failed: 5 }), work({ failed: 5, filesPerSecond: 2 }));
  assertEquals([failing.percent, failing.totalBytes, failing.etaMs], [50, undefined, 2500]);
  const empty = workProgress(counts({ waiting: 1, done: 3 }), work({ done: 3, filesPerSecond: 1 }));
  assertEquals([empty.percent, empty.etaMs], [75, 1000]);
  const open = { sized: 1, sizedBytes: 5, size: 10, unsizedBytes: 0 };
  assertEquals(workProgress(counts({ running: 1 }), work({ open })).etaMs, undefined);
  assertEquals(workProgress(counts({}), work({})), {
    settled: 0,
    total: 0,
    percent: 0,
    bytes: 0,
    estimated: false,
  });
  const over = workProgress(counts({ done: 2, failed: 1 }), work({ done: 2, failed: 1, fileBytes: 7, speed: 9 }));
  assertEquals([over.percent, over.totalBytes, over.etaMs, over.estimated], [100, 7, undefined, false]);
});

Deno.test("workProgress counts what waits to be continued with what is there of it", () => {
  const open = { sized: 1, sizedBytes: 80, size: 100, unsizedBytes: 0 };
  const progress = workProgress(counts({ waiting: 1 }), work({ open, speed: 10 }));
  assertEquals([progress.percent, progress.totalBytes, progress.etaMs, progress.estimated], [80, 100, 2000, false]);
});

Deno.test("addWork adds up what several processes do", () => {
  const open = { sized: 1, sizedBytes: 5, size: 10, unsizedBytes: 2 };
  const one = work({ active: 1, done: 2, failed: 3, fileBytes: 4, open, speed: 5, filesPerSecond: 0.5 });
  assertEquals(addWork([one, one]), {
    active: 2,
    done: 4,
    failed: 6,
    fileBytes: 8,
    open: { sized: 2, sizedBytes: 10, size: 20, unsizedBytes: 4 },
    speed: 10,
    filesPerSecond: 1,
  });
});
