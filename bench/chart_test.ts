import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { chartSvg } from "./chart.ts";
import type { BenchReport } from "./report.ts";
import type { ToolResult } from "./result.ts";

function ran(tool: string, wallSeconds: number): ToolResult {
  const run = {
    round: 1,
    exitCode: 0,
    wallSeconds,
    firstSeconds: null,
    userSeconds: 1,
    systemSeconds: 1,
    serverSeconds: null,
  };
  return {
    tool,
    command: [tool],
    runs: [{ ...run, peakBytes: 1, floorBytes: 0, neighboursShare: null, problem: null }],
  };
}

Deno.test("chartSvg puts a tool as far from Corehaul as it is faster or slower", () => {
  const report: BenchReport = {
    date: "2026-11-27T00:00:00.000Z",
    machine: { cpu: "a <processor>", cores: 2, kernel: "6", load: 0 },
    commit: null,
    settings: { rounds: 1, scale: 1, concurrency: 64, neighbours: 0, on: "/" },
    nginx: { version: "1", config: "" },
    versions: { corehaul: "1", curl: "2", wget2: "3" },
    workloads: [{
      name: "some",
      goals: [],
      cases: [
        { label: "some", files: 1, size: 1, tools: [ran("corehaul", 2), ran("curl", 1), ran("wget2", 4)] },
        { label: "alone", files: 1, size: 1, tools: [ran("corehaul", 1)] },
      ],
    }],
  } as unknown as BenchReport;
  const svg = chartSvg(report);
  for (const text of ["some", "corehaul", "curl", "wget2", "a &lt;processor&gt;"]) assert(svg.includes(text), text);
  assert(!svg.includes("alone") && !svg.includes("rclone"));
  const [ours, curl, wget2] = ["#0b5fff", "#d1242f", "#1a7f37"].map((color) => marks(svg, color));
  assertEquals([ours!.length, curl!.length, wget2!.length], [1, 1, 1]);
  assert(curl![0]! > ours![0]!);
  assertAlmostEquals(curl![0]! - ours![0]!, ours![0]! - wget2![0]!, 0.01);
});

/** Where the marks of a color are, from the left; those of the legend, which stands at the bottom, aside. */
function marks(svg: string, color: string): number[] {
  const found: number[] = [];
  for (const [path] of svg.matchAll(new RegExp(`<path[^>]*fill="${color}"[^>]*>`, "g"))) {
    const at = /transform="(?:translate\(|matrix\((?:[\d.-]+,){4})([\d.]+)[ ,]([\d.]+)\)"/.exec(path);
    if (at !== null && Number(at[2]) < 130) found.push(Number(at[1]));
  }
  return found;
}
