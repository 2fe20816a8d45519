import type { BrokenRecords } from "../queue/task_shared_list.ts";

const SHOWN = 5;

/** What to say of records that were set aside: their keys, and what to do. What stands in them may be secret. */
export function brokenText({ total, keys }: BrokenRecords): string {
  const [records, are] = total === 1 ? ["1 record", "is"] : [`${total} records`, "are"];
  const some = keys.slice(0, SHOWN).join(" ") + (total > SHOWN ? " …" : "");
  return `${records} of the task list cannot be read and ${are} set aside: ${some}; corehaul remove KEY takes one off the list`;
}
