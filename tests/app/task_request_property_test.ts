import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SharedCounters } from "../../base/shared_counters.ts";
import { ClaimGate } from "../../app/claim_gate.ts";
import { saveFailed } from "../../app/save_failed.ts";
import { TaskFeeder } from "../../app/task_feeder.ts";
import { parseRedisAddress } from "../../config/redis_address.ts";
import { formatChecksum, parseChecksum } from "../../download/checksum.ts";
import { HostTable } from "../../download/host_table.ts";
import { taskFileJsonSchema } from "../../queue/task_entry_schema.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import type { Task, TaskOutcome } from "../../queue/task_model.ts";
import { TaskRedisList } from "../../queue/task_redis_list.ts";
import { KEPT_FIELDS, TASK_FIELDS, TASK_REQUEST_FIELDS, type TaskEntry } from "../../queue/task_request.ts";
import type { TaskDraft, TaskSharedList } from "../../queue/task_shared_list.ts";
import { AdmissionLimit } from "../../workers/admission_limit.ts";
import { DownloadPool } from "../../workers/download_pool.ts";
import { decodeDrafts, encodeDrafts, type WorkerTask } from "../../workers/proc_messages.ts";
import { TaskFileReader } from "../../workers/task_file_reader.ts";
import { DONE, ownerInfo, taskError } from "../queue/contract_kit.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

/** Runs of each form of file. */
const RUNS = 2;
const FORMS = ["json", "lines", "table"] as const;
/** What an entry can change of a task. */
const WISHES: readonly (keyof TaskEntry)[] = [...KEPT_FIELDS, "priority"];
/** Entries of one file: the first one has every field; of so many one wish changes, of the others any. */
const ENTRIES = WISHES.length + 3;
const SOURCE = "source";

type Fields = Readonly<Record<string, unknown>>;

// What it takes to make values of a field that its JSON Schema alone does not tell. Any other field needs nothing here.
const word = fc.stringMatching(/^[\w é"';,=-]{0,12}$/).map((text) => `x${text}x`);
const checksum = fc.constantFrom(["sha-256", 32], ["sha-384", 48], ["sha-512", 64], ["sha-224", 28], ["sha-1", 20], [
  "md5",
  16,
]).chain((
  [algorithm, bytes],
) =>
  fc.tuple(fc.uint8Array({ minLength: bytes as number, maxLength: bytes as number }), fc.nat(2)).map(([digest, form]) =>
    `${algorithm}:${form === 0 ? digest.toHex() : form === 1 ? digest.toHex().toUpperCase() : digest.toBase64()}`
  )
);
const SPECIAL: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  url: fc.webPath().map((path) => `http://example.org${path}`),
  headers: fc.dictionary(fc.stringMatching(/^[A-Z][a-z-]{0,8}$/), word, {
    minKeys: 1,
    maxKeys: 3,
    noNullPrototype: true,
  }),
  mirrors: fc.array(fc.webUrl(), { minLength: 1, maxLength: 4 }),
  checksum,
  // A time that is over, as what is claimed is what may begin.
  notBefore: fc.date({ min: new Date(0), max: new Date("2020-01-01"), noInvalidDate: true }).map((date) =>
    date.toISOString()
  ),
};

interface FieldSchema {
  type: string;
  minimum?: number;
  maximum?: number;
}

/** The fields of an entry as the schema knows them. */
function schemaFields(): Record<string, FieldSchema> {
  // deno-lint-ignore no-explicit-any -- it is JSON
  return (taskFileJsonSchema() as any).items.anyOf[0].properties;
}

function valuesOf(field: string): fc.Arbitrary<unknown> {
  const special = SPECIAL[field];
  if (special !== undefined) return special;
  const { type, minimum = 0, maximum = 2 ** 50 } = schemaFields()[field]!;
  if (type === "integer") return fc.integer({ min: minimum, max: maximum });
  if (type === "boolean") return fc.boolean();
  if (type === "string") return word;
  throw new Error(`Cannot make values of ${field}: add it to SPECIAL`);
}

/** Fields with values: all of them, or any. */
function fieldsAnd(requiredKeys: [] | undefined): fc.Arbitrary<Fields> {
  const values = Object.fromEntries(TASK_FIELDS.map((field) => [field, valuesOf(field)]));
  return fc.record(values, requiredKeys === undefined ? {} : { requiredKeys }) as fc.Arbitrary<Fields>;
}

function manyFields(count: number): fc.Arbitrary<Fields[]> {
  return fc.array(fieldsAnd([]), { minLength: count, maxLength: count });
}

/** The same files twice: as they are asked for first, and with other wishes. */
const filePairs = fc.tuple(
  manyFields(ENTRIES - 1),
  manyFields(ENTRIES - WISHES.length),
  fieldsAnd(undefined),
  fieldsAnd(undefined),
).map(([some, others, all, allAnew]) => {
  const first = [all, ...some].map(entryAt);
  const second = first.map((entry, i) =>
    i < WISHES.length ? withWishes(entry, allAnew, [WISHES[i]!]) : withWishes(entry, others[i - WISHES.length]!, WISHES)
  );
  return { first, second };
});

/** An entry whose url, path and id are no other's. */
function entryAt(fields: Fields, index: number): TaskEntry {
  const { password, ...entry } = { ...fields, url: `http://h${index % 3}.example/${index}?${index}` } as TaskEntry;
  if (entry.id !== undefined) entry.id = `${index} ${entry.id}`;
  if (entry.out !== undefined) entry.out = `folder/${index} ${entry.out.replaceAll('"', "")}`;
  return entry.user === undefined || password === undefined ? entry : { ...entry, password };
}

/** The same file, with other values of some wishes. */
function withWishes(entry: TaskEntry, fields: Fields, wishes: readonly string[]): TaskEntry {
  const changed: Record<string, unknown> = { ...entry };
  for (const field of wishes) {
    delete changed[field];
    if (fields[field] !== undefined) changed[field] = fields[field];
  }
  return changed as unknown as TaskEntry;
}

/** What a task must have of an entry. */
function asked({ user, password = "", checksum, notBefore, ...entry }: TaskEntry): Fields {
  const account = [user ?? "", password].filter((part) => part !== "").map(encodeURIComponent).join(":");
  const parsed = checksum === undefined ? undefined : parseChecksum(checksum);
  return {
    priority: 0,
    ...entry,
    ...(user === undefined ? {} : { url: entry.url.replace("//", `//${account}@`) }),
    ...(parsed?.type === "checksum" ? { checksum: formatChecksum(parsed.checksum) } : {}),
    ...(notBefore === undefined ? {} : { notBefore: Date.parse(notBefore) }),
  };
}

/** The fields of a request that something has, or those of them that are kept, and what names the file. */
function fieldsOf(fields: object, without: readonly string[] = []): Fields {
  const names = TASK_FIELDS.filter((field) => TASK_REQUEST_FIELDS[field].role !== "entry" && !without.includes(field));
  return Object.fromEntries(names.map((field) => [field, (fields as Fields)[field]]));
}

/** Asserts that tasks, found by their urls, have all that their entries ask for. */
function assertAsked(
  tasks: readonly object[],
  entries: readonly TaskEntry[],
  without: readonly string[],
  when: string,
) {
  const byUrl = new Map(tasks.map((task) => [(task as Task).url, task]));
  for (const entry of entries) {
    const want = asked(entry);
    const task = byUrl.get(want.url as string);
    // Without a wish, the list and the server say how a task and its file are called.
    const free = ["id", "out"].filter((field) => want[field] === undefined);
    const skip = [...without, ...free];
    assertEquals(task && fieldsOf(task, skip), fieldsOf(want, skip), `${when}: ${JSON.stringify(entry)}`);
  }
  assertEquals(tasks.length, entries.length, when);
}

/** Writes entries as a task file of one of the forms that have all fields. */
function fileText(entries: readonly TaskEntry[], form: typeof FORMS[number]): string {
  if (form === "json") return JSON.stringify(entries, undefined, 1);
  if (form === "lines") return entries.map((entry) => JSON.stringify(entry)).join("\n") + "\n";
  const names = [...new Set(entries.flatMap((entry) => Object.keys(entry.headers ?? {})))];
  const columns = TASK_FIELDS.filter((field) => TASK_REQUEST_FIELDS[field].cell !== "headers");
  const rows = entries.map(({ headers, ...entry }) => [
    ...columns.map((field) => (entry as Fields)[field]).map((value) => Array.isArray(value) ? value.join(" ") : value),
    ...names.map((name) => headers?.[name]),
  ]);
  const header = [...columns, ...names.map((name) => `header:${name}`)];
  return [header, ...rows].map((row) => row.map((cell) => `"${String(cell ?? "").replaceAll('"', '""')}"`).join(","))
    .join("\n") + "\n";
}

/** Reads a task file as the config worker does, and takes its drafts as the main thread gets them. */
async function draftsOf(path: string): Promise<TaskDraft[]> {
  const drafts: TaskDraft[] = [];
  await new TaskFileReader(path, { source: SOURCE }).read((batch) => {
    assertEquals(batch.problems, []);
    drafts.push(...decodeDrafts(JSON.parse(JSON.stringify(encodeDrafts(batch.drafts)))));
    return Promise.resolve();
  });
  return drafts;
}

async function allTasks(list: TaskSharedList): Promise<Task[]> {
  return (await list.list({ limit: 10 * ENTRIES })).tasks;
}

/** A feeder and the pool of a worker, with the messages between them; a download says what it sees, and waits. */
async function startWork(list: TaskSharedList) {
  const seen: WorkerTask[] = [];
  const ends: ((outcome: TaskOutcome) => void)[] = [];
  let renamed = 0;
  await list.register(ownerInfo("o"));
  const feeder: TaskFeeder = new TaskFeeder({
    list,
    owner: "o",
    cores: [1],
    gate: new ClaimGate({
      table: HostTable.create(),
      perHost: 0,
      perHostRate: 0,
      concurrency: 100,
      workers: 1,
      maxHostWaitMs: 3_600_000,
    }),
    give: (_, tasks) => pool.offer(JSON.parse(JSON.stringify(tasks))),
    renamed: (_, answers) => renamed += answers.length,
    settled: () => {},
    drop: () => {},
    dropPart: () => {},
    ordered: () => {},
    failed: (error) => {
      throw error;
    },
  });
  const pool = new DownloadPool(
    {
      download: (task) => {
        seen.push(task);
        return new Promise((resolve) => ends.push(resolve));
      },
      abort: () => {},
      ended: () => {},
      want: (count) => feeder.want(0, count),
      settle: (settlements) => feeder.settle(0, JSON.parse(JSON.stringify(settlements))),
      gate: { hostOf: () => "", enter: () => ({ type: "open" }), leave: () => {} },
    },
    new AdmissionLimit({ max: 100, threshold: 90 }, 0),
    SharedCounters.create(1),
    0,
  );
  feeder.start();
  pool.start();
  const end = async (outcome: TaskOutcome) => {
    for (const end of ends.splice(0)) end(outcome);
    await pool.stop();
    await feeder.stop();
    await feeder.drained();
  };
  return {
    /** What the downloads see, once all run. */
    async running(): Promise<WorkerTask[]> {
      await until("the downloads", () => seen.length === ENTRIES || void pool.look(0), { everyMs: 5 });
      return seen;
    },
    /** Gives the files names whose entries do not say one. */
    async nameFiles(): Promise<void> {
      const unnamed = seen.filter(({ named }) => named !== true);
      feeder.rename(0, unnamed.map(({ seq, fence }) => [seq, fence, `learned/${seq}`, null]));
      await until("the names", () => renamed === unnamed.length, { everyMs: 5 });
    },
    /** Ends all downloads. */
    end,
    [Symbol.asyncDispose]: () => end({ type: "released" }),
  };
}

const FAILED: TaskOutcome = { type: "failed", startedAt: 1, error: taskError() };

/** Sends entries from a file through a list to a worker and back to a file. */
async function roundTrip(
  open: () => Promise<TaskSharedList>,
  { first, second }: { first: readonly TaskEntry[]; second: readonly TaskEntry[] },
  form: typeof FORMS[number],
): Promise<void> {
  await using folder = await TempDir.create();
  const file = await folder.write("tasks", fileText(first, form));
  {
    await using list = await open();
    const types = new Set((await list.add(await draftsOf(file))).map(({ type }) => type));
    assertEquals([...types], ["added"]);
    const again = new Set((await list.add(await draftsOf(file))).map(({ type }) => type));
    assertEquals([...again], ["duplicate"]);
  }
  await using list = await open();
  const added = await allTasks(list);
  assertAsked(added, first, [], "on the list");
  assertEquals(new Set(added.map(({ source }) => source)), new Set([SOURCE]));

  await using work = await startWork(list);
  assertAsked(await work.running(), first, ["priority", "notBefore"], "at the worker");
  await work.nameFiles();
  assertAsked(await allTasks(list), first, ["notBefore"], "while it runs");

  await folder.write("tasks", fileText(second, form));
  const changes = await list.add(await draftsOf(file));
  const wish = (entry: TaskEntry) => JSON.stringify(WISHES.map((field) => asked(entry)[field]));
  const expected = first.map((entry, i) => wish(entry) === wish(second[i]!) ? "duplicate" : "changed");
  assertEquals(changes.map(({ type }) => type), expected);
  await work.end(FAILED);
  assertAsked(await allTasks(list), second, ["notBefore"], "after it failed");

  const saved = folder.join("saved.json");
  assertEquals(await saveFailed(list, saved), ENTRIES);
  const entries: TaskEntry[] = JSON.parse(await Deno.readTextFile(saved));
  // The url has the account, the checksum its one form, and the time is over.
  const plain = second.map(asked).map(({ notBefore: _, priority, ...entry }) => ({
    ...entry,
    ...(priority === 0 ? {} : { priority }),
  })) as unknown as TaskEntry[];
  const byUrl = (a: TaskEntry, b: TaskEntry) => a.url < b.url ? -1 : 1;
  assertEquals(entries.sort(byUrl), plain.sort(byUrl));
  const back = (await list.add(await draftsOf(saved))).map(({ type }) => type);
  assertEquals(new Set(back), new Set(["duplicate"]));

  await list.control({ verb: "retry" });
  await using retried = await startWork(list);
  assertAsked(await retried.running(), second, ["priority", "notBefore"], "at the worker again");
  await retried.end(DONE);
  const done = await allTasks(list);
  assertEquals(new Set(done.map(({ status }) => status)), new Set(["done"]));
  assertAsked(done, second, ["notBefore"], "when it is done");
}

async function assertRoundTrips(open: (namespace: string, folder: TempDir) => Promise<TaskSharedList>): Promise<void> {
  for (const form of FORMS) {
    const property = fc.asyncProperty(filePairs, async (pair) => {
      await using folder = await TempDir.create();
      const namespace = crypto.randomUUID();
      await roundTrip(() => open(namespace, folder), pair, form);
    });
    // The message names the entry: smaller ones would cost minutes, and say no more.
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  }
}

Deno.test("TASK_REQUEST_FIELDS has the fields of the schema, in the same order", () => {
  assertEquals<readonly string[]>(TASK_FIELDS, Object.keys(schemaFields()));
});

Deno.test("TaskRequest goes with every field from a file through a list on Deno KV to a worker and back", async () => {
  await assertRoundTrips((_, folder) => TaskKvList.open(folder.join("list.db")));
});

Deno.test("TaskRequest goes with every field from a file through a list on Redis to a worker and back", async () => {
  await using server = await RedisServer.start();
  const parsed = parseRedisAddress(server.url());
  if (parsed.type === "problem") throw new Error(parsed.reason);
  await assertRoundTrips((namespace) => TaskRedisList.open(parsed.address, { namespace }));
});
