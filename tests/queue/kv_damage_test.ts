/** A list whose file is damaged is named, with what to do; and the file stays as it is. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { QueueUnavailableError } from "../../queue/queue_unavailable_error.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { TempDir } from "../support/temp_dir.ts";
import { drafts } from "./contract_kit.ts";

const PAGE = 4096;

/** What can become of a good file. */
const DAMAGES: readonly [name: string, damage: (good: Uint8Array) => Uint8Array, says: RegExp][] = [
  ["truncated", (good) => good.subarray(0, 20 * PAGE), /malformed/],
  ["truncated within a page", (good) => good.subarray(0, 10 * PAGE + 100), /malformed/],
  ["full of zeros in the middle", (good) => good.fill(0, 10 * PAGE, 30 * PAGE), /malformed/],
  ["without its header", (good) => good.fill(7, 0, 100), /not a database/],
  ["something else", () => new TextEncoder().encode("a letter to a friend\n".repeat(1000)), /not a database/],
];

async function makeList(path: string): Promise<void> {
  await using list = await TaskKvList.open(path);
  await list.add(drafts(3000));
}

shareCommandProcesses();

for (const [name, damage, says] of DAMAGES) {
  Deno.test(`corehaul names a list that is ${name}, says what to do, and leaves it as it is`, async () => {
    await using home = await TempDir.create();
    const path = home.join("queue.db");
    await makeList(path);
    const damaged = damage(await Deno.readFile(path));
    await Deno.writeFile(path, damaged);
    const before = await Deno.readFile(path);
    for (const command of [["list"], ["run", "--once"]]) {
      const ended = await corehaul([...command, "--queue", "kv:queue.db"], { cwd: home.path });
      assertCode(ended, 3);
      const [line, ...others] = ended.stderr.trim().split("\n").filter((each) => each.includes("queue.db"));
      assertEquals(others, []);
      assertMatch(line!, /^corehaul: Cannot (open|read|write) the task list kv:.*queue\.db: /);
      assertMatch(line!, says);
      assertMatch(line!, /left as it is: put a copy of it back, or move it away to begin a new list/);
    }
    assertEquals(await Deno.readFile(path), before);
  });
}

Deno.test("corehaul doctor finds damage that no command has met yet, and changes nothing", async () => {
  await using home = await TempDir.create();
  const path = home.join("queue.db");
  await makeList(path);
  const doctor = async () => {
    const { stdout } = await corehaul(["doctor", "--json", "--queue", "kv:queue.db"], { cwd: home.path });
    const findings: { name: string; ok: boolean; detail: string }[] = jsonLines(stdout).flatMap((line) =>
      "findings" in line ? line.findings as never : line as never
    );
    return findings.find(({ name }) => name === "integrity");
  };
  assertEquals(await doctor(), { name: "integrity", ok: true, detail: "the file of the list is whole" });
  const bytes = await Deno.readFile(path);
  // The middle of the last page: some leaf that nothing needs yet.
  bytes.fill(0xff, bytes.length - PAGE, bytes.length - PAGE + 64);
  await Deno.writeFile(path, bytes);
  const found = await doctor();
  assertEquals(found?.ok, false);
  assertMatch(found!.detail, /^kv:queue\.db is damaged: /);
  assertEquals(await Deno.readFile(path), bytes);
});

Deno.test("TaskKvList takes no database of another program, and no folder", async () => {
  await using home = await TempDir.create();
  {
    using database = new DatabaseSync(home.join("other.db"));
    database.exec("create table letters (text)");
  }
  const before = await Deno.readFile(home.join("other.db"));
  const open = (name: string) => assertRejects(() => TaskKvList.open(home.join(name)), QueueUnavailableError);
  assertMatch((await open("other.db")).message, /other\.db: it is the database of another program/);
  assertEquals(await Deno.readFile(home.join("other.db")), before);
  await Deno.mkdir(home.join("folder.db"));
  assertMatch((await open("folder.db")).message, /folder\.db: it is a folder/);
});
