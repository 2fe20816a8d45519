/** A record of a list that cannot be read: it is set aside, so that it blocks nothing. Its text may hold secrets and is not told. */
export class BrokenRecordError extends Error {
  /** Always `"broken_record"`. */
  readonly code = "broken_record";

  /**
   * Says only that a record cannot be read: who read it knows where it was.
   *
   * @param options The cause.
   */
  constructor(options?: ErrorOptions) {
    super("Cannot read a record of the task list", options);
    this.name = "BrokenRecordError";
  }
}
