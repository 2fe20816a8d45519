import type { ErrorRecord } from "../base/error_record.ts";
import { encodeIdentity, type ThreadIdentity } from "../workers/proc_messages.ts";

/** What a thread tells its owner. */
export interface ProcThreadEvents<Message> {
  /** A message came. */
  message: (message: Message) => void;
  /** The thread died of an error that nobody caught. */
  crash: (error: ErrorRecord) => void;
}

/** What a thread may do: `inherit`, or exactly this. */
export type ThreadPermissions = "inherit" | Deno.PermissionOptionsObject;

/** One Worker: started, listened to, ended. */
export class ProcThread<Out, In> implements Disposable {
  readonly #worker: Worker;
  #over = false;

  /**
   * @param entry The module to run.
   * @param identity Who it is and where it is pinned.
   * @param events Whom to tell.
   * @param permissions What it may do. Default: what this thread may.
   */
  constructor(
    entry: URL,
    identity: ThreadIdentity,
    events: ProcThreadEvents<In>,
    permissions: ThreadPermissions = "inherit",
  ) {
    // A thread that inherits shares the permissions of this one: what it gave up would be lost here, too.
    const [deno, sealed] = permissions === "inherit"
      ? [{}, {}]
      : [{ deno: { permissions } }, { sealed: true as const }];
    const name = encodeIdentity({ ...identity, ...sealed });
    this.#worker = new Worker(entry, { type: "module", name, ...deno } as WorkerOptions);
    this.#worker.onmessage = (event: MessageEvent<In>) => {
      if (!this.#over) events.message(event.data);
    };
    this.#worker.onerror = (event: ErrorEvent) => {
      // Unprevented, the error would end the whole process.
      event.preventDefault();
      if (this.#over) return;
      this.#over = true;
      const where = event.filename ? ` (${event.filename}:${event.lineno})` : "";
      events.crash({ name: "ProcCrashedError", code: "proc_crashed", message: `${event.message}${where}` });
    };
  }

  /** Says something to the thread. */
  post(message: Out): void {
    if (!this.#over) this.#worker.postMessage(message);
  }

  /** Ends the thread at once. */
  [Symbol.dispose](): void {
    this.#over = true;
    this.#worker.terminate();
  }
}
