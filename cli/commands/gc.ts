import { type ControlRequest, openTaskList } from "../../mod.ts";
import { type CommandContext, DONE } from "../command_context.ts";
import { UsageError } from "../parse_command.ts";
import { print } from "../terminal.ts";

const PAGE = 1000;

/** `corehaul gc --keep D`: takes settled tasks off the list that were settled longer ago than that. */
export async function gcCommand({ settings }: CommandContext): Promise<number> {
  const { queue, keepMs, failed, dryRun, json } = settings;
  if (keepMs === undefined) throw new UsageError("corehaul gc needs --keep, how long to remember, such as 30d");
  await using list = await openTaskList(queue, { create: false });
  const filter = {
    status: failed ? ["done", "canceled", "failed"] as const : ["done", "canceled"] as const,
    finishedBefore: Date.now() - keepMs,
  } satisfies ControlRequest["filter"];
  let touched = 0;
  if (dryRun) {
    let cursor: string | undefined;
    do {
      const page = await list.list({ filter, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      touched += page.tasks.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
  } else ({ touched } = await list.control({ verb: "remove", filter }));
  const did = dryRun ? "would be forgotten" : "forgotten";
  print(
    json ? JSON.stringify({ type: "gc", touched, dryRun }) : `${touched} ${touched === 1 ? "task" : "tasks"} ${did}`,
  );
  return DONE;
}
