import { format as formatBytes } from "@std/fmt/bytes";
import { compactTaskList, type TaskFilter, type TaskSharedList } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { openList } from "../open_list.ts";
import { sayRemains } from "../say_remains.ts";
import { UsageError } from "../parse_command.ts";
import { tell } from "../print.ts";

const PAGE = 1000;
/** Less is not worth a word to people. */
const WORTH_TELLING = 1024 * 1024;

/** `corehaul gc --keep D`: takes settled tasks off the list that were settled longer ago than that. */
export async function gcCommand({ settings, logger }: CommandContext): Promise<number> {
  const { queue, keepMs, failed, dryRun, json } = settings;
  if (keepMs === undefined) throw new UsageError("corehaul gc needs --keep, how long to remember, such as 30d");
  const filter = {
    status: failed ? ["done", "canceled", "failed"] as const : ["done", "canceled"] as const,
    finishedBefore: Date.now() - keepMs,
  } satisfies TaskFilter;
  let touched: number;
  {
    await using list = await openList(settings, logger);
    touched = dryRun ? await countTasks(list, filter) : (await list.control({ verb: "remove", filter })).touched;
  }
  let code = DONE;
  let freed = 0;
  try {
    if (!dryRun) freed = await compactTaskList(queue, sayRemains(logger));
  } catch (error) {
    // What is forgotten is forgotten, and the file is as it was.
    logger.error(`the list cannot be made smaller: ${error instanceof Error ? error.message : error}`);
    code = INCOMPLETE;
  }
  if (json) tell(JSON.stringify({ type: "gc", touched, freed, dryRun }), logger);
  else if (!settings.quiet) {
    const did = dryRun ? "would be forgotten" : "forgotten";
    const room = freed >= WORTH_TELLING
      ? `; the list takes ${formatBytes(freed, { binary: true })} less on the disk`
      : "";
    tell(`${touched} ${touched === 1 ? "task" : "tasks"} ${did}${room}`, logger);
  }
  return code;
}

async function countTasks(list: TaskSharedList, filter: TaskFilter): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await list.list({ filter, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    count += page.tasks.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return count;
}
