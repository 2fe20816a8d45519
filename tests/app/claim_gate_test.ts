import { assertEquals } from "@std/assert";
import { ClaimGate } from "../../app/claim_gate.ts";
import { HostTable } from "../../download/host_table.ts";
import type { ClaimedTask } from "../../queue/task_model.ts";

const HOST = "a.example:8080";
const LIMITS = { perHost: 0, perHostRate: 0, concurrency: 64, workers: 2, maxHostWaitMs: 3_600_000 };

function tasksOf(host: string, count: number): ClaimedTask[] {
  return Array.from({ length: count }, (_, seq): ClaimedTask => ({
    id: `t${seq}`,
    seq,
    url: `http://${host}/${seq}`,
    out: String(seq),
    priority: 0,
    status: "running",
    attempts: 0,
    crashes: 0,
    addedAt: 0,
    core: 0,
    owner: "o",
    fence: "f",
  }));
}

Deno.test("ClaimGate asks nothing of claims while no host is cooling and none is capped", () => {
  let time = 1000;
  const table = HostTable.create({}, { now: () => time });
  const gate = new ClaimGate({ table, ...LIMITS });
  assertEquals([gate.hosts, gate.capped], [undefined, false]);
  table.coolDown(HOST, 5000);
  assertEquals(gate.hosts?.(HOST), { room: 0, until: 5000 });
  assertEquals(gate.hosts?.("b.example"), undefined);
  time = 5001;
  assertEquals(gate.hosts, undefined);
});

Deno.test("ClaimGate wants the tasks of a host that is to be left alone for too long", () => {
  const table = HostTable.create({ perHost: 4 });
  table.coolDown(HOST, Date.now() + 7_200_000);
  assertEquals(new ClaimGate({ table, ...LIMITS }).hosts?.(HOST), undefined);
  assertEquals(new ClaimGate({ table, ...LIMITS, perHost: 4 }).hosts?.(HOST), { room: 52, until: 0 });
});

Deno.test("ClaimGate gives a capped host room for what may run and a little more, and again when enough has ended", () => {
  const table = HostTable.create({ perHost: 4 });
  const gate = new ClaimGate({ table, ...LIMITS, perHost: 4 });
  const room = () => gate.hosts?.(HOST)?.room;
  const most = room()!;
  assertEquals(most > 4 && most <= 64, true, "no more than a worker keeps for a full host");
  const tasks = tasksOf(HOST, most);
  gate.claimed(tasks);
  gate.claimed(tasksOf("b.example", 3));
  assertEquals([room(), gate.hosts?.("b.example")?.room], [0, most - 3]);
  let ended = 0;
  while (room() === 0) gate.ended(tasks[ended++]!);
  assertEquals(room(), ended);
  assertEquals(ended > 8 && ended < most, true, "not for every single one");
  for (const task of tasks.slice(ended)) gate.ended(task);
  assertEquals(room(), most);
});

Deno.test("ClaimGate lets a host with a rate have all that may run, and a closed one nothing", () => {
  const table = HostTable.create({ perHostRate: 10 });
  const gate = new ClaimGate({ table, ...LIMITS, perHostRate: 10 });
  assertEquals(gate.hosts!(HOST)!.room > 64, true);
  table.coolDown(HOST, Date.now() + 60_000);
  assertEquals(gate.hosts!(HOST)!.room, 0);
});

Deno.test("ClaimGate shares what is claimed ahead among many hosts, and keeps no room for those that came first", () => {
  const table = HostTable.create({ perHost: 2 });
  const gate = new ClaimGate({ table, ...LIMITS, perHost: 2, workers: 1 });
  const room = (host: string) => gate.hosts!(host)!.room;
  const first = tasksOf("first", room("first"));
  gate.claimed(first);
  const fill = (from: number, to: number) => {
    for (let i = from; i < to; i++) gate.claimed(tasksOf(`h${i}`, room(`h${i}`)));
  };
  fill(0, 100);
  const share = room("another");
  assertEquals(share > 2 && share < first.length / 2, true, `${share}`);
  // Half of what it had was fair once, and is more than others can have now.
  for (const task of first.slice(0, first.length / 2)) gate.ended(task);
  assertEquals(room("first"), 0);
  for (const task of first.slice(first.length / 2)) gate.ended(task);
  assertEquals(room("first"), share);
  fill(100, 3000);
  assertEquals(room("another"), 2, "what may run at once, however many there are");
});
