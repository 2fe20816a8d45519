import { QueueUnavailableError } from "../queue/queue_unavailable_error.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import type { DownloadSession } from "./download_session.ts";

const LOOK_MS = 100;
/** After so many looks in a row that found nothing to do, the list is asked whether it has lost its tasks. */
const IDLE_LOOKS = 20;

/** What {@linkcode untilSettled} looks at. */
export interface SettledPorts {
  /** The list. */
  list: Pick<TaskSharedList, "counts" | "lost" | "forgotten">;
  /** What works on it. */
  session: Pick<DownloadSession, "idle" | "quiet">;
  /** When every task file was read once. */
  firstRead: Promise<void> | undefined;
  /** True if the run ends when all is settled; otherwise this only says what is wrong. */
  once: boolean;
  /** Told once when the list has lost tasks, by a run that goes on. */
  tell: (news: DownloaderNews) => void;
  /** Ends the looking. */
  signal: AbortSignal;
}

/** What a list has lost. */
type Loss = Extract<DownloaderNews, { type: "tasks_lost" }>;

/**
 * Resolves when nothing is waiting or running, in any process; never for a run that goes on.
 *
 * @throws {QueueUnavailableError} If it is to end, and the list has lost what it counts as waiting or running, or was forgotten.
 */
export async function untilSettled(ports: SettledPorts): Promise<"settled"> {
  const { list, session, firstRead, once, tell, signal } = ports;
  if (!once && list.forgotten === undefined) return await new Promise<never>(() => {});
  await firstRead;
  for (let idle = 0; !signal.aborted;) {
    const { quiet } = session;
    idle = session.idle ? idle + 1 : 0;
    const isSettled = once && session.idle && await nothingIsOpen(list) && session.idle;
    if (isSettled || idle >= IDLE_LOOKS) {
      idle = 0;
      const loss = await findLoss(list, !isSettled);
      if (loss !== undefined && once) {
        throw new QueueUnavailableError(lostText(loss), loss.why === "damaged" ? "kv:" : "redis:");
      }
      if (loss !== undefined) {
        tell(loss);
        break;
      }
    }
    if (isSettled) return "settled";
    // Others may end the last task too, and time may make one ready.
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([quiet, new Promise<void>((resolve) => timer = setTimeout(resolve, LOOK_MS))]);
    clearTimeout(timer);
  }
  return await new Promise<never>(() => {});
}

async function findLoss(list: SettledPorts["list"], count: boolean): Promise<Loss | undefined> {
  // Whether it is the same list shows when its tasks are counted.
  if (count) await list.counts();
  const forgotten = list.forgotten?.() ?? 0;
  if (forgotten > 0) return { type: "tasks_lost", tasks: forgotten, why: "forgotten" };
  const tasks = await list.lost?.() ?? 0;
  const why = list.forgotten === undefined ? "damaged" : "dropped";
  return tasks > 0 ? { type: "tasks_lost", tasks, why } : undefined;
}

/** What has happened to tasks that a list counts and does not have. */
export function lostText({ tasks, why }: Pick<Loss, "tasks" | "why">): string {
  const some = `${tasks} ${tasks === 1 ? "task" : "tasks"}`;
  if (why === "forgotten") {
    return "The task list has lost tasks: its Redis has forgotten the list, or the end of it, by FLUSHALL or a restart " +
      "without its data (see --appendonly of Redis); run the task files again";
  }
  if (why === "damaged") {
    return `The task list counts ${some} whose records are not in its file any more: move the file away ` +
      "and run the task files again (files that are finished are known in the download folder, and are not fetched again)";
  }
  return `The task list counts ${some} that its Redis does not have any more: ` +
    "it has dropped them; its maxmemory-policy must be noeviction (see corehaul doctor)";
}

async function nothingIsOpen(list: SettledPorts["list"]): Promise<boolean> {
  const { waiting, running } = await list.counts();
  return waiting === 0 && running === 0;
}
