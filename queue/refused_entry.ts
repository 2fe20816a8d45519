/** What stands for an entry of a task file that is refused before its fields are looked at: a line that is no entry, for instance. */
export class RefusedEntry {
  /** What of it is wrong: a field, or `line`. */
  readonly field: string;
  /** What that must be. */
  readonly message: string;

  /**
   * @param field What of it is wrong.
   * @param message What that must be, and no secret.
   */
  constructor(field: string, message: string) {
    this.field = field;
    this.message = message;
  }
}
