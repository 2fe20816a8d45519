import type { BenchFolders } from "./bench_folders.ts";
import type { Neighbours } from "./neighbours.ts";
import { payloadName } from "./payload.ts";
import type { RunResult, WorkloadResult } from "./result.ts";
import { outFolder, runTool } from "./run_tool.ts";
import { isHttp, type ServerUrls, type SshFiles } from "./served.ts";
import type { BenchTool } from "./tools/bench_tool.ts";
import type { Workload, WorkloadCase } from "./workloads/workload.ts";
import { writeSource } from "./write_source.ts";

/** Everything a workload's runs have in common. */
export interface RunWorkloadRequest {
  readonly workload: Workload;
  readonly tools: readonly BenchTool[];
  readonly rounds: number;
  readonly scale: number;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  readonly folders: BenchFolders;
  /** Where the server serves, its certificate, and what CPU time nginx has used so far. */
  readonly server: {
    readonly urls: ServerUrls;
    readonly ca: string;
    readonly ssh?: SshFiles;
    readonly nginxTime: () => number;
  };
  /** Who runs beside the tools; absent: nobody. */
  readonly neighbours?: Neighbours;
  readonly signal: AbortSignal;
  /** Hears of every run. */
  readonly onRun: (label: string, tool: string, run: RunResult) => void;
}

/** A tool with a case: what takes turns. */
interface Entry {
  readonly tool: BenchTool;
  readonly case: WorkloadCase;
  readonly list: string;
  readonly runs: RunResult[];
}

/**
 * Runs a workload: a warm-up round, then the counted ones. Every round has one
 * run of every tool with every case, and each begins one place further on, so
 * that nobody always comes after the same neighbour's turn of the round.
 */
export async function runWorkload(request: RunWorkloadRequest): Promise<WorkloadResult> {
  const { workload, folders, rounds, signal } = request;
  const { concurrency, timeoutSeconds } = request;
  const cases = workload.cases(request.scale);
  const entries: Entry[] = [];
  for (const one of cases) {
    folders.needSpace(one);
    const source = `${folders.source}/${one.label}`;
    await Deno.mkdir(source);
    await writeSource(source, one, signal);
    for (const tool of request.tools.filter((tool) => tool.takes?.(one) ?? true)) {
      const list = await writeList(request, tool, one);
      entries.push({ tool, case: one, list, runs: [] });
    }
  }
  for (let round = workload.warmUp === false ? 1 : 0; round <= rounds; round++) {
    const first = round % entries.length;
    for (const entry of [...entries.slice(first), ...entries.slice(0, first)]) {
      const run = await runTool({
        ...entry,
        ...{ round, concurrency, timeoutSeconds, signal },
        ...(request.neighbours === undefined ? {} : { neighbours: request.neighbours }),
        ...(isHttp(entry.case.served) ? { serverTime: request.server.nginxTime } : {}),
        ...(entry.case.served === "tls" ? { ca: request.server.ca } : {}),
        ...(entry.case.served === "sftp" ? { ssh: request.server.ssh! } : {}),
        work: folders.work,
      });
      request.onRun(entry.case.label, entry.tool.name, run);
      if (round > 0) entry.runs.push(run);
    }
  }
  const results = cases.map((one) => ({
    ...one,
    tools: entries.filter((entry) => entry.case === one).map(({ tool, runs }) => ({
      tool: tool.name,
      command: commandPattern(tool, one, concurrency),
      runs,
    })),
  }));
  for (const { label } of cases) {
    await Deno.remove(`${folders.source}/${label}`, { recursive: true });
  }
  return { name: workload.name, cases: results, goals: workload.goals(results) };
}

/** A tool's command line for a case, with words for the paths. */
export function commandPattern(
  tool: BenchTool,
  { files, size, served = "plain", concurrency: own }: WorkloadCase,
  concurrency: number,
): string[] {
  return tool.command({
    ...{ list: "LIST", out: "OUT", state: "STATE" },
    ...{ concurrency: own ?? concurrency, files, size, served },
    ...(served === "tls" ? { ca: "CA" } : {}),
    ...(served === "sftp" ? { ssh: { key: "KEY", knownHosts: "KNOWN_HOSTS" } } : {}),
  });
}

async function writeList(
  { folders, server }: RunWorkloadRequest,
  tool: BenchTool,
  { label, files, served = "plain" }: WorkloadCase,
): Promise<string> {
  const path = `${folders.work}/${label}-${tool.name}.list`;
  const wanted = Array.from({ length: files }, (_, number) => {
    const name = payloadName(number);
    return { url: `${server.urls[served]}/${label}/${name}`, name };
  });
  await Deno.writeTextFile(path, tool.list(wanted, outFolder(folders.work)));
  return path;
}
