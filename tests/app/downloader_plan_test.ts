import { assertEquals } from "@std/assert";
import { workerShare } from "../../app/downloader_plan.ts";

Deno.test("workerShare gives the workers all jobs between them, as equally as can be, and none of them too many", () => {
  for (let workers = 1; workers <= 5; workers++) {
    for (let jobs = workers; jobs <= 23; jobs++) {
      const shares = Array.from(
        { length: workers },
        (_, worker) => workerShare({ concurrency: 64, jobs }, worker, workers),
      );
      assertEquals(shares.reduce((sum, share) => sum + share), jobs);
      assertEquals(shares.every((share) => share === shares[0] || share === shares[0]! - 1), true);
    }
  }
  assertEquals(workerShare({ concurrency: 2, jobs: 9 }, 0, 2), 2);
  assertEquals(workerShare({ concurrency: 7 }, 0, 2), 7);
});
