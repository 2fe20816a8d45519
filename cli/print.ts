import type { Logger } from "../mod.ts";
import { onOutputFailure, standardOutput } from "./standard_streams.ts";
import { visibleText } from "./visible_text.ts";

/** An answer that could not be printed. */
export class OutputError extends Error {
  /** Always `"output"`. */
  readonly code = "output";

  /**
   * @param cause Why.
   * @param where Where it was to go. Default: standard output.
   */
  constructor(cause: unknown, where = "standard output") {
    super(`Cannot write to ${where}: ${reasonOf(cause)}`, { cause });
    this.name = "OutputError";
  }
}

const DONE = Promise.resolve();
let warned = false;

/**
 * Prints an answer on standard output, for commands that do nothing else.
 *
 * @throws {Deno.errors.BrokenPipe} If nobody reads it any more.
 * @throws {OutputError} If it cannot be written.
 */
export function print(text: string): void {
  try {
    standardOutput.write(`${text}\n`);
  } catch (error) {
    throw error instanceof Deno.errors.BrokenPipe ? error : new OutputError(error);
  }
}

/** Prints an answer for people; whatever it quotes, it does nothing to the terminal. Throws as {@linkcode print} does. */
export function printLine(text: string): void {
  print(visibleText(text));
}

/**
 * Prints on standard output what a command tells of its work. The work goes on when that cannot be written, or is not read.
 *
 * @param text What to print.
 * @param logger Told why it could not be written, the first time in this process.
 * @returns When the reader is near enough for more: for whoever can wait.
 */
export function tell(text: string, logger: Pick<Logger, "warn">): Promise<void> {
  onOutputFailure((error) => {
    if (!warned) logger.warn(`standard output cannot be written: ${error.message}`);
    warned = true;
  });
  standardOutput.queue(`${text}\n`);
  return standardOutput.isBehind ? standardOutput.drained() : DONE;
}

/** As {@linkcode tell}, for people: whatever it quotes, it does nothing to the terminal. */
export function tellLine(text: string, logger: Pick<Logger, "warn">): Promise<void> {
  return tell(visibleText(text), logger);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
