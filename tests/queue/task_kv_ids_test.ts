import { assertEquals } from "@std/assert";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { TempDir } from "../support/temp_dir.ts";
import { assertCountsMatch, draft } from "./contract_kit.ts";
import { withReplacedKv } from "./replaced_kv.ts";

/** Opens a list each of whose commits waits for what `before` gives. */
function openHeld(path: string, before: () => Promise<void>): Promise<TaskKvList> {
  return withReplacedKv((kv) => {
    const atomic = kv.atomic.bind(kv);
    kv.atomic = () => {
      const operation = atomic();
      const { commit } = operation;
      operation.commit = async () => {
        await before();
        return await commit.apply(operation);
      };
      return operation;
    };
  }, () => TaskKvList.open(path));
}

for (const holder of ["plain", "a name"] as const) {
  Deno.test(`TaskKvList gives an id to one of two adders, when one of them has its number and no task yet: ${holder}`, async () => {
    await using home = await TempDir.create();
    const path = home.join("queue.db");
    const numbered = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let commits = 0;
    await using slow = await openHeld(path, async () => {
      // The first one takes numbers, the second one stores tasks with them.
      if (++commits !== 2) return;
      numbered.resolve();
      await go.promise;
    });
    await using quick = await TaskKvList.open(path);
    const drafts = [draft(1), draft(2, holder === "plain" ? {} : { id: "mine" }), draft(3)];
    const adding = slow.add(drafts);
    await numbered.promise;
    const wanted = Array.from({ length: 3 }, (_, i) => draft(10 + i, { id: `t${i + 1}` }));
    const quickly = await quick.add(wanted);
    go.resolve();
    const slowly = await adding;
    assertEquals([...quickly, ...slowly].map((result) => result.type), Array(6).fill("added"));
    for (const [i, result] of [...quickly, ...slowly].entries()) {
      const id = result.type === "added" ? result.id : "";
      assertEquals((await slow.get(id))?.url, [...wanted, ...drafts][i]!.url);
    }
    // Whoever comes later sees what there is.
    assertEquals((await slow.add([draft(20, { id: "t2" })]))[0]?.type, "refused");
    const id = slowly[0]?.type === "added" ? slowly[0].id : "";
    assertEquals((await quick.add([draft(21, { id })]))[0]?.type, "refused");
    await assertCountsMatch(quick);
  });
}

Deno.test("TaskKvList gives each id once, whoever adds and removes at the same time", async () => {
  await using home = await TempDir.create();
  const lists = await Promise.all([1, 2, 3].map(() => TaskKvList.open(home.join("queue.db"))));
  try {
    const [plain, named, other] = [lists[0]!, lists[1]!, lists[2]!];
    for (let round = 0; round < 15; round++) {
      const first = round * 1000;
      const ids = Array.from({ length: 12 }, (_, i) => `t${round * 10 + i + 1}`);
      await Promise.all([
        plain.add(Array.from({ length: 30 }, (_, i) => draft(first + i))),
        named.add(ids.map((id, i) => draft(first + 100 + i, { id }))),
        other.add(ids.map((id, i) => draft(first + 200 + i, { id }))),
        plain.control({ verb: "remove", ids: ids.slice(0, 6) }),
      ]);
      await assertCountsMatch(named);
    }
  } finally {
    for (const list of lists) await list[Symbol.asyncDispose]();
  }
});

Deno.test("TaskKvList takes an entry for no race that is lost, however often others take old ids again meanwhile", async () => {
  await using home = await TempDir.create();
  const path = home.join("queue.db");
  await using named = await TaskKvList.open(path);
  await using plain = await TaskKvList.open(path);
  let rounds = 0;
  let held = false;
  await using slow = await openHeld(path, async () => {
    if (!held || rounds === 60) return;
    // A number that was given out since the last look, whose task is gone: its id ends all numbers on their way.
    const [result] = await plain.add([draft(1000 + rounds)]);
    const id = result?.type === "added" ? result.id : "";
    await plain.control({ verb: "remove", ids: [id] });
    assertEquals((await named.add([draft(2000 + rounds, { id })]))[0]?.type, "added");
    rounds++;
  });
  await slow.add([draft(1)]);
  held = true;
  assertEquals((await slow.add([draft(2)])).map(({ type }) => type), ["added"]);
  assertEquals(rounds, 60);
  await assertCountsMatch(plain);
});
