import type { WorkerTask } from "./proc_messages.ts";

/** Tasks of one host that are kept, at the most, so that the next one can begin when one ends. */
const PER_HOST = 64;
const IN_ALL = 1000;
/** For so long after its first task was kept a host may answer any moment. */
const BRIEF_MS = 500;
/** Where more hosts than these wait for first answers, others are looked for at once. */
const FEW_HOSTS = 8;

/** The tasks that a worker keeps at hand until their host may be asked. */
export class KeptTasks {
  readonly #byHost = new Map<string, WorkerTask[]>();
  /** Since when hosts that have never answered have tasks here. */
  readonly #unanswered = new Map<string, number>();
  #count = 0;

  /** How many hosts they are of. */
  get size(): number {
    return this.#byHost.size;
  }

  /** The hosts, those first that came first. */
  get hosts(): string[] {
    return [...this.#byHost.keys()];
  }

  /** True if some wait for the first answer of their host. */
  get waitForAnswers(): boolean {
    return this.#unanswered.size > 0;
  }

  /** How many wait for first answers, while these may come any moment. */
  get brief(): number {
    if (this.#unanswered.size === 0 || this.#unanswered.size > FEW_HOSTS) return 0;
    let count = 0;
    for (const [host, since] of this.#unanswered) {
      // The oldest comes first. Where that is silent, others are as good as it.
      if (count === 0 && performance.now() - since > BRIEF_MS) return 0;
      count += this.#byHost.get(host)!.length;
    }
    return count;
  }

  /** True if there are tasks of a host. */
  has(host: string): boolean {
    return this.#byHost.has(host);
  }

  /**
   * Keeps a task.
   *
   * @param unanswered True if its host has never answered.
   * @returns What there is no room for: nothing, this task, or one of the host that has most.
   */
  keep(task: WorkerTask, host: string, unanswered: boolean): WorkerTask | undefined {
    const tasks = this.#byHost.get(host);
    const has = tasks?.length ?? 0;
    if (has >= PER_HOST) return task;
    let back: WorkerTask | undefined;
    if (this.#count >= IN_ALL) {
      let longest: WorkerTask[] = [];
      for (const others of this.#byHost.values()) if (others.length > longest.length) longest = others;
      if (longest.length <= has + 1) return task;
      back = longest.pop()!;
      this.#count--;
    }
    if (tasks === undefined) this.#byHost.set(host, [task]);
    else tasks.push(task);
    this.#count++;
    if (unanswered && !this.#unanswered.has(host)) this.#unanswered.set(host, performance.now());
    return back;
  }

  /** The oldest task of a host. */
  first(host: string): WorkerTask | undefined {
    return this.#byHost.get(host)?.[0];
  }

  /** Takes the oldest task of a host. */
  takeFirst(host: string): void {
    const tasks = this.#byHost.get(host)!;
    tasks.shift();
    this.#count--;
    if (tasks.length === 0) this.#forget(host);
  }

  /** Lets a host come after all others. */
  toEnd(host: string): void {
    const tasks = this.#byHost.get(host);
    if (tasks === undefined) return;
    this.#byHost.delete(host);
    this.#byHost.set(host, tasks);
  }

  /** Lets go of tasks. */
  drop(gone: ReadonlySet<number>): void {
    for (const [host, tasks] of this.#byHost) {
      const rest = tasks.filter(({ seq }) => !gone.has(seq));
      this.#count -= tasks.length - rest.length;
      if (rest.length === 0) this.#forget(host);
      else this.#byHost.set(host, rest);
    }
  }

  /** Takes all of them. */
  takeAll(): WorkerTask[] {
    const all = [...this.#byHost.values()].flat();
    this.#byHost.clear();
    this.#unanswered.clear();
    this.#count = 0;
    return all;
  }

  #forget(host: string): void {
    this.#byHost.delete(host);
    this.#unanswered.delete(host);
  }
}
