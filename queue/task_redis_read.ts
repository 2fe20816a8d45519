import type { RedisLink } from "./redis_link.ts";
import { BUCKET } from "./task_redis_prelude.ts";
import { taskMatcher } from "./task_filter.ts";
import { type Task, TASK_STATUSES } from "./task_model.ts";
import { readPage } from "./task_redis_writer.ts";
import type { ListRequest, TaskPage } from "./task_shared_list.ts";

const MOST_BUCKETS = 8;

/** Reads a page of the list: the states one after the other, each by number. */
export async function listRedis(link: RedisLink, request: ListRequest): Promise<TaskPage> {
  const limit = request.limit ?? 100;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`Cannot list tasks as limit must be a positive integer: current value is ${limit}`);
  }
  const { filter } = request;
  const matches = filter === undefined ? () => true : taskMatcher(filter);
  const cursor = request.cursor === undefined ? { status: 0, seq: 0 } : decodeCursor(request.cursor);
  const tasks: Task[] = [];
  for (let index = cursor.status; index < TASK_STATUSES.length; index++) {
    const status = TASK_STATUSES[index]!;
    if ((request.status ?? status) !== status || filter?.status?.includes(status) === false) continue;
    const after = index === cursor.status ? cursor.seq : 0;
    let from: string | undefined = String(Math.floor(after / BUCKET));
    while (from !== undefined) {
      const buckets = filter === undefined ? Math.ceil((limit - tasks.length) / BUCKET) : MOST_BUCKETS;
      const page: Awaited<ReturnType<typeof readPage>> = await readPage(
        link,
        status,
        from,
        Math.min(buckets, MOST_BUCKETS) || 1,
      );
      for (const { task } of page.records) {
        if (task.seq <= after || !matches(task)) continue;
        if (tasks.length === limit) return { tasks, cursor: encodeCursor(tasks.at(-1)!) };
        tasks.push(task);
      }
      from = page.next;
    }
  }
  return { tasks };
}

/** Behind the last task of a page: its state as it was then, and its number. */
function encodeCursor({ status, seq }: Task): string {
  return `${TASK_STATUSES.indexOf(status)}.${seq}`;
}

function decodeCursor(cursor: string): { status: number; seq: number } {
  const [, status, seq] = /^([0-5])\.(\d{1,15})$/.exec(cursor) ?? [];
  if (status === undefined) {
    throw new RangeError(`Cannot list tasks as cursor must come from the page before: current value is ${cursor}`);
  }
  return { status: Number(status), seq: Number(seq) };
}
