/**
 * Why attempts failed, and the story that a task keeps of them.
 *
 * @module
 */

/** The class of a failure; the retry policy looks at this and at the HTTP status. */
export type TaskErrorKind =
  | "http"
  | "network"
  | "timeout"
  | "disk"
  | "name"
  | "protocol"
  | "unsupported"
  | "redirect"
  | "integrity"
  | "size"
  | "security"
  | "auth"
  | "not-found"
  | "crash"
  | "internal";

/** The space that a file takes. */
export interface SpaceWish {
  /** How many bytes the whole file has. */
  bytes: number;
  /** It may have more: its server does not tell. */
  atLeast?: true;
}

/** Why the latest attempt failed. */
export interface TaskError {
  /** The class of the failure. */
  kind: TaskErrorKind;
  /** What happened, in one line. */
  message: string;
  /** The HTTP status, if an answer came. */
  status?: number;
  /** True if another attempt could succeed. */
  retryable: boolean;
  /** When it happened, in milliseconds since the epoch. */
  at: number;
  /** The folder could be written before, and cannot now: the task waits, as for space. */
  forbidden?: true;
  /** Before this time its host wants no request, and that is too long to wait for; in milliseconds since the epoch. */
  retryAt?: number;
  /** The space that the file waits for, where the disk had none. */
  space?: SpaceWish;
}

/** An attempt that did not bring the file, or a claim that its owner did not survive. */
export interface TaskAttempt {
  /** When it failed, in milliseconds since the epoch. */
  at: number;
  /** When it started, in milliseconds since the epoch; absent: nobody knows, as its owner died. */
  startedAt?: number;
  /** The core that ran it. */
  core?: number;
  /** The class of the failure. */
  kind: TaskErrorKind;
  /** The HTTP status, if an answer came. */
  status?: number;
  /** What happened, in one line of at most 200 characters. */
  message: string;
  /** When the next attempt was to come, in milliseconds since the epoch; absent: none was. */
  again?: number;
}

/** Failures that a task remembers, and how much of what each said. */
const MAX_HISTORY = 12;
const MESSAGE_LENGTH = 200;

/**
 * The story of a task with one failure more: how it began says as much as how it ended, so the first one stays.
 *
 * @param history The story so far. Default: none.
 * @param error The failure.
 * @param core The core that it happened on.
 * @param again When the next attempt is to come; absent: none is.
 * @param startedAt When the attempt started. Default: nobody knows.
 */
export function withFailure(
  history: readonly TaskAttempt[] = [],
  { at, kind, status, message }: TaskError,
  core: number | undefined,
  again: number | undefined,
  startedAt?: number,
): TaskAttempt[] {
  const attempt: TaskAttempt = { at, kind, message: message.slice(0, MESSAGE_LENGTH) };
  if (startedAt !== undefined) attempt.startedAt = startedAt;
  if (core !== undefined) attempt.core = core;
  if (status !== undefined) attempt.status = status;
  if (again !== undefined) attempt.again = again;
  const kept = history.length < MAX_HISTORY ? history : [history[0]!, ...history.slice(2)];
  return [...kept, attempt];
}
