/**
 * The least that a logger must offer. LogTape's and `@std/log`'s loggers both do, and so does `console`.
 *
 * @example
 * ```ts
 * import type { Logger } from "./logger.ts";
 *
 * const logger: Logger = console;
 * logger.debug("ready");
 * ```
 */
export interface Logger {
  /** Detail for whoever looks for a fault. */
  debug(message: string): unknown;
  /** What a user wants to read. */
  info(message: string): unknown;
  /** Something is off, and the work goes on. */
  warn(message: string): unknown;
  /** Something failed. */
  error(message: string): unknown;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
