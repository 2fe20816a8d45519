/**
 * Why a thread could not be bound:
 *
 * - `unsupported`: this operating system or kernel has no way to do it.
 * - `not-allowed`: the core does not exist, is offline, or is kept from this process (cpuset, container).
 * - `invalid`: the value cannot be a core number.
 * - `library`: the system library could not be found or loaded, or the permission for it is missing.
 * - `system`: the call failed for another reason, or had no effect.
 */
export type ProcAffinityReason = "unsupported" | "not-allowed" | "invalid" | "library" | "system";

/** What a {@linkcode ProcAffinityError} carries. */
export interface ProcAffinityErrorOptions extends ErrorOptions {
  /** The core that was asked for. */
  core: number;
  /** The error number of the failed system call (on Windows: of `GetLastError`). @default {0} */
  errno?: number;
  /** Why it failed. */
  reason: ProcAffinityReason;
}

/**
 * A thread could not be bound to a core. It is no reason to stop: the thread keeps the cores that it had.
 *
 * @example
 * ```ts
 * import { ProcAffinityError } from "./proc_affinity_error.ts";
 *
 * const error = new ProcAffinityError("Cannot bind", { core: 9, errno: 22, reason: "not-allowed" });
 * error.code; // "proc_affinity"
 * ```
 */
export class ProcAffinityError extends Error {
  /** The class name; it survives minifying. */
  override readonly name: string = "ProcAffinityError";
  /** The stable code of this class. */
  readonly code: "proc_affinity" = "proc_affinity";
  /** The core that was asked for. */
  readonly core: number;
  /** The error number of the failed system call, 0 if no system call failed. */
  readonly errno: number;
  /** Why it failed. */
  readonly reason: ProcAffinityReason;

  /**
   * Makes the error.
   *
   * @param message What could not be done and why.
   * @param options The data, and a `cause` if there is one.
   */
  constructor(message: string, options: ProcAffinityErrorOptions) {
    super(message, options);
    this.core = options.core;
    this.errno = options.errno ?? 0;
    this.reason = options.reason;
  }
}
