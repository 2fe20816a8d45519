import type { CfgSettings } from "../config/cfg_settings.ts";
import { type Logger, openTaskList, taskListOptions, type TaskSharedList } from "../mod.ts";

/**
 * Opens the list that the settings name.
 *
 * @param settings The settings.
 * @param logger Told while the list does not answer.
 * @param create Make the list if there is none. Default false.
 */
export async function openList(settings: CfgSettings, logger: Logger, create = false): Promise<TaskSharedList> {
  return await openTaskList(settings.queue, {
    ...await taskListOptions(settings, false, logger),
    create,
    onTrouble: (reason) => {
      if (reason === undefined) logger.info("the task list answers again");
      else logger.warn(`the task list does not answer: ${reason}; trying again`);
    },
  });
}
