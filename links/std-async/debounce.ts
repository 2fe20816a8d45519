// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
import { debounce as untyped } from "npm:deno-std@1.3.1/async/debounce.js";

/** A function whose calls wait for a quiet time; see {@linkcode debounce}. */
export interface DebouncedFunction<T extends Array<unknown>> {
  /** Asks for a call; an earlier one that still waits is dropped. */
  (...args: T): void;
  /** Drops the waiting call. */
  clear(): void;
  /** Makes the waiting call now. */
  flush(): void;
  /** Whether a call waits. */
  readonly pending: boolean;
}

/** Wraps `fn` so that it is called once, `wait` milliseconds after the last of a burst of calls. */
// deno-lint-ignore no-explicit-any
export const debounce: <T extends Array<any>>(
  fn: (this: DebouncedFunction<T>, ...args: T) => void,
  wait: number,
) => DebouncedFunction<T> = untyped;
