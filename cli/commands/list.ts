import { brokenText } from "../../mod.ts";
import { type CommandContext, DONE } from "../command_context.ts";
import { openList } from "../open_list.ts";
import { showTasks } from "../show_list.ts";

/** `corehaul list`: shows the tasks of the list. */
export async function listCommand({ settings, logger }: CommandContext): Promise<number> {
  await using list = await openList(settings, logger);
  await showTasks(list, settings);
  const broken = await list.broken?.();
  if (broken?.total) logger.warn(brokenText(broken));
  return DONE;
}
