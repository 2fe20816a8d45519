import type { AnswerTo, WorkerAnswer, WorkerQuestion } from "./proc_messages.ts";

/** What a worker has asked the main thread, and waits to hear. */
export class MainCalls {
  readonly #post: (message: { type: "ask"; call: number; question: WorkerQuestion }) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<WorkerAnswer>>();
  #last = 0;
  #ended: Error | undefined;

  /** @param post Sends to the main thread. */
  constructor(post: (message: { type: "ask"; call: number; question: WorkerQuestion }) => void) {
    this.#post = post;
  }

  /**
   * Asks.
   *
   * @param question What.
   * @returns The answer; rejects with the reason of {@linkcode MainCalls.end}.
   */
  ask<Q extends WorkerQuestion>(question: Q): Promise<AnswerTo<Q>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const call = ++this.#last;
    const waiting = Promise.withResolvers<WorkerAnswer>();
    this.#waiting.set(call, waiting);
    this.#post({ type: "ask", call, question });
    return waiting.promise as Promise<AnswerTo<Q>>;
  }

  /** The main thread has answered. */
  answered(call: number, answer: WorkerAnswer): void {
    this.#waiting.get(call)?.resolve(answer);
    this.#waiting.delete(call);
  }

  /** Waits for no answer any more. */
  end(reason: Error): void {
    this.#ended = reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
