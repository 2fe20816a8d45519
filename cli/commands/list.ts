import { openTaskList } from "../../mod.ts";
import { type CommandContext, DONE } from "../command_context.ts";
import { showTasks } from "../show_list.ts";

/** `corehaul list`: shows the tasks of the list. */
export async function listCommand({ settings }: CommandContext): Promise<number> {
  await using list = await openTaskList(settings.queue, { create: false });
  await showTasks(list, settings);
  return DONE;
}
