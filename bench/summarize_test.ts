import { assertAlmostEquals, assertEquals } from "@std/assert";
import { median } from "./median.ts";
import type { RunResult, ToolResult } from "./result.ts";
import { summarize } from "./summarize.ts";
import { goalFastest } from "./workloads/goal_fastest.ts";
import { memory } from "./workloads/memory.ts";

function runs(tool: string, walls: readonly number[], peakBytes = 50, bad = -1): ToolResult {
  const list = walls.map((wallSeconds, at): RunResult => ({
    round: at + 1,
    exitCode: 0,
    wallSeconds,
    userSeconds: 1,
    systemSeconds: 2,
    serverSeconds: at === 0 ? null : at,
    peakBytes,
    firstSeconds: null,
    neighboursShare: at / 2,
    floorBytes: 10,
    problem: at === bad ? "bad" : null,
  }));
  return { tool, command: [tool], runs: list };
}

Deno.test("median takes the middle, or the mean of two", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("summarize divides round by round and leaves failed runs out", () => {
  const ours = runs("corehaul", [1, 10, 1]);
  const peer = runs("curl", [2, 30, 0.1], 10, 2);
  const summary = summarize({ files: 320, size: 100 }, peer, ours);
  assertEquals([summary.good, summary.failed], [2, 1]);
  assertEquals([summary.wallSeconds, summary.wallMin, summary.wallMax], [16, 2, 30]);
  assertEquals([summary.filesPerSecond, summary.bytesPerSecond], [20, 2000]);
  assertEquals([summary.cpuSeconds, summary.ratio, summary.peakIsFloor], [3, 2.5, true]);
  assertEquals([summary.systemSeconds, summary.serverSeconds, summary.neighboursShare], [2, 1, 0.25]);
});

Deno.test("goalFastest compares with the fastest peer", () => {
  const tools = [runs("corehaul", [1, 1]), runs("curl", [2, 2]), runs("wget2", [0.9, 0.9])];
  const [goal] = goalFastest([{ label: "small", files: 1, size: 1, tools }]);
  assertAlmostEquals(goal?.value ?? 0, 0.9);
  assertEquals(goal?.met, false);
});

Deno.test("memory.goals divides the peak of many tasks by that of few", () => {
  const one = { files: 1, size: 100 };
  const [goal] = memory.goals([
    { ...one, label: "memory-short", tools: [runs("corehaul", [1, 1], 50)] },
    { ...one, label: "memory-long", tools: [runs("corehaul", [1, 1], 60)] },
  ]);
  assertAlmostEquals(goal?.value ?? 0, 1.2);
  assertEquals(goal?.met, true);
});
