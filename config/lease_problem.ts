import type { CfgProblem } from "./cfg_error.ts";
import type { CfgSettings } from "./cfg_settings.ts";

/** One heartbeat may be late, and one may get lost. */
const LEAST_HEARTBEATS = 3;

/** Says what is wrong with a lease that its heartbeats could not keep. */
export function leaseProblem(
  { leaseMs, heartbeatMs }: Pick<CfgSettings, "leaseMs" | "heartbeatMs">,
): CfgProblem | undefined {
  if (leaseMs >= LEAST_HEARTBEATS * heartbeatMs) return undefined;
  return {
    field: "lease",
    source: "lease and heartbeat",
    message: `Cannot use lease as it must be at least ${LEAST_HEARTBEATS} times heartbeat: ` +
      `current values are ${leaseMs / 1000} s and ${heartbeatMs / 1000} s`,
  };
}
