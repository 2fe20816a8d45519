/** A task file that is not whole or not valid. */
export class TaskFileError extends SyntaxError {
  /** Always `"task_file"`. */
  readonly code = "task_file";
  /** Where, counted from 1. */
  readonly line: number;
  /** Where, counted from 1. */
  readonly column: number;

  /**
   * Says what is wrong, and where.
   *
   * @param message What is wrong.
   * @param line Counted from 1.
   * @param column Counted from 1.
   * @param options Its cause. Default: none.
   */
  constructor(message: string, line: number, column: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "TaskFileError";
    this.line = line;
    this.column = column;
  }
}
