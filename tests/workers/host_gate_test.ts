import { assert, assertEquals } from "@std/assert";
import { HostTable } from "../../download/host_table.ts";
import { SharedHostGate } from "../../workers/host_gate.ts";

const URL_A = "http://a.example/x";
const HOUR_MS = 3_600_000;

for (const capped of [true, false]) {
  Deno.test(`SharedHostGate defers the tasks of a host that cools, ${capped ? "capped" : "open"}`, () => {
    const table = HostTable.create(capped ? { perHost: 1 } : {});
    const gate = new SharedHostGate(table, capped, HOUR_MS);
    const until = Date.now() + HOUR_MS / 2;
    const host = new URL(URL_A).host;
    table.coolDown(`${host}:80`, until);
    table.coolDown(host, until);
    assertEquals(gate.enter(gate.hostOf({ url: URL_A }), URL_A), { type: "closed", until });
  });

  Deno.test(`SharedHostGate holds up no task whose sources all ask for too long a wait, ${capped ? "capped" : "open"}`, () => {
    const table = HostTable.create(capped ? { perHost: 1 } : {});
    const gate = new SharedHostGate(table, capped, HOUR_MS);
    const far = Date.now() + 2 * HOUR_MS;
    const near = Date.now() + HOUR_MS / 2;
    for (const host of ["a.example", "a.example:80"]) table.coolDown(host, far);
    const mirrors = ["http://b.example/x"];
    assertEquals(gate.hostOf({ url: URL_A }), "");
    assertEquals(gate.enter("", URL_A), { type: "open" });
    assert(gate.hostOf({ url: URL_A, mirrors }).startsWith("b.example"));
    for (const host of ["b.example", "b.example:80"]) table.coolDown(host, near);
    assertEquals(gate.enter(gate.hostOf({ url: URL_A, mirrors }), URL_A), { type: "closed", until: near });
    for (const host of ["b.example", "b.example:80"]) table.coolDown(host, far);
    assertEquals(gate.hostOf({ url: URL_A, mirrors }), "");
  });
}

Deno.test("SharedHostGate lets nobody hold a place while the name of a host is looked up that has never answered", () => {
  const table = HostTable.create({ perHost: "auto" });
  const asked: string[] = [];
  const known = new Set<string>();
  const prepare = (name: string) => {
    asked.push(name);
    return known.has(name);
  };
  const names = { prepare, ended: 0 };
  const gate = new SharedHostGate(table, true, HOUR_MS, names);
  const enter = (url: string, host = gate.hostOf({ url })) => gate.enter(host, url);
  assertEquals(enter(URL_A), { type: "full", unanswered: true });
  assertEquals([asked, table.inUse("a.example"), gate.firsts!.full], [["a.example"], 0, false]);
  const { heard } = gate.firsts!;
  known.add("a.example");
  names.ended++;
  assert(gate.firsts!.heard !== heard);
  assertEquals(enter(URL_A), { type: "open" });
  table.answers!.answered("a.example");
  asked.length = 0;
  assertEquals(enter(URL_A), { type: "open" });
  assertEquals(asked, [], "it has answered");
  // Names of other schemes may stand for other hosts; and it may be a mirror that is meant.
  assertEquals([enter("s3://bucket/x").type, enter("sftp://h.example/x").type], ["open", "open"]);
  assertEquals(enter("http://b.example/x", "mirror.example"), { type: "open" });
  assertEquals(asked, []);
  assertEquals(enter("ftp://[::1]:2121/x").type, "full");
  assertEquals(asked, ["::1"]);
});

Deno.test("SharedHostGate lets tasks begin at a mirror when the host of their url was silent, and never before", () => {
  const table = HostTable.create({ perHost: "auto" });
  const gate = new SharedHostGate(table, true, HOUR_MS);
  const mirrors = ["http://b.example/x", "http://c.example/x"];
  const hostOf = () => gate.hostOf({ url: URL_A, mirrors });
  table.tryAcquire("a.example");
  assertEquals(hostOf(), "a.example", "it may still answer");
  table.answers!.silent("a.example");
  assertEquals(hostOf(), "b.example");
  table.coolDown("b.example", Date.now() + HOUR_MS / 2);
  assertEquals(hostOf(), "c.example");
  table.tryAcquire("c.example");
  table.answers!.silent("c.example");
  assertEquals(hostOf(), "a.example");
});
