import type { ControlRequest, ControlResult } from "./task_shared_list.ts";

/**
 * Does to records that were set aside what a user asks for: `remove` takes them off the list, by their keys, or all of them with
 * all tasks. Nothing else can be done to them.
 *
 * @param request What the user asks for.
 * @param result What came of it for tasks.
 * @param remove Removes those with the keys, or all.
 * @returns What came of it for both.
 */
export async function withBroken(
  { verb, ids, filter = {} }: ControlRequest,
  result: ControlResult,
  remove: (keys?: readonly string[]) => Promise<{ count: number; removed: readonly string[] }>,
): Promise<ControlResult> {
  const all = ids === undefined && Object.keys(filter).length === 0;
  if (verb !== "remove" || (!all && result.unknown.length === 0)) return result;
  const { count, removed } = await remove(all ? undefined : result.unknown);
  const unknown = result.unknown.filter((id) => !removed.includes(id));
  return { ...result, touched: result.touched + count, unknown };
}
