/** The store of the task list failed, or did not answer in time. */
export class QueueUnavailableError extends Error {
  /** Always `"queue_unavailable"`. */
  readonly code = "queue_unavailable";
  /** The address of the list, without secrets. */
  readonly backend: string;

  /**
   * Says what could not be done, and where.
   *
   * @param message What could not be done.
   * @param backend The address of the list.
   * @param options The cause.
   */
  constructor(message: string, backend: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "QueueUnavailableError";
    this.backend = backend;
  }
}
