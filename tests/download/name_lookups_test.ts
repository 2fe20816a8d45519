import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LookupError } from "../../download/lookup_error.ts";
import { NameLookups, type NameLookupsOptions } from "../../download/name_lookups.ts";

const never = new AbortController().signal;

/** Name servers that answer when they are told to, and a clock that goes when it is told to. */
class Names {
  readonly asked: string[] = [];
  readonly #open = new Map<string, PromiseWithResolvers<readonly string[]>>();
  readonly lookups: NameLookups;
  now = 1000;

  constructor(options: Pick<NameLookupsOptions, "timeoutMs"> = {}) {
    this.lookups = new NameLookups({
      ...options,
      resolve: (name) => {
        this.asked.push(name);
        const answer = Promise.withResolvers<readonly string[]>();
        this.#open.set(name, answer);
        return answer.promise;
      },
      now: () => this.now,
    });
  }

  /** Names that are being looked up. */
  get open(): string[] {
    return [...this.#open.keys()];
  }

  ask(name: string, signal: AbortSignal = never): Promise<readonly string[]> {
    const asking = Promise.resolve(this.lookups.addressesOf(name, signal));
    // A test may look at it later.
    asking.catch(() => {});
    return asking;
  }

  async answer(name: string, addresses: readonly string[] | Error): Promise<void> {
    const { resolve, reject } = this.#open.get(name)!;
    this.#open.delete(name);
    if (addresses instanceof Error) reject(addresses);
    else resolve(addresses);
    // Whoever waits goes on, and the next look-up begins.
    await new Promise((done) => setTimeout(done));
  }
}

function failing(code: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code}`), { code });
}

Deno.test("NameLookups takes an address for itself, and leaves what only looks like one to the system", async () => {
  const names = new Names();
  for (const address of ["127.0.0.1", "::1", "fe80::1"]) {
    assertEquals(names.lookups.addressesOf(address, never), [address]);
    assert(names.lookups.hasAnswered(address));
  }
  const octal = names.ask("0177.0.0.1");
  assertEquals(names.asked, ["0177.0.0.1"]);
  await names.answer("0177.0.0.1", ["127.0.0.1"]);
  assertEquals(await octal, ["127.0.0.1"]);
});

Deno.test("NameLookups looks a name up once for all who wait for it, and remembers the answer for a minute", async () => {
  const names = new Names();
  const first = names.ask("a.test");
  const second = names.ask("a.test");
  assertEquals(names.asked, ["a.test"]);
  assertEquals(names.lookups.hasAnswered("a.test"), false);
  await names.answer("a.test", ["192.0.2.1", "192.0.2.2"]);
  assertEquals([await first, await second], [["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "192.0.2.2"]]);
  names.now += 59_999;
  assertEquals(names.lookups.addressesOf("a.test", never), ["192.0.2.1", "192.0.2.2"]);
  names.now += 1;
  const later = names.ask("a.test");
  assertEquals(names.asked, ["a.test", "a.test"]);
  await names.answer("a.test", ["192.0.2.3"]);
  assertEquals(await later, ["192.0.2.3"]);
  // Nothing could be connected there.
  names.lookups.doubt("a.test");
  assertEquals(names.lookups.hasAnswered("a.test"), false);
  const again = names.ask("a.test");
  await names.answer("a.test", ["192.0.2.4"]);
  assertEquals(await again, ["192.0.2.4"]);
});

Deno.test("NameLookups has at most 16 look-ups on their way; names that were known go first", async () => {
  const names = new Names();
  const known = names.ask("known.test");
  await names.answer("known.test", ["192.0.2.1"]);
  await known;
  names.lookups.doubt("known.test");
  const dead = Array.from({ length: 20 }, (_, i) => names.ask(`dead${i}.test`));
  const late = names.ask("known.test");
  assertEquals(names.open, Array.from({ length: 16 }, (_, i) => `dead${i}.test`));
  await names.answer("dead3.test", failing("ENOTFOUND"));
  assertEquals(names.open.at(-1), "known.test");
  await names.answer("known.test", ["192.0.2.1"]);
  assertEquals(await late, ["192.0.2.1"]);
  assertEquals(names.open.at(-1), "dead16.test");
  while (names.open.length > 0) await names.answer(names.open[0]!, failing("EAI_AGAIN"));
  const results = await Promise.allSettled(dead);
  assert(results.every(({ status }) => status === "rejected"));
  assertEquals(names.asked.length, 22);
});

Deno.test("NameLookups looks no name up that nobody waits for any more", async () => {
  const names = new Names();
  const many = Array.from({ length: 16 }, (_, i) => names.ask(`name${i}.test`));
  const gone = new AbortController();
  const waiting = names.ask("gone.test", gone.signal);
  const last = names.ask("last.test");
  gone.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => names.ask("gone.test", gone.signal), Error, "enough");
  await names.answer("name0.test", ["192.0.2.1"]);
  assertEquals(names.open.at(-1), "last.test");
  while (names.open.length > 0) await names.answer(names.open[0]!, ["192.0.2.1"]);
  await Promise.all([...many, last]);
  assert(!names.asked.includes("gone.test"));
});

Deno.test("NameLookups remembers a failure for as long as the look-up took, from 1 s to 60 s", async () => {
  for (const [tookMs, rememberedMs] of [[0, 1000], [10_000, 10_000], [100_000, 60_000]] as const) {
    // Its own timer has no part in this.
    const names = new Names({ timeoutMs: 3_600_000 });
    const first = names.ask("a.test");
    names.now += tookMs;
    const before = Date.now();
    await names.answer("a.test", failing("ENOTFOUND"));
    const error = await assertRejects(() => first, LookupError);
    assertEquals([error.message, error.kind], ["the name cannot be looked up: nobody knows it (ENOTFOUND)", "network"]);
    assert(error.retryAt >= before + rememberedMs && error.retryAt <= Date.now() + rememberedMs + 1);
    names.now += rememberedMs - 1;
    const again = await assertRejects(() => names.ask("a.test"), LookupError);
    assertEquals(again.message, error.message);
    assertEquals(names.asked.length, 1);
    names.now += 1;
    const next = names.ask("a.test");
    assertEquals(names.asked.length, 2);
    await names.answer("a.test", ["192.0.2.1"]);
    assertEquals(await next, ["192.0.2.1"]);
  }
});

Deno.test("NameLookups gives a look-up up after its time, but keeps its place until the system ends it", async () => {
  const names = new Names({ timeoutMs: 50 });
  const silent = Array.from({ length: 16 }, (_, i) => names.ask(`silent${i}.test`));
  const good = names.ask("good.test");
  for (const waiting of silent) {
    const error = await assertRejects(() => waiting, LookupError);
    assertMatch(error.message, /^the name cannot be looked up: no answer after 0\.05 s \(see --lookup-timeout\)$/);
    assertEquals(error.kind, "timeout");
  }
  // Who comes later waits for the same look-up.
  await assertRejects(() => names.ask("silent0.test"), LookupError, "no answer");
  names.now += 3_600_000;
  const once = names.ask("silent0.test");
  const more = names.ask("silent0.test");
  await assertRejects(() => once, LookupError, "no answer");
  await assertRejects(() => more, LookupError, "no answer");
  assertEquals(names.asked.length, 16);
  names.now += 3_600_000;
  const late = names.ask("silent0.test");
  // What comes late counts all the same.
  await names.answer("silent0.test", ["192.0.2.1"]);
  assertEquals([await late, await names.ask("silent0.test")], [["192.0.2.1"], ["192.0.2.1"]]);
  assertEquals(names.open.at(-1), "good.test");
  await names.answer("good.test", ["192.0.2.2"]);
  assertEquals(await good, ["192.0.2.2"]);
  while (names.open.length > 0) await names.answer(names.open[0]!, failing("EAI_AGAIN"));
});

Deno.test("NameLookups tells when somebody begins and ends to wait, whatever comes of it", async () => {
  const names = new Names();
  const told: string[] = [];
  const watch = { lookingUp: () => void told.push("looking"), lookedUp: () => void told.push("looked") };
  const controller = new AbortController();
  const one = Promise.resolve(names.lookups.addressesOf("a.test", never, watch));
  one.catch(() => {});
  const two = Promise.resolve(names.lookups.addressesOf("a.test", controller.signal, watch));
  controller.abort(new Error("enough"));
  await assertRejects(() => two, Error, "enough");
  await names.answer("a.test", failing("EAI_AGAIN"));
  await assertRejects(() => one, LookupError, "no name server answers (EAI_AGAIN)");
  assertEquals(told, ["looking", "looking", "looked", "looked"]);
  // What is known is not waited for.
  await assertRejects(async () => await names.lookups.addressesOf("a.test", never, watch), LookupError);
  assertEquals(told.length, 4);
});

Deno.test("NameLookups asks the system, whose files and order count", async () => {
  const names = new NameLookups();
  const addresses = await names.addressesOf("localhost", never);
  assert(addresses.includes("127.0.0.1"), addresses.join());
  await assertRejects(async () => await names.addressesOf("no-such-host.invalid", never), LookupError);
});

Deno.test("NameLookups.prepare looks a name up once before anybody waits for it, and says when there is an answer", async () => {
  const names = new Names();
  const { lookups } = names;
  assert(lookups.prepare("127.0.0.1") && lookups.prepare("::1"));
  assertEquals([lookups.prepare("a.test"), lookups.prepare("a.test"), lookups.prepare("b.test")], [
    false,
    false,
    false,
  ]);
  assertEquals([names.asked, lookups.ended], [["a.test", "b.test"], 0]);
  await names.answer("a.test", ["192.0.2.1"]);
  assertEquals([lookups.ended, lookups.prepare("a.test")], [1, true]);
  assertEquals(lookups.addressesOf("a.test", never), ["192.0.2.1"]);
  await names.answer("b.test", failing("ENOTFOUND"));
  assertEquals([lookups.ended, lookups.prepare("b.test")], [2, true]);
  await assertRejects(() => names.ask("b.test"), LookupError, "nobody knows it");
  names.now += 60_001;
  assertEquals(lookups.prepare("b.test"), false, "it is asked again");
  assertEquals(names.asked, ["a.test", "b.test", "b.test"]);
  await names.answer("b.test", ["192.0.2.2"]);
});
