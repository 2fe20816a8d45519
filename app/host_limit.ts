import type { CfgSettings } from "../config/cfg_settings.ts";
import { HostTable } from "../download/host_table.ts";

/** The most connections that HostTable counts. */
const MOST = 1000;

/** Connections to one host at a time in this process; 0: any number. What holds for all machines holds for each of them. */
export function hostLimit({ perHost, fleetPerHost }: Pick<CfgSettings, "perHost" | "fleetPerHost">): number {
  if (fleetPerHost === 0) return perHost;
  return Math.min(perHost > 0 ? perHost : MOST, fleetPerHost, MOST);
}

/** What the workers of a process share about the hosts, with the limits that the settings name. */
export function makeHostTable(settings: Pick<CfgSettings, "perHost" | "perHostRate" | "fleetPerHost">): HostTable {
  const { perHostRate } = settings;
  const perHost = hostLimit(settings);
  return HostTable.create({ ...(perHost > 0 ? { perHost } : {}), ...(perHostRate > 0 ? { perHostRate } : {}) });
}
