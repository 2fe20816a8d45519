import { assert, assertEquals } from "@std/assert";
import { HostTable } from "../../download/host_table.ts";

const HOST = "a.example:8080";
const URL_A = `http://${HOST}/a`;
const URL_B = `http://${HOST}/b`;

function setUp(options: { workers?: number; most?: number; concurrency?: number; places?: number } = {}) {
  let time = 1_000_000;
  const clock = { now: () => time };
  const main = HostTable.create({ perHost: "auto", workers: 2, concurrency: 128, ...options }, clock);
  const [one, two] = [0, 1].map((worker) => HostTable.attach(main.buffer, worker, clock)) as [HostTable, HostTable];
  return { main, one, two, pass: (ms: number) => time += ms, now: () => time };
}

/** Opens so many connections, and says how many of them were granted. */
function open(table: HostTable, count: number, host = HOST): number {
  let granted = 0;
  for (let i = 0; i < count; i++) if (table.tryAcquire(host).type === "ok") granted++;
  return granted;
}

Deno.test("HostAnswers lets one request of all workers be open to a host until it has answered, then any number", () => {
  const { main, one, two } = setUp();
  assertEquals([one.tryAcquire(HOST), two.tryAcquire(HOST), one.tryAcquire(HOST)].map(({ type }) => type), [
    "ok",
    "unanswered",
    "unanswered",
  ]);
  assertEquals(main.answers!.capOf(HOST), 0);
  one.release(HOST);
  // It ended without an answer: another one may try.
  assertEquals(two.tryAcquire(HOST), { type: "ok" });
  const { heard } = main.answers!;
  two.answers!.answered(HOST);
  assert(main.answers!.heard !== heard);
  assertEquals([open(one, 300), open(two, 300)], [300, 300]);
  assertEquals([main.answers!.capOf(HOST), main.inUse(HOST)], [Infinity, 601]);
  assertEquals(main.releaseAll(1), 301);
  assertEquals(main.inUse(HOST), 300);
});

Deno.test("HostAnswers lets no more hosts wait for their first answer than the worker has places for", () => {
  const { one, two } = setUp();
  one.answers!.mostFirsts = 3;
  for (let i = 0; i < 3; i++) assertEquals(one.tryAcquire(`h${i}`).type, "ok");
  assert(one.answers!.firstsFull);
  assertEquals(one.tryAcquire("h3").type, "unanswered");
  assertEquals(two.tryAcquire("h3").type, "ok", "each worker has places of its own");
  one.answers!.answered("h1");
  assertEquals([one.tryAcquire("h4").type, one.tryAcquire("h5").type], ["ok", "unanswered"]);
  one.release("h4");
  assertEquals(one.tryAcquire("h5").type, "ok");
  assertEquals(one.tryAcquire("h1").type, "ok", "those that have answered are not counted");
});

Deno.test("HostAnswers caps a host that is in trouble at half of what is open, once for all that was on its way, and each answer raises it", () => {
  const { one, two, pass, now } = setUp();
  one.tryAcquire(HOST);
  one.answers!.answered(HOST);
  open(one, 39);
  open(two, 24);
  const begun = now();
  pass(1000);
  // All of them are refused: that is one trouble.
  for (let i = 0; i < 60; i++) one.answers!.troubled(HOST, `${URL_A}${i}`, begun);
  assertEquals(one.answers!.capOf(HOST), 32);
  assertEquals(one.tryAcquire(HOST).type, "capped");
  for (let i = 0; i < 40; i++) one.release(HOST);
  assertEquals(open(one, 20), 8);
  for (let i = 0; i < 5; i++) two.answers!.answered(HOST);
  assertEquals([one.answers!.capOf(HOST), open(one, 20)], [37, 5]);
  // Whatever begins after it and is refused halves it again, never below 1.
  for (const half of [18, 9, 4, 2, 1, 1]) {
    pass(1000);
    one.answers!.troubled(HOST, URL_B, now());
    pass(1000);
    one.answers!.troubled(HOST, URL_A, now() - 1000);
    assertEquals(one.answers!.capOf(HOST), half);
  }
  for (let i = 0; i < 200; i++) two.answers!.answered(HOST);
  assertEquals(one.answers!.capOf(HOST), Infinity, "a cap as high as all downloads together is none");
});

Deno.test("HostAnswers holds no host under 8 because of one url that is always refused", () => {
  const { one, pass, now } = setUp();
  one.tryAcquire(HOST);
  one.answers!.answered(HOST);
  open(one, 63);
  const refuse = (url: string) => {
    pass(1000);
    one.answers!.troubled(HOST, url, now());
    return one.answers!.capOf(HOST);
  };
  assertEquals(Array.from({ length: 6 }, () => refuse(URL_A)), [32, 16, 8, 8, 8, 8]);
  assertEquals(refuse(URL_B), 4, "another one shows that it is the host");
  for (let i = 0; i < 200; i++) one.answers!.answered(HOST);
  assertEquals(Array.from({ length: 4 }, () => refuse(URL_B)), [32, 16, 8, 8]);
});

Deno.test("HostAnswers counts refusals as an answer, but no silence", () => {
  const { main, one, pass, now } = setUp();
  one.tryAcquire(HOST);
  const since = now();
  assertEquals(main.answers!.silentSince(HOST), 0);
  pass(5000);
  assertEquals(main.answers!.silentSince(HOST), since, "it has not answered for a while");
  assertEquals(one.answers!.silent(HOST), 1);
  one.release(HOST);
  pass(5000);
  assertEquals([main.answers!.silentSince(HOST), main.answers!.isSilent(HOST)], [since, true]);
  one.tryAcquire(HOST);
  assertEquals(one.answers!.silent(HOST), 2);
  one.answers!.giveUp(HOST, now() + 1000);
  assertEquals([main.answers!.anyGivenUp, main.answers!.isGivenUp(HOST), main.answers!.isGivenUp("b")], [
    true,
    true,
    false,
  ]);
  pass(1001);
  assertEquals([main.answers!.anyGivenUp, main.answers!.isGivenUp(HOST)], [false, false]);
  one.answers!.troubled(HOST, URL_A, now());
  assertEquals([main.answers!.silentSince(HOST), main.answers!.isSilent(HOST)], [0, false]);
  assertEquals(main.answers!.capOf(HOST), 8);
  assertEquals(one.answers!.silent(HOST), 0);
});

Deno.test("HostAnswers keeps to the most connections that the fleet may have, and to a rate", () => {
  const { one, two } = setUp({ most: 4 });
  one.tryAcquire(HOST);
  one.answers!.answered(HOST);
  assertEquals([open(one, 9), open(two, 9), one.answers!.capOf(HOST)], [3, 0, 4]);
  const clock = { now: () => 5000 };
  const paced = HostTable.create({ perHost: "auto", perHostRate: 10 }, clock);
  assertEquals(paced.tryAcquire(HOST).type, "ok");
  paced.answers!.answered(HOST);
  assertEquals([paced.tryAcquire(HOST).type, paced.tryAcquire(HOST).type], ["ok", "paced"]);
});

Deno.test("HostAnswers opens nothing to a host that cools, though it has answered", () => {
  const { one, now } = setUp();
  one.tryAcquire(HOST);
  one.answers!.answered(HOST);
  one.coolDown(HOST, now() + 1000);
  assertEquals(one.tryAcquire(HOST).type, "cooling");
});

Deno.test("HostAnswers forgets hosts only where there is no empty place, and none that has a connection", () => {
  const { main, one } = setUp({ places: 128 });
  for (let i = 0; i < 100; i++) {
    one.tryAcquire(`h${i}`);
    one.answers!.answered(`h${i}`);
    if (i % 2 === 0) one.release(`h${i}`);
  }
  const known = (i: number) => main.answers!.capOf(`h${i}`) === Infinity;
  const all = Array.from({ length: 100 }, (_, i) => i);
  assert(all.filter(known).length >= 95, `${all.filter(known).length}`);
  for (let i = 0; i < 500; i++) {
    one.tryAcquire(`g${i}`);
    one.release(`g${i}`);
  }
  assertEquals(all.filter((i) => i % 2 === 1 && !known(i)), []);
  // Whoever comes in the place of another one has not answered.
  assertEquals(main.answers!.capOf("g499"), 0);
});

Deno.test("HostAnswers lets times end as they were to when the clock is set back", () => {
  const { main, one, pass, now } = setUp();
  one.tryAcquire(HOST);
  one.answers!.silent(HOST);
  one.answers!.giveUp(HOST, now() + 1000);
  pass(-600_000);
  main.setBack(600_000);
  assert(one.answers!.isGivenUp(HOST));
  pass(1001);
  assertEquals(one.answers!.isGivenUp(HOST), false);
});
