import { completionScript, SHELLS } from "./completions.ts";
import { helpText } from "./help.ts";
import { manPage } from "./man_page.ts";
import { type Command, UsageError } from "./parse_command.ts";

/** Lines that are longer cannot be read, those of narrower terminals break all the same. */
const WIDTHS = { min: 40, max: 100 };

/**
 * What is printed of the command itself: help, the manual page, completions.
 *
 * @param command Which of them.
 * @returns The text, without a line break at its end.
 * @throws {UsageError} If there is no such page.
 */
export function pageText({ name, topic, all = false, args }: Command): string {
  if (name === "help") return helpText({ ...(topic === undefined ? {} : { topic }), all, width: terminalWidth() });
  const [word, ...others] = args;
  if (name === "man") {
    if (word !== undefined) throw new UsageError(`Unexpected argument "${word}" of corehaul man`);
    return manPage();
  }
  const shell = SHELLS.find((each) => each === word);
  if (shell === undefined) {
    const given = word === undefined ? "" : `: current value is "${word}"`;
    const wrong = word === undefined ? undefined : { word, known: [SHELLS] };
    throw new UsageError(`Cannot print completions as SHELL must be one of ${SHELLS.join(", ")}${given}`, wrong);
  }
  if (others.length > 0) throw new UsageError(`Unexpected argument "${others[0]}" of corehaul completions`);
  return completionScript(shell);
}

/** What is not read on a terminal is as wide as every terminal. */
function terminalWidth(): number {
  if (!Deno.stdout.isTerminal()) return 80;
  try {
    return Math.min(WIDTHS.max, Math.max(WIDTHS.min, Deno.consoleSize().columns));
  } catch {
    return 80;
  }
}
