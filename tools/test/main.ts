/**
 * Runs the tests (`deno task test [--install | --quick] [PATH…] [OPTIONS OF deno test]`): installs what they start and this machine
 * misses, runs most of them in parallel and the rest one by one, and closes with one line of counts.
 *
 * @module
 */
import { fileExists } from "../../base/file_exists.ts";
import { cacheProject } from "./cache_project.ts";
import { preparePrograms } from "./prepare_programs.ts";
import { QUICK_TESTS } from "./quick_tests.ts";
import { runLane } from "./run_lane.ts";
import { splitLanes } from "./split_lanes.ts";

const HELP = `deno task test [--install | --quick] [PATH…] [OPTIONS OF deno test]

Runs the tests in PATH (default: all of them, and the examples in the documentation).
Files named *_serial_test.ts measure the machine and run one by one, all others DENO_JOBS at a time
(default: the number of cores, and two more). Types are checked by \`deno task static\`, not here.

  --install   install missing Debian packages here, too; without it they are installed
              in containers, and where CI is set
  --quick     run the tests that start no other programs, and install nothing
  --help      show this`;
// Leaks are looked for as deno.json says; this says where they began.
const BASE = ["-A", "--trace-leaks", "--no-check"];
/** More than one for each core: half of the time of a test is waiting. */
const MORE_JOBS = 2;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const quick = args.includes("--quick");
  const situation = { asked: args.includes("--install"), env: Deno.env.toObject(), uid: Deno.uid() };
  if (!quick && !await preparePrograms(situation, console.error)) return 2;
  // Whatever is no path belongs to deno test, values of options such as `--filter NAME` too.
  const given = args.filter((arg) => arg !== "--install" && arg !== "--quick");
  const named = given.filter((arg) => !arg.startsWith("-") && fileExists(arg));
  const options = given.filter((arg) => !named.includes(arg));
  const paths = quick ? [...QUICK_TESTS, ...named] : named;
  const lanes = await splitLanes(paths);
  const total = { passed: 0, failed: 0, code: 0 };
  const cached = await cacheProject();
  const run = async (lane: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { passed, failed, code } = await runLane([...BASE, ...options, ...lane], { ...cached, ...env });
    total.passed += passed;
    total.failed += failed;
    total.code ||= code;
  };
  if (lanes.parallel !== undefined) {
    const jobs = Deno.env.get("DENO_JOBS") ?? String(navigator.hardwareConcurrency + MORE_JOBS);
    await run([...quick ? [] : ["--doc"], "--parallel", ...lanes.parallel], { DENO_JOBS: jobs });
  }
  if (lanes.serial !== undefined) await run(lanes.serial);
  console.log(`tests: ${total.passed} passed, ${total.failed} failed`);
  return total.code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
