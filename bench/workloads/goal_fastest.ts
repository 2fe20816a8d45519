import { median } from "../median.ts";
import type { CaseResult, GoalResult } from "../result.ts";
import { roundRatios } from "../round_ratios.ts";

/** The goal "corehaul is at least as fast as the fastest peer", one per case. */
export function goalFastest(cases: readonly CaseResult[]): GoalResult[] {
  const goals: GoalResult[] = [];
  for (const { label, tools } of cases) {
    const ours = tools.find(({ tool }) => tool === "corehaul");
    if (ours === undefined) continue;
    const peers = tools.filter(({ tool }) => !tool.startsWith("corehaul") && tool !== "deno-floor")
      .map((peer) => ({
        name: peer.tool,
        value: median(roundRatios(peer, ours, (run) => run.wallSeconds)),
      }))
      .filter(({ value }) => !Number.isNaN(value))
      .sort((a, b) => a.value - b.value);
    const fastest = peers[0];
    if (fastest === undefined) continue;
    goals.push({
      text: `${label}: wall time of the fastest peer (${fastest.name}) / corehaul, goal >= 1`,
      value: fastest.value,
      met: fastest.value >= 1,
    });
  }
  return goals;
}
