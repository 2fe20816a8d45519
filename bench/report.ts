import type { Machine } from "./machine.ts";
import type { WorkloadResult } from "./result.ts";
import { summarize, type Summary } from "./summarize.ts";

/** Everything that the bench found out: the JSON file is this with the summaries. */
export interface BenchReport {
  /** When the bench started, ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** The checkout's commit, if it could be told. */
  readonly commit: string | null;
  readonly settings: {
    readonly rounds: number;
    readonly scale: number;
    readonly concurrency: number;
    /** Programs that kept a core busy each, beside the tools. */
    readonly neighbours: number;
    /** Folder in which the tools wrote. */
    readonly on: string;
  };
  readonly nginx: { readonly version: string; readonly config: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly workloads: readonly WorkloadResult[];
}

const COLUMNS = [
  ...["case", "tool", "wall s", "(min-max)", "first s", "files/s", "MiB/s"],
  ...["CPU s", "kernel s", "server s", "peak MiB", "neighbours", "ratio"],
];
const MIB = 2 ** 20;

/** The report as a JSON document: every case with its summaries, command lines and runs. */
export function reportJson(report: BenchReport): string {
  const baseline = baselineOf(report);
  const workloads = report.workloads.map((workload) => ({
    ...workload,
    cases: workload.cases.map((one) => ({
      ...one,
      tools: one.tools.map((tool) => ({
        tool: tool.tool,
        command: tool.command,
        summary: summarize(one, tool, one.tools.find((other) => other.tool === baseline)),
        runs: tool.runs,
      })),
    })),
  }));
  return JSON.stringify({ format: 1, ...report, baseline, workloads }, null, 2) + "\n";
}

/** The report as a table for people. */
export function reportTable(report: BenchReport): string {
  const baseline = baselineOf(report);
  const rows: string[][] = [COLUMNS];
  for (const one of report.workloads.flatMap(({ cases }) => cases)) {
    const reference = one.tools.find(({ tool }) => tool === baseline);
    for (const tool of one.tools) {
      const size = one.sizes === undefined ? sizeText(one.size) : `up to ${sizeText(one.size)}`;
      const label = `${one.label} (${one.files} x ${size})`;
      rows.push([label, ...summaryCells(summarize(one, tool, reference))]);
    }
  }
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, at) => {
      const width = widths[at] ?? 0;
      return at < 2 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  );
  const { rounds } = report.settings;
  const goals = report.workloads.flatMap((workload) => workload.goals);
  return [
    `Medians of ${rounds} runs in turn; ratio = wall time / ${baseline}'s in the same round (> 1: ${baseline} is faster).`,
    "",
    ...lines,
    "",
    ...goals.map(({ text, value, met }) => `${text}: ${value.toFixed(2)} (${met ? "met" : "not met"})`),
  ].join("\n").trimEnd();
}

/** Corehaul, or without it the first tool of the report. */
export function baselineOf(report: BenchReport): string {
  const names = Object.keys(report.versions);
  return names.includes("corehaul") ? "corehaul" : names[0] ?? "";
}

function summaryCells(summary: Summary): string[] {
  const failed = summary.failed > 0 ? ` (${summary.failed} failed)` : "";
  const tool = summary.tool + failed;
  if (summary.good === 0) return [tool, ...COLUMNS.slice(2).map(() => "-")];
  return [
    tool,
    summary.wallSeconds.toFixed(3),
    `(${summary.wallMin.toFixed(2)}-${summary.wallMax.toFixed(2)})`,
    numberCell(summary.firstSeconds),
    summary.filesPerSecond.toFixed(0),
    (summary.bytesPerSecond / MIB).toFixed(1),
    summary.cpuSeconds.toFixed(2),
    summary.systemSeconds.toFixed(2),
    numberCell(summary.serverSeconds),
    (summary.peakIsFloor ? "<= " : "") + (summary.peakBytes / MIB).toFixed(1),
    numberCell(summary.neighboursShare),
    numberCell(summary.ratio),
  ];
}

function numberCell(value: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(2);
}

function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}
