// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
import { deadline as untyped } from "npm:deno-std@1.3.1/async/deadline.js";

/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Settles as `p` does, or rejects with a `TimeoutError` {@linkcode DOMException} after `ms` milliseconds. */
export const deadline: <T>(p: Promise<T>, ms: number, options?: DeadlineOptions) => Promise<T> = untyped;
