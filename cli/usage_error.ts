/** A word that is none of those that there are. */
export interface WrongWord {
  /** The word, or the option with its dashes. */
  word: string;
  /** Other ways to read it, for options of one letter that stand together. */
  also?: readonly string[];
  /** The words that there are, the likeliest ones first. */
  known: readonly (readonly string[])[];
}

/** What the user typed makes no sense. */
export class UsageError extends Error {
  override name = "UsageError";
  /** The word that is wrong, if one is: for an answer that names the right one. */
  readonly wrong: WrongWord | undefined;

  /**
   * @param message What is wrong, without a period.
   * @param wrong The word that is wrong, if one is.
   */
  constructor(message: string, wrong?: WrongWord) {
    super(message);
    this.wrong = wrong;
  }
}
