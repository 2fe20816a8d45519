import { openTaskList } from "../../mod.ts";
import { type CommandContext, DONE } from "../command_context.ts";
import { showStatus } from "../show_list.ts";

/** `corehaul status`: counts the tasks, and shows who works on them. */
export async function statusCommand({ settings }: CommandContext): Promise<number> {
  await using list = await openTaskList(settings.queue, { create: false });
  await showStatus(list, settings);
  return DONE;
}
