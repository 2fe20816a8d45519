import { parseArgs } from "@std/cli/parse-args";
import { allTools } from "./tools/all_tools.ts";
import type { BenchTool } from "./tools/bench_tool.ts";
import { UsageError } from "./usage_error.ts";
import { allWorkloads } from "./workloads/all_workloads.ts";
import type { Workload } from "./workloads/workload.ts";

/** What the bench is to do. */
export interface BenchOptions {
  readonly help: boolean;
  readonly workloads: readonly Workload[];
  readonly tools: readonly BenchTool[];
  /** Counted rounds; a warm-up round comes before them. */
  readonly rounds: number;
  /** Factor on every number of files. */
  readonly scale: number;
  /** Downloads at the same time, for every tool. */
  readonly concurrency: number;
  /** nginx's worker processes, or one a core. */
  readonly serverWorkers: number | "auto";
  /** Programs that keep a core busy each, beside the tools. */
  readonly neighbours: number;
  /** A run is killed after this time. */
  readonly timeoutSeconds: number;
  /** Folder in which the tools write, or `undefined` for the one of the source. */
  readonly on: string | undefined;
  /** File for the results, `-` for standard output, or `undefined`. */
  readonly json: string | undefined;
  /** File for the chart, or `undefined`. */
  readonly chart: string | undefined;
}

const VALUE_OPTIONS = [
  ...["workloads", "tools", "rounds", "scale", "concurrency"],
  ...["server-workers", "neighbours", "on", "timeout", "json", "chart"],
] as const;

/** The help text. */
export function benchHelp(): string {
  const workloads = allWorkloads.map(({ name, about }) => `    ${name.padEnd(10)}${about}`);
  return `Measures corehaul and its peers against a local nginx.

Usage: deno task bench [OPTION]...

  --workloads LIST   what to measure, of: (default: all but the last)
${workloads.join("\n")}
  --tools LIST       who takes part of: ${allTools.map(({ name }) => name).join(",")}
                     (default: all but ${allTools.filter(({ byName }) => byName).map(({ name }) => name).join(",")})
  --rounds N         runs of each tool, in turn, after one warm-up (default: 5)
  --scale F          factor on the number of files (default: 1)
  --concurrency N    downloads at the same time, for every tool (default: 64)
  --server-workers N nginx's worker processes (default: auto, one a core)
  --neighbours N     programs beside the tools that would like a core each (default: 0)
  --on DIR           where the tools write (default: /dev/shm)
  --timeout S        kill a run after this many seconds (default: 600)
  --json FILE        write machine, versions, command lines and all runs; - for standard output
  --chart FILE       draw how fast each tool was, as SVG
  --help             print this

The table goes to standard output, progress to standard error.
The exit code is 1 if a run failed or its output was wrong, 2 for a usage error.`;
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} If an option is unknown or its value is bad.
 */
export function benchOptions(args: readonly string[]): BenchOptions {
  const found = parseArgs(joinValues(args), {
    boolean: ["help"],
    string: [...VALUE_OPTIONS],
    unknown(arg: string): false {
      throw new UsageError(
        `Cannot read the command line as every argument must be a known option with its value: current value is "${arg}" (see --help)`,
      );
    },
  }) as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => {
    const value = found[name];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "") return value;
    throw bad(name, "given once, with a value", value);
  };
  const number = <T>(name: string, otherwise: T, min: number, max: number, whole = true): number | T => {
    const value = text(name);
    if (value === undefined) return otherwise;
    const parsed = /^\d*\.?\d+$/.test(value) ? Number(value) : NaN;
    if (parsed >= min && parsed <= max && (!whole || Number.isInteger(parsed))) {
      return parsed;
    }
    throw bad(name, `${whole ? "an integer" : "a number"} from ${min} to ${max}`, value);
  };
  return {
    help: found["help"] === true,
    workloads: choose("workloads", allWorkloads, text("workloads") ?? usualNames(allWorkloads)),
    tools: choose("tools", allTools, text("tools") ?? usualNames(allTools)),
    rounds: number("rounds", 5, 1, 1000),
    scale: number("scale", 1, 0.0001, 100, false),
    // curl silently takes 50 for anything above 300.
    concurrency: number("concurrency", 64, 1, 300),
    serverWorkers: text("server-workers") === "auto" ? "auto" : number("server-workers", "auto", 1, 64),
    neighbours: number("neighbours", 0, 0, 64),
    timeoutSeconds: number("timeout", 600, 1, 86_400),
    on: text("on"),
    json: text("json"),
    chart: text("chart"),
  };
}

/** Writes `--name value` as `--name=value`: only so may a value be `-` or negative. */
function joinValues(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const value = VALUE_OPTIONS.some((name) => arg === `--${name}`) ? args[++at] : undefined;
    joined.push(value === undefined ? arg : `${arg}=${value}`);
  }
  return joined;
}

function usualNames(all: readonly { readonly name: string; readonly byName?: boolean }[]): string {
  return all.filter(({ byName }) => byName !== true).map(({ name }) => name).join(",");
}

/** The items that a comma-separated list names, in their own order. */
function choose<T extends { readonly name: string }>(
  option: string,
  all: readonly T[],
  list: string,
): readonly T[] {
  const names = list.split(",").map((name) => name.trim());
  const known = all.map(({ name }) => name);
  if (!names.every((name) => known.includes(name))) {
    throw bad(option, `a comma-separated list of ${known.join(", ")}`, list);
  }
  return all.filter(({ name }) => names.includes(name));
}

function bad(option: string, must: string, value: unknown): UsageError {
  return new UsageError(
    `Cannot use --${option} as it must be ${must}: current value is ${JSON.stringify(value)}`,
  );
}
