import { readText } from "./read_text.ts";

/** Where {@linkcode cgroupQuota} reads. */
export interface CgroupQuotaOptions {
  /** The folder in which the control groups are mounted. @default {"/sys/fs/cgroup"} */
  root?: string;
  /** The file that names the groups of this process. @default {"/proc/self/cgroup"} */
  selfCgroup?: string;
}

/**
 * Reads how much CPU time the control groups of this process grant: the smallest limit of its own group and all groups
 * above it, of version 2 (`cpu.max`) and version 1 (`cpu.cfs_quota_us`, `cpu.cfs_period_us`).
 *
 * A file that is missing or may not be read sets no limit.
 *
 * @param options Other places to read.
 * @returns The limit in cores, often not a whole number; `undefined` if there is none.
 *
 * @example
 * ```ts
 * import { cgroupQuota } from "./cgroup_quota.ts";
 *
 * const cores = cgroupQuota(); // 1.5 under `docker run --cpus 1.5`
 * ```
 */
export function cgroupQuota(options: CgroupQuotaOptions = {}): number | undefined {
  const root = options.root ?? "/sys/fs/cgroup";
  let smallest: number | undefined;
  for (const line of readText(options.selfCgroup ?? "/proc/self/cgroup")?.split("\n") ?? []) {
    const [, id, controllers, group] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || group === undefined) continue;
    for (const quota of id === "0" ? quotasV2(root, group) : quotasV1(root, group, controllers)) {
      if (smallest === undefined || quota < smallest) smallest = quota;
    }
  }
  return smallest;
}

function* quotasV2(root: string, group: string): Generator<number> {
  // On a hybrid system the root holds version 1 and version 2 is mounted beside it.
  const mount = readText(`${root}/cgroup.controllers`) === undefined ? `${root}/unified` : root;
  for (const folder of upwards(mount, group)) {
    const [quota, period] = readText(`${folder}/cpu.max`)?.trim().split(/\s+/) ?? [];
    yield* cores(quota, period ?? "100000");
  }
}

function* quotasV1(root: string, group: string, controllers: string): Generator<number> {
  if (!controllers.split(",").includes("cpu")) return;
  // The controllers of one hierarchy share a mount, and the order of their names in it varies.
  for (const mount of new Set([controllers, "cpu", "cpu,cpuacct", "cpuacct,cpu"])) {
    for (const folder of upwards(`${root}/${mount}`, group)) {
      yield* cores(readText(`${folder}/cpu.cfs_quota_us`), readText(`${folder}/cpu.cfs_period_us`));
    }
  }
}

/**
 * Lists the folders of a group and its ancestors. Inside a container the path may name groups of the host that are not
 * mounted here; the mount itself is then the container's group, so it always belongs to the list.
 */
function upwards(mount: string, group: string): string[] {
  const names = group.split("/").filter((name) => name !== "");
  // The group lies outside this cgroup namespace: the names after it lead into somebody else's groups.
  if (names.includes("..")) return [mount];
  return [...names.map((_, index) => `${mount}/${names.slice(0, index + 1).join("/")}`), mount];
}

/** No limit is written as `max` or as a negative number. */
function* cores(quota: string | undefined, period: string | undefined): Generator<number> {
  const value = Number(quota) / Number(period);
  if (value > 0 && Number.isFinite(value)) yield value;
}
