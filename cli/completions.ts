import { type CompletionModel, completionModel, type SHELLS } from "./completion_model.ts";
import { bashCompletions } from "./completions_bash.ts";
import { fishCompletions } from "./completions_fish.ts";
import { zshCompletions } from "./completions_zsh.ts";

const WRITERS: Readonly<Record<typeof SHELLS[number], (model: CompletionModel) => string>> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};

/**
 * The script that a shell reads to complete the command lines of corehaul. It says everything by itself: completing a word
 * starts no program.
 *
 * @param shell Which shell.
 * @returns The script, without a line break at its end.
 */
export function completionScript(shell: typeof SHELLS[number]): string {
  return WRITERS[shell](completionModel()).trimEnd();
}
