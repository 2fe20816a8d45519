import { assertEquals } from "@std/assert";
import { dirname } from "@std/path";
import { cgroupQuota } from "../../ffi/cgroup_quota.ts";

interface Case {
  name: string;
  self: string;
  files: Record<string, string>;
  quota: number | undefined;
}

const V2 = { "cgroup.controllers": "cpuset cpu io memory pids\n" };

const CASES: Case[] = [
  { name: "takes no limit from nothing", self: "", files: {}, quota: undefined },
  { name: "takes no limit from missing files", self: "0::/a/b\n", files: V2, quota: undefined },
  { name: "reads the own group (v2)", self: "0::/a\n", files: { ...V2, "a/cpu.max": "150000 100000\n" }, quota: 1.5 },
  {
    name: "takes the smallest of all ancestors (v2)",
    self: "0::/a/b/c\n",
    files: {
      ...V2,
      "a/cpu.max": "50000 25000\n",
      "a/b/cpu.max": "max 100000\n",
      "a/b/c/cpu.max": "400000 100000\n",
      "a/other/cpu.max": "1000 100000\n",
    },
    quota: 2,
  },
  {
    name: "knows a group without a limit (v2)",
    self: "0::/\n",
    files: { ...V2, "cpu.max": "max 100000\n" },
    quota: undefined,
  },
  {
    name: "reads the root of a container (v2)",
    self: "0::/\n",
    files: { ...V2, "cpu.max": "50000 100000\n" },
    quota: 0.5,
  },
  {
    name: "falls back to the mount if the group is not mounted here (v2)",
    self: "0::/system.slice/docker-1234.scope\n",
    files: { ...V2, "cpu.max": "300000 100000\n" },
    quota: 3,
  },
  {
    name: "does not follow a group out of its namespace",
    self: "0::/../other\n",
    files: { ...V2, "cpu.max": "300000 100000\n", "other/cpu.max": "100000 100000\n" },
    quota: 3,
  },
  {
    name: "takes the usual period if none is given (v2)",
    self: "0::/\n",
    files: { ...V2, "cpu.max": "200000\n" },
    quota: 2,
  },
  {
    name: "knows group names with a colon",
    self: "0::/a:b\n",
    files: { ...V2, "a:b/cpu.max": "200000 100000\n" },
    quota: 2,
  },
  {
    name: "reads v1",
    self: "4:memory:/a\n3:cpu,cpuacct:/a/b\n",
    files: {
      "cpu,cpuacct/a/cpu.cfs_quota_us": "250000\n",
      "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
      "cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n",
      "cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
      "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    },
    quota: 2.5,
  },
  {
    name: "reads v1 under another order of its controllers",
    self: "3:cpuacct,cpu:/\n",
    files: { "cpu,cpuacct/cpu.cfs_quota_us": "100000\n", "cpu,cpuacct/cpu.cfs_period_us": "50000\n" },
    quota: 2,
  },
  {
    name: "reads v1 with v2 beside it",
    self: "2:cpuacct:/\n1:cpu:/a\n0::/a\n",
    files: {
      "cpu/a/cpu.cfs_quota_us": "300000\n",
      "cpu/a/cpu.cfs_period_us": "100000\n",
      "cpuacct/a/cpu.cfs_quota_us": "1000\n",
      "cpuacct/a/cpu.cfs_period_us": "100000\n",
      "unified/cgroup.controllers": "\n",
      "unified/a/cpu.max": "400000 100000\n",
    },
    quota: 3,
  },
  {
    name: "passes over a limit without a period (v1)",
    self: "1:cpu:/\n",
    files: { "cpu/cpu.cfs_quota_us": "1000\n" },
    quota: undefined,
  },
  { name: "passes over broken files", self: "junk\n0::/\n", files: { ...V2, "cpu.max": "oops 0\n" }, quota: undefined },
];

for (const { name, self, files, quota } of CASES) {
  Deno.test(`cgroupQuota ${name}`, async () => {
    const root = await Deno.makeTempDir();
    try {
      for (const [path, text] of Object.entries({ ...files, ".self": self })) {
        await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
        await Deno.writeTextFile(`${root}/${path}`, text);
      }
      assertEquals(cgroupQuota({ root, selfCgroup: `${root}/.self` }), quota);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

Deno.test("cgroupQuota reads this machine without an error", () => {
  const quota = cgroupQuota();
  assertEquals(quota === undefined || quota > 0, true);
});
