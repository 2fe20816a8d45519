import { assertEquals } from "@std/assert";
import { chaosCheck, type ChaosEvidence, type ChaosFindings } from "./chaos_check.ts";

const BYTES = new Map([["a", new Uint8Array([1, 2])], ["b", new Uint8Array(0)]]);

function evidence(more: Partial<ChaosEvidence> = {}): ChaosEvidence {
  return {
    wanted: BYTES,
    read: (path) => Promise.resolve(BYTES.get(path)),
    found: ["a", "b"],
    requests: [
      { status: 200, path: "/a", at: 100, bytes: 1 },
      { status: 206, path: "/a", at: 150, bytes: 1, range: "bytes=1-" },
      { status: 200, path: "/b", at: 190, bytes: 0 },
    ],
    manifest: [{ out: "a", bytes: 2, finishedAt: 200 }, { out: "b", bytes: 0, finishedAt: 200 }],
    told: ["t1", "t2"],
    counts: { done: 2, waiting: 0, failed: 0 },
    ...more,
  };
}

const GOOD: ChaosFindings = {
  ...{ files: 2, requests: 3, resumed: 1, lost: 0, corrupt: 0, again: 0, doubled: 0, unproved: 0, leftovers: 0 },
  miscounted: 0,
};

Deno.test("chaosCheck finds nothing where all is well", async () => {
  assertEquals(await chaosCheck(evidence()), GOOD);
});

Deno.test("chaosCheck finds each kind of damage", async () => {
  const good = evidence();
  const cases: [Partial<ChaosEvidence>, Partial<ChaosFindings>][] = [
    [{ read: (path) => Promise.resolve(path === "a" ? undefined : BYTES.get(path)) }, { lost: 1 }],
    [{ read: (path) => Promise.resolve(path === "a" ? new Uint8Array([1, 3]) : BYTES.get(path)) }, { corrupt: 1 }],
    [{ requests: [...good.requests, { status: 200, path: "/a", at: 300, bytes: 2 }] }, { requests: 4, again: 1 }],
    [{ manifest: [...good.manifest, good.manifest[0]!] }, { doubled: 1 }],
    [{ manifest: good.manifest.slice(1) }, { unproved: 1 }],
    [{ manifest: [{ ...good.manifest[0]!, bytes: 7 }, good.manifest[1]!] }, { unproved: 1 }],
    [{ told: ["t1", "t2", "t1"] }, { doubled: 1 }],
    [{ found: ["a", "b", "a.part"] }, { leftovers: 1 }],
    [{ counts: { done: 1, waiting: 1 } }, { miscounted: 2 }],
  ];
  for (const [damage, found] of cases) assertEquals(await chaosCheck(evidence(damage)), { ...GOOD, ...found });
});
