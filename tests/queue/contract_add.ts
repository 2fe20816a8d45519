import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { AddResult, TaskDraft } from "../../queue/task_shared_list.ts";
import type { Task, TaskOutcome } from "../../queue/task_model.ts";
import {
  assertCountsMatch,
  claimAs,
  countsOf,
  DONE,
  draft,
  drafts,
  fakeClock,
  idsOf,
  listAll,
  type OpenList,
  retry,
  settleAll,
  taskError,
} from "./contract_kit.ts";

/** What the list promises about adding. */
export function contractAdd(name: string, open: OpenList): void {
  Deno.test(`${name} add stores tasks as they were drafted`, async () => {
    const clock = fakeClock(1_234_567);
    await using list = await open({ clock });
    const [plain, full] = await list.add([
      { url: "http://a.example/1", out: "1" },
      {
        id: "mine",
        url: "http://a.example/2",
        out: "2",
        fallbackOut: "2-other",
        priority: -3,
        headers: { "x-a": "b" },
        checksum: "md5:d41d8cd98f00b204e9800998ecf8427e",
        size: 0,
        notBefore: 99_999_999,
      },
    ]);
    assert(plain?.type === "added");
    assertEquals(plain.out, "1");
    assertEquals(full, { type: "added", id: "mine", out: "2" });
    const first = await list.get(plain.id);
    assert(first !== undefined);
    assertEquals(first, {
      id: plain.id,
      seq: first.seq,
      url: "http://a.example/1",
      out: "1",
      priority: 0,
      status: "waiting",
      attempts: 0,
      crashes: 0,
      addedAt: 1_234_567,
    });
    const second = await list.get("mine");
    assert(second !== undefined && second.seq > first.seq);
    assertEquals(second.headers, { "x-a": "b" });
    assertEquals([second.checksum, second.size], ["md5:d41d8cd98f00b204e9800998ecf8427e", 0]);
    assertEquals([second.priority, second.notBefore, second.status], [-3, 99_999_999, "waiting"]);
    assert(!("fallbackOut" in second));
  });

  Deno.test(`${name} keeps every field of a draft on the whole way of a task`, async () => {
    await using list = await open();
    const fields = {
      checksum: "md5:d41d8cd98f00b204e9800998ecf8427e",
      size: 12,
      mirrors: ["http://m/1"],
      limitRate: 9,
      segments: 3,
      named: true,
    };
    const some = [draft(1, fields), draft(2), draft(3, { ...fields, notBefore: 1 })];
    const pick = (tasks: readonly Task[]) =>
      tasks.map(({ url, checksum, size, mirrors, limitRate, segments, named }) => ({
        url,
        ...(checksum && { checksum, size, mirrors, limitRate, segments, named }),
      }))
        .sort((a, b) => a.url < b.url ? -1 : 1);
    const expected = some.map(({ url, checksum, size, mirrors, limitRate, segments, named }) => ({
      url,
      ...(checksum && { checksum, size, mirrors, limitRate, segments, named }),
    }));
    await list.add(some);
    assertEquals(pick(await listAll(list)), expected);
    const error = taskError();
    const outcomes: TaskOutcome[] = [
      { type: "released" },
      { type: "retry", startedAt: 5, error, notBefore: 6 },
      { type: "failed", startedAt: 5, error },
    ];
    for (const outcome of outcomes) {
      const claimed = await claimAs(list, outcome.type);
      assertEquals(pick(claimed), expected);
      await settleAll(list, claimed, outcome);
      assertEquals(pick(await listAll(list)), expected);
    }
    assertEquals(await retry(list, {}), 3);
    await settleAll(list, await claimAs(list, "o"));
    assertEquals(pick(await listAll(list, "done")), expected);
  });

  Deno.test(`${name} add changes a known task to what its entry says now, in every state that is not settled`, async () => {
    await using list = await open();
    const states = ["done", "failed", "paused", "running", "delayed", "waiting"];
    const wishes = states.map((id, i) => draft(i, { id, priority: -i }));
    await list.add(wishes);
    const claimed = await claimAs(list, "o", 5);
    const error = taskError();
    await list.settle([
      { task: claimed[0]!, outcome: DONE },
      { task: claimed[1]!, outcome: { type: "failed", startedAt: 1, error } },
      { task: claimed[4]!, outcome: { type: "retry", startedAt: 1, error, notBefore: Date.now() + 3_600_000 } },
    ]);
    await list.control({ verb: "pause", ids: ["paused"] });
    const before = await Promise.all(states.map((id) => list.get(id)));
    const more = {
      headers: { a: "b" },
      checksum: `md5:${"0".repeat(32)}`,
      size: 7,
      mirrors: ["http://m/"],
      segments: 2,
    };
    const changed = wishes.map((wish) => ({ ...wish, ...more, priority: 9, limitRate: 100 }));
    assertEquals((await list.add(changed)).map(({ type }) => type), [
      "duplicate",
      ...states.slice(1).map(() => "changed"),
    ]);
    for (const [i, id] of states.entries()) {
      const now = await list.get(id);
      assertEquals(now, i === 0 ? before[i] : { ...before[i]!, ...more, priority: 9, limitRate: 100 }, id);
    }
    assertEquals((await list.add(changed)).map(({ type }) => type), states.map(() => "duplicate"));
    // The claim goes on, and what was said meanwhile stays.
    await list.settle([{ task: claimed[3]!, outcome: { type: "failed", startedAt: 1, error } }]);
    const failed = await list.get("running");
    assertEquals([failed?.status, failed?.priority, failed?.headers, failed?.size], ["failed", 9, { a: "b" }, 7]);
    // What an entry says no more is gone, too.
    await list.add(wishes);
    const again = await list.get("waiting");
    assertEquals(again, before[5]);
    assertEquals(idsOf(await claimAs(list, "o", 1)), ["waiting"]);
    await assertCountsMatch(list);
  });

  Deno.test(`${name} add knows an entry again by all that it asks for, and whose each path is`, async () => {
    await using list = await open();
    // Whatever is made of it, some begin with a digit and some do not.
    const wishes = Array.from({ length: 120 }, (_, i) => draft(i, { size: i, headers: { "x-nth": String(i) } }));
    const added = await list.add(wishes);
    assertEquals(new Set(added.map(({ type }) => type)), new Set(["added"]));
    assertEquals(await list.add(wishes), added.map((result) => ({ ...result, type: "duplicate" }) as AddResult));
    const others = wishes.map((wish) => ({ ...wish, url: `${wish.url}/other`, fallbackOut: `${wish.out}~` }));
    const refused = await list.add(others.map(({ fallbackOut: _, ...wish }) => wish));
    assertEquals(new Set(refused.map(({ type }) => type)), new Set(["refused"]));
    assertEquals(
      (await list.add(others)).map((result) => result.type === "added" && result.out),
      others.map(({ fallbackOut }) => fallbackOut),
    );
    // A running task may come back to the path that it has.
    const claimed = await claimAs(list, "o", 300);
    const renamed = await list.rename(claimed.map((task) => ({ task, out: task.out })));
    assertEquals(renamed.map((result) => result.type === "named" && result.task.out), claimed.map(({ out }) => out));
    assertEquals((await assertCountsMatch(list)).length, 240);
  });

  Deno.test(`${name} add tells duplicates in the same batch and across batches`, async () => {
    await using list = await open();
    const [first, twin, other] = await list.add([draft(1), draft(1), draft(2)]);
    assertEquals(first?.type, "added");
    assertEquals(twin, { ...first, type: "duplicate" } as AddResult);
    assertEquals(other?.type, "added");
    assertEquals(await list.add([draft(2), draft(1)]), [
      { ...other, type: "duplicate" } as AddResult,
      { ...first, type: "duplicate" } as AddResult,
    ]);
    assertEquals(await list.counts(), countsOf({ waiting: 2 }));
  });

  Deno.test(`${name} add finds nothing new in a long list that it knows, whatever its order`, async () => {
    await using list = await open();
    const many = drafts(700).map((one) => ({ ...one, fallbackOut: `${one.out}~` }));
    const added = await list.add(many);
    assertEquals(new Set(added.map((result) => result.type)), new Set(["added"]));
    const again = await list.add([...many].reverse());
    assertEquals(again, [...added].reverse().map((result) => ({ ...result, type: "duplicate" }) as AddResult));
    const mixed = await list.add(drafts(900));
    assertEquals(mixed.filter((result) => result.type === "added").length, 200);
    assertEquals((await assertCountsMatch(list)).length, 900);
  });

  Deno.test(`${name} add gives a second url with the same path its fallback`, async () => {
    await using list = await open();
    const a: TaskDraft = { url: "http://a.example/x", out: "x", fallbackOut: "x-a" };
    const b: TaskDraft = { url: "http://b.example/x", out: "x", fallbackOut: "x-b" };
    const c: TaskDraft = { url: "http://c.example/x", out: "x", fallbackOut: "x-c" };
    const [first, second] = await list.add([a, b]);
    const [third] = await list.add([c]);
    assertEquals([first, second, third].map((result) => result?.type === "added" && result.out), ["x", "x-b", "x-c"]);
    const again = await list.add([c, b, a]);
    assertEquals(again.map((result) => result.type), ["duplicate", "duplicate", "duplicate"]);
    assertEquals(again.map((result) => result.type === "duplicate" && result.out), ["x-c", "x-b", "x"]);
  });

  Deno.test(`${name} add gives a batch what adding one by one would give`, async () => {
    const batch: TaskDraft[] = [
      { id: "a", url: "http://a.example/", out: "p" },
      { id: "a", url: "http://b.example/", out: "q" },
      { url: "http://c.example/", out: "p", fallbackOut: "r" },
      { url: "http://d.example/", out: "r" },
      { url: "http://d.example/", out: "q" },
      { url: "http://c.example/", out: "p", fallbackOut: "r" },
      { url: "http://e.example/", out: "p", fallbackOut: "q" },
      { id: "a", url: "http://a.example/", out: "p" },
    ];
    await using whole = await open();
    await using single = await open();
    await single.add([draft(1)]);
    await whole.add([draft(1)]);
    const expected: AddResult[] = [];
    for (const one of batch) expected.push(...await single.add([one]));
    const strip = (result: AddResult) => result.type === "refused" ? `${result.type} ${result.field}` : result.type;
    assertEquals((await whole.add(batch)).map(strip), expected.map(strip));
    assertEquals(expected.map(strip), [
      "added",
      "refused id",
      "added",
      "refused out",
      "added",
      "duplicate",
      "refused out",
      "duplicate",
    ]);
    await assertCountsMatch(whole);
  });

  Deno.test(`${name} add refuses a path that another url has, naming the field and the holder`, async () => {
    await using list = await open();
    const [kept] = await list.add([{ id: "holder", url: "http://a.example/", out: "same" }]);
    assertEquals(kept?.type, "added");
    const results = await list.add([{ url: "http://b.example/", out: "same" }, { url: "http://c.example/", out: "c" }]);
    assert(results[0]?.type === "refused");
    assertEquals(results[0].field, "out");
    assert(results[0].reason.includes("holder"), results[0].reason);
    assertEquals(results[1]?.type, "added");
    assertEquals(await list.counts(), countsOf({ waiting: 2 }));
  });

  Deno.test(`${name} add refuses an id that another task has, and keeps the twin of what it refused`, async () => {
    await using list = await open();
    await list.add([{ id: "x", url: "http://a.example/", out: "a" }]);
    const url = "http://b.example/";
    const results = await list.add([{ id: "x", url, out: "b" }, { url, out: "b" }]);
    assert(results[0]?.type === "refused");
    assertEquals(results[0].field, "id");
    assertEquals(results[1]?.type, "added");
    assertEquals((await list.get("x"))?.url, "http://a.example/");
    assertEquals(await list.counts(), countsOf({ waiting: 2 }));
  });

  Deno.test(`${name} add keeps given ids and assigned ids apart`, async () => {
    await using list = await open();
    const named = (i: number): TaskDraft => ({ id: `t${i}`, url: `http://n.example/${i}`, out: `n/${i}` });
    const results = await list.add([named(2), draft(1), draft(2), draft(3), named(1), named(40)]);
    results.push(...await list.add([draft(4), draft(5), named(41), named(300)]));
    results.push(...await list.add([named(3), named(4), ...drafts(120, {}, 10), named(42)]));
    const ids = results.filter((result) => result.type === "added").map((result) => result.id);
    assertEquals(new Set(ids).size, ids.length, "no two tasks have one id");
    for (const id of ids) assertEquals((await list.get(id))?.id, id);
    for (const result of results) if (result.type === "refused") assertEquals(result.field, "id");
    assertEquals((await list.get("t300"))?.url, "http://n.example/300");
    const again = await list.add([named(40), named(300), draft(4)]);
    assertEquals(again.map((result) => result.type), ["duplicate", "duplicate", "duplicate"]);
    await assertCountsMatch(list);
  });

  Deno.test(`${name} add takes a list whose ids look assigned, in parts and again`, async () => {
    await using list = await open();
    const named = Array.from({ length: 400 }, (_, i): TaskDraft => ({
      id: `t${i + 1}`,
      url: `http://n.example/${i}`,
      out: `${i}`,
    }));
    const results = [...await list.add(named.slice(0, 130)), ...await list.add(named.slice(130))];
    assertEquals(results.filter((result) => result.type !== "added"), []);
    assertEquals((await list.add(named)).filter((result) => result.type !== "duplicate"), []);
    const [next] = await list.add([draft(1000)]);
    assert(next?.type === "added");
    assertNotEquals(next.id.slice(0, 2), "t0");
    assertEquals((await list.get(next.id))?.url, draft(1000).url);
  });

  Deno.test(`${name} add takes the id of a task that was removed, given or assigned`, async () => {
    await using list = await open();
    const given = draft(1, { id: "t50" });
    await list.add([given, draft(2), draft(3)]);
    const assigned = (await list.list()).tasks.filter(({ id }) => id !== "t50").map(({ id }) => id);
    const wishes = [given, ...assigned.map((id, i) => draft(10 + i, { id }))];
    const types = async () => (await list.add(wishes)).map((result) => result.type);
    assertEquals(await types(), ["duplicate", "refused", "refused"]);
    assertEquals((await list.control({ verb: "remove" })).touched, 3);
    assertEquals(await types(), ["added", "added", "added"]);
    assertEquals(await types(), ["duplicate", "duplicate", "duplicate"]);
    for (const { id, url } of wishes) assertEquals((await list.get(id!))?.url, url);
    assertEquals((await list.add([draft(20, { id: "t50" })]))[0]?.type, "refused");
    const [next] = await list.add([draft(21)]);
    assert(next?.type === "added" && !wishes.some(({ id }) => id === next.id));
    await assertCountsMatch(list);
  });

  Deno.test(`${name} add refuses what cannot be stored with a result that names the field`, async () => {
    await using list = await open();
    const long = "x".repeat(60 * 1024);
    const field = (result: AddResult | undefined) => result?.type === "refused" ? result.field : result?.type;
    const bad: [string, TaskDraft][] = [
      ["url", draft(1, { url: `http://a.example/${long}` })],
      ["headers", draft(2, { headers: { "x-long": long } })],
      ["out", draft(3, { out: long })],
      ["fallbackOut", draft(4, { fallbackOut: long })],
      ["id", draft(5, { id: long })],
      ["priority", draft(6, { priority: NaN })],
      ["priority", draft(7, { priority: 0.5 })],
      ["notBefore", draft(8, { notBefore: Infinity })],
      ["size", draft(8, { size: -1 })],
      ["size", draft(8, { size: 0.5 })],
      ["size", draft(8, { size: 2 ** 53 })],
    ];
    const results = await list.add([draft(0), ...bad.map(([, one]) => one), draft(9)]);
    assertEquals(results.map(field), ["added", ...bad.map(([wanted]) => wanted), "added"]);
    assertEquals(await list.counts(), countsOf({ waiting: 2 }));
    assertEquals(await list.add([]), []);
  });

  Deno.test(`${name} add stores long names, long addresses and any text`, async () => {
    await using list = await open();
    const wide = (i: number) => `${"漢字".repeat(240)}${i}`;
    const long = Array.from({ length: 95 }, (_, i) => draft(i, { id: wide(i), out: `${wide(i)}.bin` }));
    const heavy = Array.from({ length: 40 }, (_, i) => draft(100 + i, { headers: { cookie: "c".repeat(30_000) } }));
    const odd = [
      draft(200, { id: 'a "quoted"\nline', out: "a\tb\\c/d" }),
      draft(201, { id: "", out: "empty id" }),
      draft(201, { id: "", out: "empty id" }),
      draft(202, { id: "☃ \u{1F600} \ud800", out: "☃" }),
    ];
    const results = await list.add([...long, ...heavy, ...odd]);
    const types = results.map((result) => result.type);
    assertEquals(types.filter((type) => type !== "added"), ["duplicate"]);
    assertEquals((await list.get(wide(50)))?.out, `${wide(50)}.bin`);
    assertEquals((await list.get('a "quoted"\nline'))?.out, "a\tb\\c/d");
    assertEquals((await list.get(""))?.out, "empty id");
    assertEquals((await list.get("☃ \u{1F600} \ud800"))?.out, "☃");
    assertEquals((await claimAs(list, "o")).length, 138);
  });

  Deno.test(`${name} onWake calls back when something was added, until it is stopped`, async () => {
    await using list = await open();
    let calls = 0;
    const stop = list.onWake(() => calls++);
    await list.add([draft(1)]);
    assertEquals(calls, 1);
    await list.add([draft(1)]);
    assertEquals(calls, 1);
    stop();
    const before = calls;
    await list.add([draft(2)]);
    assertEquals(calls, before);
  });
}
