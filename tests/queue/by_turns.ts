import type { TaskSharedList } from "../../queue/task_shared_list.ts";

/**
 * One list through several connections: every call goes to the next of them, so that whatever one of them remembers is
 * older than the list.
 *
 * @param lists Connections to the same list.
 * @returns The list; disposing of it closes them all.
 */
export function byTurns(lists: readonly TaskSharedList[]): TaskSharedList {
  let turn = 0;
  const next = () => lists[turn++ % lists.length]!;
  return {
    add: (drafts) => next().add(drafts),
    preview: (drafts) => next().preview(drafts),
    register: (info) => next().register(info),
    heartbeat: (owner, vitals) => next().heartbeat(owner, vitals),
    leave: (owner) => next().leave(owner),
    claim: (request) => next().claim(request),
    settle: (settlements) => next().settle(settlements),
    rename: (renames) => next().rename(renames),
    note: (notes) => next().note(notes),
    revive: (tasks) => next().revive(tasks),
    reclaim: (isAlive, failed) => next().reclaim(isAlive, failed),
    control: (request) => next().control(request),
    sync: (request) => next().sync(request),
    takeOrders: (owner) => next().takeOrders(owner),
    get: (id) => next().get(id),
    list: (request) => next().list(request),
    counts: () => next().counts(),
    owners: () => next().owners(),
    onWake: (listener) => {
      const stops = lists.map((list) => list.onWake(listener));
      return () => stops.forEach((stop) => stop());
    },
    [Symbol.asyncDispose]: async () => {
      for (const list of lists) await list[Symbol.asyncDispose]();
    },
  };
}
