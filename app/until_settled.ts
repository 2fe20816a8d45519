import type { TaskSharedList } from "../queue/task_shared_list.ts";
import type { DownloadSession } from "./download_session.ts";

const LOOK_MS = 100;

/** What {@linkcode untilSettled} looks at. */
export interface SettledPorts {
  /** The list. */
  list: Pick<TaskSharedList, "counts">;
  /** What works on it. */
  session: Pick<DownloadSession, "idle" | "quiet">;
  /** When every task file was read once. */
  firstRead: Promise<void> | undefined;
  /** Ends the looking. */
  signal: AbortSignal;
}

/** Resolves when nothing is waiting or running, in any process. */
export async function untilSettled({ list, session, firstRead, signal }: SettledPorts): Promise<"settled"> {
  await firstRead;
  while (!signal.aborted) {
    const { quiet } = session;
    if (session.idle) {
      const { waiting, running } = await list.counts();
      if (waiting === 0 && running === 0 && session.idle) return "settled";
    }
    // Others may end the last task too, and time may make one ready.
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([quiet, new Promise<void>((resolve) => timer = setTimeout(resolve, LOOK_MS))]);
    clearTimeout(timer);
  }
  return "settled";
}
