import { bytesOfFiles, type CaseFiles } from "./case_files.ts";
import { median } from "./median.ts";
import type { ToolResult } from "./result.ts";
import { roundRatios } from "./round_ratios.ts";

/** Medians over a tool's good runs of one case; `NaN` where it has none. */
export interface Summary {
  readonly tool: string;
  /** Runs that count. */
  readonly good: number;
  readonly failed: number;
  readonly wallSeconds: number;
  /** Seconds until the first file was there. */
  readonly firstSeconds: number;
  readonly wallMin: number;
  readonly wallMax: number;
  readonly filesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly cpuSeconds: number;
  /** The part of `cpuSeconds` that the kernel spent. */
  readonly systemSeconds: number;
  /** CPU time of the server meanwhile; `NaN` if it is not nginx. */
  readonly serverSeconds: number;
  readonly peakBytes: number;
  /** The peak is an upper limit: the instrument cannot see less. */
  readonly peakIsFloor: boolean;
  /** How much the neighbours got done, compared with what they get done alone; `NaN` without any. */
  readonly neighboursShare: number;
  /** Wall time divided by the baseline's, median of the rounds: above 1 the baseline is faster. */
  readonly ratio: number;
}

/**
 * Condenses a tool's runs.
 *
 * @param result The tool's runs.
 * @param baseline Runs of the tool to compare with, of the same case.
 */
export function summarize(
  wanted: CaseFiles,
  result: ToolResult,
  baseline: ToolResult | undefined,
): Summary {
  const good = result.runs.filter(({ problem }) => problem === null);
  const walls = good.map((run) => run.wallSeconds);
  const wallSeconds = median(walls);
  const peakBytes = median(good.map((run) => run.peakBytes));
  return {
    tool: result.tool,
    good: good.length,
    failed: result.runs.length - good.length,
    wallSeconds,
    firstSeconds: median(good.flatMap((run) => run.firstSeconds ?? [])),
    wallMin: good.length === 0 ? NaN : Math.min(...walls),
    wallMax: good.length === 0 ? NaN : Math.max(...walls),
    filesPerSecond: wanted.files / wallSeconds,
    bytesPerSecond: bytesOfFiles(wanted) / wallSeconds,
    cpuSeconds: median(good.map((run) => run.userSeconds + run.systemSeconds)),
    systemSeconds: median(good.map((run) => run.systemSeconds)),
    serverSeconds: median(good.flatMap((run) => run.serverSeconds ?? [])),
    peakBytes,
    peakIsFloor: peakBytes <= median(good.map((run) => run.floorBytes)),
    neighboursShare: median(good.flatMap((run) => run.neighboursShare ?? [])),
    ratio: baseline === undefined ? NaN : median(roundRatios(result, baseline, (run) => run.wallSeconds)),
  };
}
