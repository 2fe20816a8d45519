/**
 * The main job on one screen, with no network (`deno task demo`): a server on the loopback, a task file that grows, the
 * real command line at work on it, and the proof that every byte arrived.
 *
 * Options: `--keep` leaves the folder with the files there.
 *
 * @module
 */
import { bold, dim, green, red, setColorEnabled } from "@std/fmt/colors";
import { format as formatBytes } from "@std/fmt/bytes";
import { join } from "@std/path";
import { checkDemo, type DemoCheck } from "./demo_check.ts";
import { type DemoFile, type DemoManner, makeDemoFiles } from "./demo_files.ts";
import { DemoRun, type DemoSummary } from "./demo_run.ts";
import { DemoServer } from "./demo_server.ts";

const FIRST = 300;
const MORE = 100;
/** When the rest is appended: in the middle of the work. */
const APPEND_AFTER = 120;
const GIVE_UP_MS = 120_000;
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

if (import.meta.main) {
  const unknown = Deno.args.find((arg) => arg !== "--keep");
  if (unknown !== undefined) {
    console.error(`demo: unknown option ${unknown}; the only one is --keep`);
    Deno.exit(2);
  }
  Deno.exit(await main(Deno.args.includes("--keep")));
}

async function main(keep: boolean): Promise<number> {
  setColorEnabled(Deno.stdout.isTerminal() && !Deno.noColor);
  const folder = await Deno.makeTempDir({ prefix: "corehaul_demo_" });
  try {
    return await demo(folder);
  } finally {
    if (keep) console.log(dim(`\nEverything is in ${folder}`));
    else await Deno.remove(folder, { recursive: true });
  }
}

async function demo(folder: string): Promise<number> {
  const files = makeDemoFiles(FIRST + MORE);
  await using server = new DemoServer(files);
  const urlOf = (file: DemoFile) => server.urlOf(file);
  const taskFile = join(folder, "code_tasks.json");
  const dir = join(folder, "downloads");
  await writeTasks(taskFile, files.slice(0, FIRST).map(urlOf));
  console.log(bold(`Corehaul demo: ${FIRST} files from a server on this machine, and ${MORE} more while it runs`));
  const count = (manner: DemoManner) => files.filter((file) => file.manner === manner).length;
  console.log(dim(`${count("busy-once")} are refused once, ${count("trickle")} come slowly, one is not there\n`));

  let signalCode: number | undefined;
  const run = new DemoRun(["--tasks", taskFile, "--dir", dir, "--retry-wait", "0.2", "--grace", "1"], folder);
  const stop = (code: number) => {
    signalCode ??= code;
    run.stop();
  };
  const listeners = Object.entries(SIGNALS).map(([name, code]) => {
    // Ctrl-C in a terminal reaches the child too, and a second signal would end it at once.
    const listener = () => name === "SIGINT" && Deno.stdin.isTerminal() ? signalCode ??= code : stop(code);
    Deno.addSignalListener(name as Deno.Signal, listener);
    return () => Deno.removeSignalListener(name as Deno.Signal, listener);
  });
  const late = setTimeout(() => stop(1), GIVE_UP_MS);
  try {
    await run.settled(APPEND_AFTER);
    if (signalCode === undefined) await writeTasks(taskFile, files.map(urlOf));
    await run.settled(files.length);
    if (signalCode === undefined) run.stop();
    const code = await run.ended();
    if (signalCode !== undefined) {
      console.error(signalCode === 1 ? `\nThe demo was not done after ${GIVE_UP_MS / 1000} s` : "\nStopped");
      return signalCode;
    }
    if (run.summary === undefined) {
      console.error(`\nThe run ended with ${code} and without a summary`);
      return 1;
    }
    const check = await checkDemo(files, urlOf, run.outcomes, dir);
    if (code !== 0) check.problems.push(`the run ended with ${code} after SIGTERM, not with 0`);
    if (check.failures.length !== 1) check.problems.push(`${check.failures.length} expected failures, not 1`);
    if (run.summary.retried === 0) check.problems.push("nothing was tried again");
    console.log(report(files, run.summary, check));
    return check.problems.length === 0 ? 0 : 1;
  } finally {
    clearTimeout(late);
    for (const remove of listeners) remove();
  }
}

/** Writes the list as careful programs do: under another name, which is then renamed. */
async function writeTasks(path: string, urls: readonly string[]): Promise<void> {
  const entries = urls.map((url) => `  ${JSON.stringify({ url })}`);
  await Deno.writeTextFile(`${path}.new`, `[\n${entries.join(",\n")}\n]\n`);
  await Deno.rename(`${path}.new`, path);
}

function report(files: readonly DemoFile[], summary: DemoSummary, check: DemoCheck): string {
  const seconds = summary.ms / 1000;
  const size = (bytes: number) => formatBytes(bytes, { binary: true });
  const expected = files.filter(({ manner }) => manner !== "missing").length;
  const row = (...cells: (string | number)[]) => cells.map((cell) => String(cell).padStart(10)).join("");
  const all = check.matching === expected && check.problems.length === 0;
  return [
    "",
    bold("Summary"),
    `  files     ${summary.done} done, ${summary.failed} failed`,
    `  bytes     ${size(summary.bytes)} in ${seconds.toFixed(1)} s`,
    `  speed     ${size(Math.round(summary.bytes / seconds))}/s, ${(summary.done / seconds).toFixed(0)} files/s`,
    `  retries   ${summary.retried}`,
    "",
    row("core", "done", "failed", "retries", "bytes"),
    ...summary.cores.map((core) => row(core.core, core.done, core.failed, core.retried, size(core.bytes))),
    "",
    (all ? green : red)(`${all ? "✔" : "✘"} SHA-256: ${check.matching} of ${expected} files match the server's`),
    ...check.failures.map((failure) => green(`✔ failed as expected: ${failure}`)),
    ...check.problems.map((problem) => red(`✘ ${problem}`)),
  ].join("\n");
}
