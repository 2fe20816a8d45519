/**
 * Whether SIGHUP is ignored, as `nohup` has it. Deno puts a handler of its own over an ignored SIGHUP half a second after the
 * start, and ends by it: so this is the first module that the command line loads, and a listener takes the signal from then on.
 *
 * @module
 */
import { REEXEC_MARK } from "./start_flags.ts";

/** The word in the mark of a process that starts itself once more, if its next one has to ignore SIGHUP too. */
export const NOHUP = "nohup";
/** The lowest bit of the masks of signals. */
const HANGUP = 1n;
const ignored = takeHangup();

/** True if SIGHUP was ignored when this process, or the one that started it again, began. */
export function ignoresHangup(): boolean {
  return ignored;
}

function takeHangup(): boolean {
  const found = wasTold() || isIgnored();
  if (found) Deno.addSignalListener("SIGHUP", () => {});
  return found;
}

/** The process before this one in its place has Deno's handler, which the next program does not inherit. */
function wasTold(): boolean {
  if (Deno.permissions.querySync({ name: "env", variable: REEXEC_MARK }).state !== "granted") return false;
  return Deno.env.get(REEXEC_MARK)?.split(" ").includes(NOHUP) ?? false;
}

function isIgnored(): boolean {
  if (Deno.build.os !== "linux") return false;
  const path = "/proc/self/status";
  try {
    // Nobody is asked for a permission because of it.
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync(path))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & HANGUP) !== 0n;
  } catch {
    return false;
  }
}
