// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
import { pooledMap as untyped } from "npm:deno-std@1.3.1/async/pool.js";

/**
 * Maps `array` with at most `poolLimit` calls of `iteratorFn` at a time, results in the order of the input. A call that
 * throws ends the iteration with an {@linkcode AggregateError}.
 */
export const pooledMap: <T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
) => AsyncIterableIterator<R> = untyped;
