import type { CfgSettings } from "../config/cfg_settings.ts";

/** The most connections that HostTable counts. */
const MOST = 1000;

/** Connections to one host at a time in this process; 0: any number. What holds for all machines holds for each of them. */
export function hostLimit({ perHost, fleetPerHost }: Pick<CfgSettings, "perHost" | "fleetPerHost">): number {
  if (fleetPerHost === 0) return perHost;
  return Math.min(perHost > 0 ? perHost : MOST, fleetPerHost, MOST);
}
