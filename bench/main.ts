/**
 * The bench: `deno task bench`, or `deno run -A bench/main.ts --help`.
 *
 * Corehaul and its peers download the same files from a local nginx, in turn;
 * time, CPU and memory of every run are measured and its output is checked.
 *
 * @module
 */
import { BenchFolders } from "./bench_folders.ts";
import { benchHelp, type BenchOptions, benchOptions } from "./bench_options.ts";
import { machine } from "./machine.ts";
import { FileServers } from "./file_servers.ts";
import { Nginx } from "./nginx.ts";
import { isHttp, type Served } from "./served.ts";
import { Neighbours } from "./neighbours.ts";
import { type BenchReport, reportJson, reportTable } from "./report.ts";
import type { RunResult, WorkloadResult } from "./result.ts";
import { commandPattern, runWorkload } from "./run_workload.ts";
import type { BenchTool } from "./tools/bench_tool.ts";
import { UsageError } from "./usage_error.ts";
import type { Workload } from "./workloads/workload.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** A workload with the chosen tools that it is for. */
interface Plan {
  readonly workload: Workload;
  readonly tools: readonly BenchTool[];
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = benchOptions(args);
  if (options.help) {
    console.log(benchHelp());
    return 0;
  }
  const plans = planOf(options);
  const versions: Record<string, string> = {};
  for (const tool of new Set(plans.flatMap(({ tools }) => tools))) {
    versions[tool.name] = await tool.version();
  }
  for (const name of ["json", "chart"] as const) {
    const path = options[name];
    if (path !== undefined && (name === "chart" || path !== "-")) await checkWritable(name, path);
  }
  const date = new Date().toISOString();
  const described = await machine();
  const workloads: WorkloadResult[] = [];
  await using folders = await BenchFolders.create(options.on);
  const workers = options.serverWorkers;
  const served = servedIn(plans, options.scale);
  const http = new Set([...served].filter(isHttp));
  await using nginx = await Nginx.start(
    { root: folders.source, home: folders.nginx, workers, served: http },
    signal,
  );
  await using servers = await FileServers.start(folders.source, folders.nginx, served);
  const { ssh } = servers;
  const server = {
    urls: { ...nginx.urls, ...servers.urls },
    ca: nginx.ca,
    ...(ssh === undefined ? {} : { ssh }),
    nginxTime: () => nginx.cpuSeconds(),
  };

  await using neighbours = options.neighbours === 0
    ? undefined
    : await Neighbours.start(options.neighbours, folders.work);

  const { rounds, scale, concurrency, timeoutSeconds } = options;
  say(`machine: ${described.cpu}, ${described.cores} cores, Linux ${described.kernel}`);
  if (described.load > described.cores / 4) {
    say(`warning: the machine is not idle (load ${described.load.toFixed(2)}): trust the ratios only`);
  }
  for (const [name, version] of Object.entries(versions)) say(`${name} ${version}`);
  say(`nginx ${nginx.version}:\n${nginx.config.replaceAll(/^/gm, "  ").trimEnd()}`);
  for (const { workload, tools } of plans) {
    say(`\n${workload.name}: ${workload.about}, scale ${scale}`);
    const [first] = workload.cases(scale);
    if (first !== undefined) {
      for (const tool of tools.filter((tool) => tool.takes?.(first) ?? true)) {
        say(`  ${commandPattern(tool, first, concurrency).join(" ")}`);
      }
    }
    workloads.push(
      await runWorkload({
        ...{ workload, tools, rounds, scale, concurrency, timeoutSeconds },
        ...{ folders, server, signal, onRun: sayRun },
        ...(neighbours === undefined ? {} : { neighbours }),
      }),
    );
  }

  const report: BenchReport = {
    date,
    machine: described,
    commit: await commit(),
    settings: { rounds, scale, concurrency, neighbours: options.neighbours, on: folders.work },
    nginx: { version: nginx.version, config: nginx.config },
    versions,
    workloads,
  };
  say("");
  const table = reportTable(report);
  const { json, chart } = options;
  if (json === "-") {
    say(table);
    console.log(reportJson(report).trimEnd());
  } else {
    console.log(table);
    if (json !== undefined) await Deno.writeTextFile(json, reportJson(report));
  }
  if (chart !== undefined) {
    const { chartSvg } = await import("./chart.ts");
    await Deno.writeTextFile(chart, chartSvg(report));
  }
  const runs = workloads.flatMap(({ cases }) => cases).flatMap(({ tools }) => tools)
    .flatMap((tool) => tool.runs);
  return runs.some(({ problem }) => problem !== null) ? EXIT_FAILED : 0;
}

/** What there is to do: workloads of which no chosen tool is part are left out. */
function planOf(options: BenchOptions): Plan[] {
  const plans = options.workloads.map((workload) => ({
    workload,
    tools: options.tools.filter(({ name }) => workload.tools?.includes(name) ?? true),
  }));
  const useful = plans.filter(({ tools }) => tools.length > 0);
  if (useful.length === 0) {
    throw new UsageError(
      `Cannot run the bench as a workload must have a tool: ${
        plans.map(({ workload }) => `${workload.name} is for ${workload.tools?.join(", ")}`).join("; ")
      }`,
    );
  }
  for (const { workload } of plans.filter((plan) => !useful.includes(plan))) {
    say(`${workload.name} is left out: it is for ${workload.tools?.join(", ")}`);
  }
  return useful;
}

/** In which ways the server has to serve. */
function servedIn(plans: readonly Plan[], scale: number): Set<Served> {
  return new Set(plans.flatMap(({ workload }) => workload.cases(scale)).map(({ served = "plain" }) => served));
}

/** Finds out before the first run, not after the last, whether a file can be written. */
async function checkWritable(option: string, path: string): Promise<void> {
  try {
    (await Deno.open(path, { write: true, create: true })).close();
  } catch (error) {
    throw new UsageError(
      `Cannot use --${option} as it must be a file that can be written: current value is "${path}"`,
      { cause: error },
    );
  }
}

async function commit(): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", import.meta.dirname ?? ".", "rev-parse", "HEAD"],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

function sayRun(label: string, tool: string, run: RunResult): void {
  const round = run.round === 0 ? "warm-up" : `round ${run.round}`;
  const outcome = run.problem === null ? "" : `  FAILED: ${run.problem}`;
  say(`  ${round}  ${label}  ${tool}  ${run.wallSeconds.toFixed(3)} s${outcome}`);
}

/** Progress goes to standard error: standard output is for the results. */
function say(line: string): void {
  console.error(line);
}

if (import.meta.main) {
  const controller = new AbortController();
  let exitCode = 0;
  for (const [name, code] of Object.entries(EXIT_SIGNALS)) {
    Deno.addSignalListener(name as Deno.Signal, () => {
      exitCode = code;
      controller.abort(new Error(`Stopped by ${name}`));
    });
  }
  try {
    const code = await main(Deno.args, controller.signal);
    if (exitCode === 0) exitCode = code;
  } catch (error) {
    if (exitCode === 0) {
      exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
    }
    say(`bench: ${error instanceof Error ? error.message : error}`);
  }
  Deno.exit(exitCode);
}
