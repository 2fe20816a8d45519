type Bytes = Uint8Array<ArrayBuffer>;
type Next = IteratorResult<Bytes, undefined>;

/** Hands pieces from who has them when they come to who asks for them, and lets the first wait for the second. */
export class PieceRelay implements AsyncIterableIterator<Bytes, undefined> {
  /** Who waits for a piece. */
  #asking: PromiseWithResolvers<Next> | undefined;
  /** A piece that nobody has asked for yet. */
  #offered: { piece: Bytes; taken: PromiseWithResolvers<void> } | undefined;
  #end: { error?: unknown } | undefined;

  /**
   * Hands over a piece.
   *
   * @returns Resolves when somebody has it; rejects if the relay was ended.
   */
  async give(piece: Bytes): Promise<void> {
    if (this.#end !== undefined) throw this.#end.error;
    const asking = this.#asking;
    this.#asking = undefined;
    if (asking !== undefined) return asking.resolve({ done: false, value: piece });
    this.#offered = { piece, taken: Promise.withResolvers() };
    await this.#offered.taken.promise;
  }

  /** There are no more pieces, or an error in their place; it goes to whoever gives and asks. */
  end(end: { error?: unknown } = {}): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if ("error" in end) {
      this.#asking?.reject(end.error);
      this.#offered?.taken.reject(end.error);
      this.#offered = undefined;
    } else {
      this.#asking?.resolve({ done: true, value: undefined });
    }
    this.#asking = undefined;
  }

  async next(): Promise<Next> {
    const offered = this.#offered;
    this.#offered = undefined;
    if (offered !== undefined) {
      offered.taken.resolve();
      return { done: false, value: offered.piece };
    }
    if (this.#end === undefined) return await (this.#asking = Promise.withResolvers()).promise;
    if ("error" in this.#end) throw this.#end.error;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
