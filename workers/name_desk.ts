import type { DownloadTask } from "../download/download_context.ts";
import { StoppedError } from "../download/download_error.ts";
import type { RenameAnswer, RenameAsk } from "./proc_messages.ts";

/**
 * Asks the main thread, which alone talks to the list, for the names that answers give to files. What is asked in the same
 * turn of the event loop goes in one message.
 */
export class NameDesk {
  readonly #post: (asks: RenameAsk[]) => void;
  readonly #waiting = new Map<string, PromiseWithResolvers<string>>();
  #asks: RenameAsk[] = [];

  /** @param post Sends questions; the answers come in by {@linkcode NameDesk.answer}. */
  constructor(post: (asks: RenameAsk[]) => void) {
    this.#post = post;
  }

  /**
   * Asks for a path.
   *
   * @param task The task.
   * @param out The path.
   * @param fallbackOut The path if that belongs to another task.
   * @returns The path that the task has now; rejects with a {@linkcode StoppedError} if the claim is lost.
   */
  ask({ seq, fence }: Pick<DownloadTask, "seq" | "fence">, out: string, fallbackOut?: string): Promise<string> {
    const waiting = Promise.withResolvers<string>();
    this.#waiting.set(`${seq} ${fence}`, waiting);
    if (this.#asks.length === 0) queueMicrotask(() => this.#send());
    this.#asks.push([seq, fence, out, fallbackOut ?? null]);
    return waiting.promise;
  }

  /** Takes answers; those that nobody waits for any more are dropped. */
  answer(answers: readonly RenameAnswer[]): void {
    for (const [seq, fence, out] of answers) {
      const name = `${seq} ${fence}`;
      const waiting = this.#waiting.get(name);
      this.#waiting.delete(name);
      if (out === null) waiting?.reject(new StoppedError("The claim is lost"));
      else waiting?.resolve(out);
    }
  }

  #send(): void {
    const asks = this.#asks;
    this.#asks = [];
    this.#post(asks);
  }
}
