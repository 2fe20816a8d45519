import {
  type ManifestFinding,
  type ManifestRecord,
  readManifest,
  verifyManifest,
  type VerifyProgress,
} from "../mod.ts";
import type { CommandContext } from "./command_context.ts";
import { print, printLine, tell, tellLine } from "./print.ts";
import { flushStandard } from "./standard_streams.ts";
import type { Terminal } from "./terminal.ts";
import { VerifyDisplay } from "./verify_display.ts";

/** What it takes to show one. */
type ManifestContext = Pick<CommandContext, "settings" | "terminal" | "logger">;

/**
 * Prints the manifest of the download folder, or with `--verify` what became of its files: those that are not what they
 * were, and how many are; in JSON all of them.
 *
 * @returns True if nothing is wrong.
 */
export async function showManifest(context: ManifestContext): Promise<boolean> {
  const { dir, json, verify } = context.settings;
  if (verify) return await showFindings(context);
  for await (const record of readManifest(dir)) {
    if (json) print(JSON.stringify(record));
    else printLine(row(record));
  }
  return true;
}

async function showFindings({ settings, terminal, logger }: ManifestContext): Promise<boolean> {
  const { dir, json } = settings;
  let last: VerifyProgress | undefined;
  let ok = 0;
  let wrong = 0;
  const display = settings.progress === "none" ? undefined : new VerifyDisplay(terminal, logger);
  const onProgress = (progress: VerifyProgress) => display?.note(last = progress, wrong);
  // What is drawn has to go before anything else is printed there.
  const apart = terminal.live && Deno.stdout.isTerminal();
  for await (const finding of verifyManifest(dir, { onProgress })) {
    if (finding.state === "ok") ok++;
    else wrong++;
    if (!json && finding.state === "ok") continue;
    const show = () => json ? tell(JSON.stringify(finding), logger) : tellLine(problem(finding), logger);
    await (apart ? alone(terminal, show) : show());
  }
  if (last !== undefined) display?.end(last, wrong);
  terminal.done();
  if (apart) await flushStandard();
  if (!json) tell(`${ok} ok, ${wrong} wrong`, logger);
  return wrong === 0;
}

/** Prints with nothing drawn meanwhile. */
async function alone(terminal: Terminal, show: () => Promise<void>): Promise<void> {
  await terminal.lend(async () => {
    await flushStandard();
    await show();
    await flushStandard();
  });
}

function row({ out, url, bytes, digest, finishedAt }: ManifestRecord): string {
  return `${new Date(finishedAt).toISOString()}  ${String(bytes).padStart(12)}  ${digest ?? "-"}  ${out}  ${url}`;
}

function problem({ out, state, found, bytes, digest }: ManifestFinding): string {
  switch (state) {
    case "size":
      return `size       ${out}: ${bytes} bytes in the manifest, ${found} in the file`;
    case "digest":
      return `digest     ${out}: ${digest} in the manifest, ${found} in the file`;
    default:
      return `${state.padEnd(10)} ${out}${found === undefined ? "" : `: ${found}`}`;
  }
}
