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

/** A gate that goes by the answers, and a worker that gets them. */
function auto(limits: Partial<typeof LIMITS> = {}) {
  const most = limits.perHost ?? 0;
  const table = HostTable.create({
    perHost: "auto",
    workers: 2,
    most,
    ...(limits.perHostRate ? { perHostRate: 5 } : {}),
  });
  return { gate: new ClaimGate({ table, ...LIMITS, ...limits }), worker: HostTable.attach(table.buffer, 0) };
}

Deno.test("ClaimGate wants few tasks of a host that has not answered, and any number of one that has", () => {
  const { gate, worker } = auto();
  const room = () => gate.hosts!(HOST);
  assertEquals(room(), { room: 4, until: 0 });
  const tasks = tasksOf(HOST, 4);
  gate.claimed(tasks);
  assertEquals(gate.brief, false);
  assertEquals(room(), { room: 0, until: 0, brief: true });
  assertEquals(gate.brief, true);
  assertEquals([gate.capped, gate.reopened()], [true, []]);
  worker.tryAcquire(HOST);
  worker.answers!.answered(HOST);
  assertEquals([gate.reopened(), gate.reopened()], [[HOST], []]);
  assertEquals([room(), gate.capped], [undefined, false]);
  // It gets a cap: then that counts, and a little more.
  for (let i = 0; i < 20; i++) worker.tryAcquire(HOST);
  worker.answers!.troubled(HOST, "http://a", Date.now());
  assertEquals(room(), { room: 10 + 48 - 4, until: 0 });
  for (const task of tasks) gate.ended(task);
  assertEquals(room(), { room: 58, until: 0 });
});

Deno.test("ClaimGate wants one task of a host that was silent, when the list has nothing else", () => {
  const { gate, worker } = auto();
  worker.tryAcquire(HOST);
  worker.answers!.silent(HOST);
  worker.release(HOST);
  const room = () => gate.hosts!(HOST)?.room;
  gate.claimed(tasksOf("b.example", 9), 9);
  assertEquals(room(), 0, "there is more of others");
  gate.claimed(tasksOf("b.example", 3), 9);
  assertEquals(room(), 1);
  gate.claimed(tasksOf(HOST, 1), 9);
  assertEquals(room(), 0);
});

Deno.test("ClaimGate wants more tasks of a host that has not answered if it refuses them at once", () => {
  const { gate, worker } = auto();
  worker.tryAcquire(HOST);
  worker.release(HOST);
  assertEquals(gate.hosts!(HOST), { room: 49, until: 0 });
  worker.tryAcquire(HOST);
  worker.answers!.silent(HOST);
  worker.release(HOST);
  assertEquals(gate.hosts!(HOST)!.room <= 1, true, "it is silent by now");
});

Deno.test("ClaimGate wants all tasks of a silent host that have mirrors", () => {
  const { gate, worker } = auto();
  gate.claimed(tasksOf(HOST, 4).map((task) => ({ ...task, mirrors: ["http://b.example/x"] })));
  assertEquals(gate.hosts!(HOST)?.room, 0, "it may still answer");
  worker.tryAcquire(HOST);
  worker.answers!.silent(HOST);
  worker.coolDown(HOST, Date.now() + 60_000);
  assertEquals(gate.hosts!(HOST), undefined);
});

Deno.test("ClaimGate wants the tasks of a host that is given up: they fail at once", () => {
  const { gate, worker } = auto();
  worker.tryAcquire(HOST);
  worker.answers!.silent(HOST);
  worker.answers!.giveUp(HOST, Date.now() + 60_000);
  assertEquals(gate.hosts!(HOST), undefined);
});

Deno.test("ClaimGate claims nothing ahead of a first answer where other machines spare the host too, and keeps to a rate", () => {
  const { gate, worker } = auto({ perHost: 4 });
  assertEquals(gate.hosts!(HOST), { room: 1, until: 0 });
  worker.tryAcquire(HOST);
  worker.answers!.answered(HOST);
  assertEquals(gate.hosts!(HOST), { room: 52, until: 0 });
  const paced = auto({ perHostRate: 5 });
  paced.worker.tryAcquire(HOST);
  paced.worker.answers!.answered(HOST);
  assertEquals(paced.gate.hosts!(HOST), { room: 64 + 48, until: 0 });
});

Deno.test("ClaimGate does not let the tasks of a host wait behind suspects of it, which run one at a time", () => {
  const table = HostTable.create({ perHost: 1 });
  const gate = new ClaimGate({ table, ...LIMITS, perHost: 1 });
  const room = () => gate.hosts!(HOST)!.room;
  const most = room();
  const suspects = tasksOf(HOST, 60).map((task) => ({ ...task, crashes: 2 }));
  gate.claimed(suspects);
  assertEquals(room(), most);
  gate.claimed(tasksOf(HOST, most));
  for (const suspect of suspects) gate.ended(suspect);
  assertEquals(room(), 0);
});
