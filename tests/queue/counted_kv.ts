import { withReplacedKv } from "./replaced_kv.ts";

/** What was asked of the databases that {@linkcode withCountedKv} opened. */
export interface KvCounts {
  /** Commits that were asked for. */
  commits: number;
  /** What they would set and delete. */
  mutations: number;
  /** Entries that were read in lists. */
  listed: number;
}

/**
 * Runs something while every KV database that is opened counts what is asked of it.
 *
 * @param run What opens the database.
 * @returns What `run` returns, and the counts, which go on.
 */
export async function withCountedKv<T>(run: () => Promise<T>): Promise<{ value: T; counts: KvCounts }> {
  const counts: KvCounts = { commits: 0, mutations: 0, listed: 0 };
  const value = await withReplacedKv((kv) => {
    const atomic = kv.atomic.bind(kv);
    const list = kv.list.bind(kv);
    kv.atomic = () => {
      const operation = atomic();
      const { set, delete: remove, commit } = operation;
      operation.set = (...args) => {
        counts.mutations++;
        return set.apply(operation, args);
      };
      operation.delete = (...args) => {
        counts.mutations++;
        return remove.apply(operation, args);
      };
      operation.commit = () => {
        counts.commits++;
        return commit.apply(operation);
      };
      return operation;
    };
    kv.list = <E>(...args: Parameters<Deno.Kv["list"]>) => {
      const iterator = list<E>(...args);
      const next = iterator.next.bind(iterator);
      iterator.next = async () => {
        const step = await next();
        if (!step.done) counts.listed++;
        return step;
      };
      return iterator;
    };
  }, run);
  return { value, counts };
}
