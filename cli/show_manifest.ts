import type { CfgSettings } from "../config/cfg_settings.ts";
import { type Logger, type ManifestFinding, type ManifestRecord, readManifest, verifyManifest } from "../mod.ts";
import { print, printLine, tell, tellLine } from "./print.ts";

/**
 * Prints the manifest of the download folder, or with `--verify` what became of its files: those that are not what they
 * were, and how many are; in JSON all of them.
 *
 * @returns True if nothing is wrong.
 */
export async function showManifest(settings: CfgSettings, logger: Logger): Promise<boolean> {
  const { dir, json, verify } = settings;
  if (verify) return await showFindings(dir, json, logger);
  for await (const record of readManifest(dir)) {
    if (json) print(JSON.stringify(record));
    else printLine(row(record));
  }
  return true;
}

async function showFindings(dir: string, json: boolean, logger: Logger): Promise<boolean> {
  let ok = 0;
  let wrong = 0;
  for await (const finding of verifyManifest(dir)) {
    if (finding.state === "ok") ok++;
    else wrong++;
    if (json) await tell(JSON.stringify(finding), logger);
    else if (finding.state !== "ok") await tellLine(problem(finding), logger);
  }
  if (!json) tell(`${ok} ok, ${wrong} wrong`, logger);
  return wrong === 0;
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
