// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
import { delay as untyped } from "npm:deno-std@1.3.1/async/delay.js";

/** Options of {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the wait early; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the wait keeps the process alive. Default: true. */
  persistent?: boolean;
}

/** Resolves after `ms` milliseconds. */
export const delay: (ms: number, options?: DelayOptions) => Promise<void> = untyped;
