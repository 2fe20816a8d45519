import type { RunResult, ToolResult } from "./result.ts";

/**
 * Divides two tools' values round by round: runs of one round are neighbours
 * in time, so that what slows the machine for a while slows both. Rounds in
 * which either failed are left out.
 */
export function roundRatios(
  over: ToolResult,
  under: ToolResult,
  value: (run: RunResult) => number,
): number[] {
  const ratios: number[] = [];
  for (const run of over.runs) {
    const other = under.runs.find(({ round }) => round === run.round);
    if (other === undefined || run.problem !== null || other.problem !== null) {
      continue;
    }
    ratios.push(value(run) / value(other));
  }
  return ratios;
}
