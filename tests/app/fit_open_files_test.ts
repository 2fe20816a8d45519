import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fitOpenFiles, openFilesText } from "../../app/fit_open_files.ts";
import { CfgError } from "../../config/cfg_error.ts";

const wish = { workers: 4, concurrency: 64 };

Deno.test("fitOpenFiles leaves a run as it is where enough may be open, or nobody knows how much", () => {
  assertEquals(fitOpenFiles(undefined, wish), { ...wish, extra: Infinity });
  const fit = fitOpenFiles({ limit: 1_048_576, open: 22 }, wish);
  assertEquals([fit.workers, fit.concurrency], [4, 64]);
  assertEquals(openFilesText(1_048_576, fit, wish), undefined);
});

Deno.test("fitOpenFiles gives workers fewer downloads at a time, and then fewer workers, but one of each at least", () => {
  const fit = (limit: number, more = {}) => fitOpenFiles({ limit, open: 22 }, { ...wish, ...more });
  assertEquals(fit(256), { workers: 4, concurrency: 15, extra: 1 });
  assertEquals(fit(64), { workers: 2, concurrency: 1, extra: 0 });
  assertEquals(fit(64, { workers: 1 }), { workers: 1, concurrency: 4, extra: 0 });
  assertEquals(fit(64, { workers: 1, concurrency: 2 }), { workers: 1, concurrency: 2, extra: 6 });
  assertEquals(fit(64, { drivers: 1 }), { workers: 1, concurrency: 2, extra: 0 });
  assertEquals(fit(45), { workers: 1, concurrency: 1, extra: 0 });
  for (let limit = 45; limit < 2000; limit++) {
    const { workers, concurrency, extra } = fit(limit);
    const used = 22 + 14 + workers * (6 + 3 * concurrency + extra);
    if (used > limit || concurrency < 1 || workers < 1 || extra < 0) throw new Error(`${limit}: ${used}`);
  }
  const { message } = assertThrows(() => fit(44), CfgError);
  assertMatch(message, /at least 45 files: current value is 44 \(ulimit -n\)/);
});

Deno.test("openFilesText says how much less runs at a time", () => {
  assertEquals(
    openFilesText(64, { workers: 1, concurrency: 4, extra: 0 }, wish),
    "This process may open 64 files (ulimit -n): 1 worker has 4 downloads at a time each, instead of 4 with 64",
  );
});
