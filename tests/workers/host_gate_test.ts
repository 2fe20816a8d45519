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
    assertEquals(gate.enter(gate.hostOf({ url: URL_A })), { type: "closed", until });
  });

  Deno.test(`SharedHostGate holds up no task whose sources all ask for too long a wait, ${capped ? "capped" : "open"}`, () => {
    const table = HostTable.create(capped ? { perHost: 1 } : {});
    const gate = new SharedHostGate(table, capped, HOUR_MS);
    const far = Date.now() + 2 * HOUR_MS;
    const near = Date.now() + HOUR_MS / 2;
    for (const host of ["a.example", "a.example:80"]) table.coolDown(host, far);
    const mirrors = ["http://b.example/x"];
    assertEquals(gate.hostOf({ url: URL_A }), "");
    assertEquals(gate.enter(""), { type: "open" });
    assert(gate.hostOf({ url: URL_A, mirrors }).startsWith("b.example"));
    for (const host of ["b.example", "b.example:80"]) table.coolDown(host, near);
    assertEquals(gate.enter(gate.hostOf({ url: URL_A, mirrors })), { type: "closed", until: near });
    for (const host of ["b.example", "b.example:80"]) table.coolDown(host, far);
    assertEquals(gate.hostOf({ url: URL_A, mirrors }), "");
  });
}
