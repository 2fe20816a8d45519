import { taskText } from "./task_codec.ts";
import { draftRefusal, isChangeable, makeTask, taskWithDraft } from "./task_draft.ts";
import type { RedisLink } from "./redis_link.ts";
import { ADD } from "./task_redis_add_script.ts";
import { type RawRecord, readRecords } from "./redis_broken.ts";
import { redisField, redisHost, redisMark, redisRank, type RedisRecord } from "./task_redis_record.ts";
import { listScript } from "./task_redis_prelude.ts";
import { RECORD_LIMITS } from "./task_redis_settle.ts";
import { writeRecords } from "./task_redis_writer.ts";
import { type Task, taskAssignedNumber } from "./task_model.ts";
import type { AddResult, TaskDraft } from "./task_shared_list.ts";

const add = listScript(ADD);

const AT_ONCE = 200;
const AT_ONCE_BYTES = 1_000_000;
const LOST_RACES = 50;

/** A draft on its way, with its other path as far as anybody has asked for it. */
interface Item {
  index: number;
  draft: TaskDraft;
  args: string[];
  second: "?" | "0" | "1";
}

type Answer = [type: string, ...details: string[]];

/** Puts drafts on the list, or says what would become of them. */
export class TaskRedisAdder {
  readonly #link: RedisLink;
  /** True if drafts before met others at their path: then the other path goes along at once. */
  #askSecond = false;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /**
   * Adds drafts.
   *
   * @param now The server's time.
   * @param wake Who wakes others.
   * @param dry True if nothing may be stored.
   * @returns One result for each, in order.
   */
  async add(drafts: readonly TaskDraft[], now: number, wake: string, dry: boolean): Promise<AddResult[]> {
    const results: AddResult[] = new Array(drafts.length);
    let open: Item[] = [];
    for (const [index, draft] of drafts.entries()) {
      const refused = draftRefusal(draft, RECORD_LIMITS);
      if (refused === undefined) open.push(makeItem(index, draft, now));
      else results[index] = refused;
    }
    while (open.length > 0) {
      const batch = cut(open);
      if (this.#askSecond) batch.forEach(askSecond);
      const asked = batch.some((item) => item.second === "?");
      const answers = await this.#send(batch, wake, dry);
      const records = await readRecords(this.#link, answers.map(recordOf));
      const changed: { item: Item; record: RedisRecord; place: string }[] = [];
      const again: Item[] = [];
      for (const [i, answer] of answers.entries()) {
        const item = batch[i]!;
        const record = records[i];
        if (record === undefined && recordOf(answer)[1] !== "") {
          // It was in the way of this one, and is set aside now.
          again.push(item);
        } else if (answer[0] === "?") {
          askSecond(item);
          this.#askSecond = true;
          again.push(item);
        } else if (answer[0] === "c") {
          const { id, out } = record!.task;
          results[item.index] = { type: "changed", id, out };
          if (!dry) changed.push({ item, record: record!, place: answer[3]! });
        } else results[item.index] = resultOf(item.draft, answer, record?.task);
      }
      if (!asked && batch.every(({ index, draft }) => isFirst(results[index], draft))) this.#askSecond = false;
      if (changed.length > 0) {
        const done = await this.#change(changed);
        for (const [i, { item }] of changed.entries()) {
          const result = results[item.index]!;
          if (!done[i] && result.type === "changed") results[item.index] = { ...result, type: "duplicate" };
        }
      }
      open = [...again, ...open.slice(answers.length)];
      // A dry run has gone on behind what it must ask again: the others have their results.
      if (dry) open = open.filter(({ index }) => results[index] === undefined);
    }
    return results;
  }

  async #send(batch: readonly Item[], wake: string, dry: boolean): Promise<Answer[]> {
    const args = batch.flatMap((item) => item.args);
    return await this.#link.run(add, () => [dry ? "1" : "", wake, ...args]) as Answer[];
  }

  /** Changes known tasks to what their drafts say now; says which of them could be. */
  async #change(items: readonly { item: Item; record: RedisRecord; place: string }[]): Promise<boolean[]> {
    const results: boolean[] = items.map(() => false);
    let open = items.map(({ item, record, place }, index) => ({ draft: item.draft, record, place, index }));
    for (let races = 0; open.length > 0; races++) {
      if (races === LOST_RACES) throw new Error(`Cannot change "${open[0]!.place}" as others move it again and again`);
      const answers = await writeRecords(
        this.#link,
        open.map(({ draft, record, place }) => {
          const changes = isChangeable(record.task);
          const { seq } = record.task;
          return {
            seq,
            token: record.token,
            task: changes ? taskWithDraft(record.task, draft) : record.task,
            extra: [["path", place, `${seq}${redisMark(draft)}`] as const],
          };
        }),
        "",
      );
      const later: typeof open = [];
      for (const [i, one] of open.entries()) {
        const answer = answers[i];
        if (answer === "written") results[one.index] = isChangeable(one.record.task);
        else if (answer !== undefined) later.push({ ...one, record: answer });
      }
      open = later;
    }
    return results;
  }
}

function makeItem(index: number, draft: TaskDraft, now: number): Item {
  const { id, url, out, fallbackOut, priority = 0, notBefore = "" } = draft;
  // A number that the id does not name, so that the text says the id.
  const placeholder = id === "t0" ? 1 : 0;
  const task = { ...makeTask(draft, "", placeholder, now), url: "" };
  const end = taskText(task).text.slice(`[${placeholder},"",""`.length);
  const number = id === undefined ? undefined : taskAssignedNumber(id);
  const args = [
    redisField(out),
    fallbackOut === undefined ? "0" : "?",
    "",
    JSON.stringify(url),
    JSON.stringify(out),
    "",
    redisMark(draft),
    id === undefined ? "" : `=${redisField(id)}`,
    number === undefined ? "" : String(number),
    redisRank(priority),
    String(notBefore),
    redisHost(url),
    end,
  ];
  return { index, draft, args, second: fallbackOut === undefined ? "0" : "?" };
}

/** Makes the other path of a draft known. */
function askSecond(item: Item): void {
  if (item.second !== "?") return;
  const { fallbackOut } = item.draft;
  const second = typeof fallbackOut === "function" ? fallbackOut(item.draft) : fallbackOut;
  item.second = second === undefined ? "0" : "1";
  item.args[1] = item.second;
  item.args[2] = second === undefined ? "" : redisField(second);
  item.args[5] = JSON.stringify(second ?? "");
}

function isFirst(result: AddResult | undefined, { out }: TaskDraft): boolean {
  return result !== undefined && result.type !== "refused" && result.out === out;
}

function cut(items: readonly Item[]): Item[] {
  let bytes = 0;
  let count = 0;
  for (const { args } of items) {
    for (const arg of args) bytes += arg.length;
    if (count > 0 && (count === AT_ONCE || bytes > AT_ONCE_BYTES)) break;
    count++;
  }
  return items.slice(0, count);
}

/** The record in an answer; empty if there is none in it. */
function recordOf([type, seq, value]: Answer): RawRecord {
  return type === "d" || type === "c" || type === "o" ? [seq!, value!] : ["", ""];
}

function resultOf(draft: TaskDraft, [type, first, value]: Answer, other: Task | undefined): AddResult {
  switch (type) {
    case "a":
      return { type: "added", id: draft.id ?? (first === "0" ? "" : `t${first}`), out: value! };
    case "d":
      return { type: "duplicate", id: other!.id, out: other!.out };
    case "i":
      return { type: "refused", field: "id", reason: `must be new: "${draft.id}" is another task's` };
    default: {
      const reason = `must be free: "${draft.out}" is reserved by task "${other!.id}" for another url`;
      return { type: "refused", field: "out", reason };
    }
  }
}
