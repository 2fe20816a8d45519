/** What a reader gets instead of the values that its full buffer had to drop. */
export interface Lagged {
  /** Marks the gap. */
  type: "lagged";
  /** How many values were dropped. */
  missed: number;
}

/** How {@linkcode Broadcast.subscribe} reads. */
export interface SubscribeOptions {
  /** Ends the subscription. */
  signal?: AbortSignal;
}

interface Reader<T> {
  buffer: T[];
  missed: number;
  wake: (() => void) | undefined;
  closed: boolean;
}

/**
 * Hands every value to every reader. Each reader has a bounded buffer of its own; a reader that is too slow loses the
 * oldest values and is told how many, so it can never hold up the sender or fill the memory.
 */
export class Broadcast<T> {
  readonly #capacity: number;
  readonly #readers = new Set<Reader<T>>();
  #closed = false;

  /** @param capacity How many values a reader may fall behind. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(
        `Cannot create a broadcast as capacity must be a positive integer: current value is ${capacity}`,
      );
    }
    this.#capacity = capacity;
  }

  /** True if nobody listens: the sender may spare itself the work of making values. */
  get idle(): boolean {
    return this.#readers.size === 0;
  }

  /** Gives a value to every reader that is subscribed now. */
  publish(value: T): void {
    for (const reader of this.#readers) {
      if (reader.buffer.length >= this.#capacity) {
        reader.buffer.shift();
        reader.missed++;
      }
      reader.buffer.push(value);
      reader.wake?.();
    }
  }

  /** Ends every subscription once its buffer is read. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) {
      reader.closed = true;
      reader.wake?.();
    }
  }

  /** Reads from now on; the subscription starts with the call, not with the first `next()`. */
  subscribe(options: SubscribeOptions = {}): AsyncIterableIterator<T | Lagged> {
    const reader: Reader<T> = { buffer: [], missed: 0, wake: undefined, closed: this.#closed };
    const { signal } = options;
    const stop = () => {
      reader.closed = true;
      reader.buffer.length = 0;
      reader.missed = 0;
      this.#readers.delete(reader);
      signal?.removeEventListener("abort", stop);
      reader.wake?.();
    };
    if (signal?.aborted) reader.closed = true;
    if (!reader.closed) {
      this.#readers.add(reader);
      signal?.addEventListener("abort", stop, { once: true });
    }
    const next = async (): Promise<IteratorResult<T | Lagged>> => {
      while (true) {
        if (reader.missed > 0) {
          const missed = reader.missed;
          reader.missed = 0;
          return { done: false, value: { type: "lagged", missed } };
        }
        const value = reader.buffer.shift();
        if (value !== undefined) return { done: false, value };
        if (reader.closed) {
          stop();
          return { done: true, value: undefined };
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        reader.wake = resolve;
        await promise;
        reader.wake = undefined;
      }
    };
    return {
      next,
      return: () => {
        stop();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
