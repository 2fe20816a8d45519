/** How many tests ended how. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
}

/** How a run of `deno test` ended. */
export interface LaneEnd extends TestCounts {
  /** The exit code. */
  readonly code: number;
}

/** The last line of `deno test`, such as `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed/gm;
// deno-lint-ignore no-control-regex -- colors are control characters
const COLORS = /\u001b\[[\d;]*m/g;
/** More than the last lines of a run with many failures. */
const TAIL_CHARACTERS = 200_000;

/**
 * Runs `deno test` and shows what it prints.
 *
 * @param args Its arguments, after `deno test`.
 * @param env Variables for it, beside those of this process.
 * @returns The counts that it printed. No count where it ended before it had any: then its exit code is not 0.
 */
export async function runLane(args: readonly string[], env: Readonly<Record<string, string>>): Promise<LaneEnd> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const forward = () => child.kill("SIGTERM");
  Deno.addSignalListener("SIGTERM", forward);
  try {
    let tail = "";
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      await writeAll(bytes);
      tail = (tail + decoder.decode(bytes, { stream: true })).slice(-TAIL_CHARACTERS);
    }
    const { code } = await child.status;
    const counts = readCounts(tail);
    return { ...(counts ?? { passed: 0, failed: 0 }), code: code === 0 && counts === undefined ? 1 : code };
  } finally {
    Deno.removeSignalListener("SIGTERM", forward);
  }
}

/** The counts in what `deno test` printed, or undefined if it did not come to an end. */
export function readCounts(printed: string): TestCounts | undefined {
  const last = [...printed.replaceAll(COLORS, "").matchAll(SUMMARY)].at(-1);
  return last === undefined ? undefined : { passed: Number(last[1]), failed: Number(last[2]) };
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}
