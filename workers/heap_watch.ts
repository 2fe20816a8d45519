import { builtinModule } from "../base/builtin_module.ts";

/** A short life is not worth the loading of what measures it. */
const FIRST_MS = 5000;
const EVERY_MS = 250;
/** From here on a heap is as good as full: what it cannot hold ends the whole process, not only its thread. */
const FULL_SHARE = 0.85;
/** The limit that V8 names includes the space for young objects, where nothing stays. */
const YOUNG_BYTES = 96 * 1024 * 1024;
/** Garbage that is about to be collected is no reason. */
const LOOKS = 3;

/** What a thread has on its heap, in bytes. */
export interface HeapUse {
  /** What is in use, garbage included. */
  used: number;
  /** More than that ends the process. */
  limit: number;
}

/** Finds out that the heap of this thread is nearly full, and says so once. What grows faster than it looks is not caught. */
export class HeapWatch implements Disposable {
  readonly #full: (use: HeapUse) => void;
  readonly #measure: () => HeapUse;
  #timer: ReturnType<typeof setTimeout>;
  #looks = 0;

  /**
   * @param full Told when it is.
   * @param measure Measures the heap. Default: what V8 says of this thread.
   * @param firstMs When to look first. Default 5 s.
   */
  constructor(full: (use: HeapUse) => void, measure: () => HeapUse = heapUse, firstMs: number = FIRST_MS) {
    this.#full = full;
    this.#measure = measure;
    this.#timer = setTimeout(() => this.#look(), firstMs);
  }

  #look(): void {
    const use = this.#measure();
    this.#looks = use.used >= use.limit * FULL_SHARE ? this.#looks + 1 : 0;
    if (this.#looks < LOOKS) this.#timer = setTimeout(() => this.#look(), EVERY_MS);
    else this.#full(use);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** What V8 says of the heap of this thread. */
export function heapUse(): HeapUse {
  const { used_heap_size: used, heap_size_limit: all } = builtinModule("node:v8").getHeapStatistics();
  return { used, limit: Math.max(all - YOUNG_BYTES, all / 2) };
}
