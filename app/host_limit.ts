import type { CfgSettings } from "../config/cfg_settings.ts";
import { HostTable } from "../download/host_table.ts";

/** The most connections that HostTable counts. */
const MOST = 1000;

/** Hosts of which is known how they answer. */
const PLACES = 16_384;

/** What limits the connections to one host in this process. */
export interface HostLimit {
  /** They go by the answers of the host. */
  auto: boolean;
  /** How many there may be, at the most; 0: any number. What holds for all machines holds for each of them. */
  most: number;
}

/** What limits the connections to one host in this process. */
export function hostLimit({ perHost, fleetPerHost }: Pick<CfgSettings, "perHost" | "fleetPerHost">): HostLimit {
  const auto = perHost === "auto";
  const own = auto ? 0 : perHost;
  if (fleetPerHost === 0) return { auto, most: own };
  return { auto, most: Math.min(own > 0 ? own : MOST, fleetPerHost, MOST) };
}

/**
 * What the workers of a process share about the hosts, with the limits that the settings name.
 *
 * @param settings The settings.
 * @param workers How many workers there are.
 */
export function makeHostTable(
  settings: Pick<CfgSettings, "perHost" | "perHostRate" | "fleetPerHost" | "concurrency">,
  workers: number,
): HostTable {
  const { perHostRate, concurrency } = settings;
  const { auto, most } = hostLimit(settings);
  const limits = auto
    // One more worker runs suspects.
    ? { perHost: "auto" as const, places: PLACES, workers: workers + 1, most, concurrency: concurrency * workers }
    : {
      ...(most > 0 ? { perHost: most } : {}),
    };
  return HostTable.create({ ...limits, ...(perHostRate > 0 ? { perHostRate } : {}) });
}
