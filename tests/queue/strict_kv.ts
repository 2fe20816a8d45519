import { withReplacedKv } from "./replaced_kv.ts";

/** What a remote database takes in one commit; the local one is more generous with checks. */
const REMOTE_CHECKS = 10;

/**
 * Runs something while every KV database that is opened refuses commits with too many checks, as a remote one does. The
 * refusal comes from the commit, with the words of Deno.
 *
 * @param run What opens the database.
 * @returns What `run` returns; the database stays strict.
 */
export function withStrictKv<T>(run: () => Promise<T>): Promise<T> {
  return withReplacedKv((kv) => {
    const atomic = kv.atomic.bind(kv);
    kv.atomic = () => {
      const operation = atomic();
      const check = operation.check.bind(operation);
      const commit = operation.commit.bind(operation);
      let count = 0;
      operation.check = (...checks) => {
        count += checks.length;
        return check(...checks);
      };
      operation.commit = () => {
        if (count > REMOTE_CHECKS) return Promise.reject(new TypeError(`Too many checks (max ${REMOTE_CHECKS})`));
        return commit();
      };
      return operation;
    };
  }, run);
}
