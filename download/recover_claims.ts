import { FileSpace } from "../ffi/file_space.ts";
import { procIdentity } from "../ffi/proc_identity.ts";
import { type DeadClaimLog, deadClaimLogs } from "./dead_claim_logs.ts";
import { FinalNames } from "./final_names.ts";
import { Manifest } from "./manifest.ts";
import { listManifestFiles, manifestFolder, readManifestFile } from "./manifest_files.ts";
import { ManifestIndex } from "./manifest_index.ts";
import { isBelow, type LostClaim, recoverClaim } from "./recover_claim.ts";
import { removeIfOutdated } from "./remove_outdated.ts";

/** How {@linkcode recoverClaims} works. */
export interface RecoverClaimsOptions {
  /** The download folder, resolved by the system. */
  root: string;
  /** The C library, if there is one to use. */
  library: string | undefined;
  /** Give files the time that their server names. */
  remoteTime: boolean;
  /** An owner of this process that has ended. */
  own?: string;
}

/** What dead owners had left. */
export interface RecoveredClaims {
  /** Files that were whole and got their final names. */
  named: number;
  /** Unfinished files that were removed. */
  removed: number;
  /** By its path, the url of every file that is done though its task may not be settled. */
  done: Map<string, string>;
}

/** A line is followed by its rename at once, or after a write to the disk: it stands near the end. */
const LAST_FILES = 2;

/**
 * Clears up after owners that died: what they had finished, by the manifest, gets its final name without being fetched
 * again, and what nobody can continue is removed. It looks only at what their logs say they had in their hands, so it
 * costs nothing for the length of a list, and a log is gone when it is done.
 *
 * Call it before anything of theirs is claimed again.
 */
export async function recoverClaims(options: RecoverClaimsOptions): Promise<RecoveredClaims> {
  using space = new FileSpace(options.library);
  const recovered: RecoveredClaims = { named: 0, removed: 0, done: new Map() };
  using manifest = new ManifestIndex(manifestFolder(options.root));
  for await (const log of deadClaimLogs(options.root, options.own)) {
    using names = new FinalNames(options.library);
    const sameBoot = log.head.bootId === procIdentity().bootId;
    let left = false;
    for (const claim of await lostClaims(log, options.root)) {
      try {
        const result = recoverClaim(claim, { ...options, names, space, sameBoot });
        if (result.named) recovered.named++;
        recovered.removed += result.removed;
        // Another owner may have finished it, whom this one kept from clearing up.
        if (isBelow(options.root, claim.out)) {
          recovered.removed += await removeIfOutdated(options.root, claim.out, manifest);
        }
        if (result.done) recovered.done.set(claim.out, claim.line!.url);
        left ||= result.busy;
        if (claim.line !== undefined && !result.done && result.removed > 0) takeBack(claim, options.root);
      } catch {
        // The disk does not let it: the next start tries again, and the download itself will say what is wrong.
        left = true;
      }
    }
    if (!left) removeLog(log);
  }
  return recovered;
}

function removeLog(log: DeadClaimLog): void {
  try {
    log.remove();
  } catch {
    // The next start finds it again, and nothing to do.
  }
}

/** The line says of a file that it has its name, which it never got. */
function takeBack({ writer, fence, out }: LostClaim, root: string): void {
  using manifest = new Manifest(root, writer);
  manifest.void({ fence, out });
}

/** The claims of a log, with their lines. */
async function lostClaims({ head, claims }: DeadClaimLog, root: string): Promise<LostClaim[]> {
  const byKey = new Map<string, LostClaim>();
  const keyOf = (writer: string, fence: string, out: string) => `${writer}/${fence}/${out}`;
  for (const { worker, fence, out } of claims) {
    const writer = `${head.owner}-${worker}`;
    byKey.set(keyOf(writer, fence, out), { writer, fence, out });
  }
  const writers = new Set([...byKey.values()].map(({ writer }) => writer));
  const files = await listManifestFiles(manifestFolder(root));
  for (const writer of writers) {
    for (const { path } of files.filter((file) => file.writer === writer).slice(-LAST_FILES)) {
      for await (const { entries } of readManifestFile(path)) {
        for (const { line } of entries) {
          const claim = byKey.get(keyOf(writer, "void" in line ? line.void : line.fence, line.out));
          if (claim === undefined) continue;
          if ("void" in line) delete claim.line;
          else claim.line = line;
        }
      }
    }
  }
  return [...byKey.values()];
}
