import { type CommandContext, DONE } from "../command_context.ts";
import { openList } from "../open_list.ts";
import { showStatus } from "../show_list.ts";

/** `corehaul status`: counts the tasks, and shows who works on them. */
export async function statusCommand({ settings, logger }: CommandContext): Promise<number> {
  await using list = await openList(settings, logger);
  await showStatus(list, settings);
  return DONE;
}
