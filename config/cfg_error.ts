import { hideAddresses } from "../base/show_address.ts";

/** One thing that is wrong with the configuration. */
export interface CfgProblem {
  /** The field, as the source spells it. */
  field: string;
  /** Where it was set. */
  source: string;
  /** What it must be, and what it is. */
  message: string;
  /** The names that there are, where the field is none of them. */
  known?: readonly string[];
}

/** The configuration is wrong; all problems come together. */
export class CfgError extends RangeError {
  /** Always `"config"`. */
  readonly code = "config";
  /** Everything that is wrong. */
  readonly problems: readonly CfgProblem[];

  /**
   * Says all of it in one message.
   *
   * @param problems Everything that is wrong, at least one thing.
   */
  constructor(problems: readonly CfgProblem[]) {
    const shown = problems.map((problem) => ({ ...problem, message: hideValue(problem.message) }));
    super(shown.map((problem) => problem.message).join("; "));
    this.name = "CfgError";
    this.problems = shown;
  }
}

/** What stands for a file may have been meant as an address, with a password. */
function hideValue(message: string): string {
  const at = message.indexOf("current value is");
  return at < 0 ? message : message.slice(0, at) + hideAddresses(message.slice(at));
}
