/** A name has no address, as far as anybody can tell now. */
export class LookupError extends Error {
  override name = "LookupError";
  /** Whether the name servers were silent, or had an answer. */
  readonly kind: "network" | "timeout";
  /** Before this time the name is not looked up again, in milliseconds since the epoch. */
  readonly retryAt: number;

  /**
   * @param reason Why.
   * @param kind Whether the name servers were silent.
   * @param retryAt Before this time the name is not looked up again, in milliseconds since the epoch.
   * @param options The cause.
   */
  constructor(reason: string, kind: "network" | "timeout", retryAt: number, options?: ErrorOptions) {
    super(`the name cannot be looked up: ${reason}`, options);
    this.kind = kind;
    this.retryAt = retryAt;
  }
}
