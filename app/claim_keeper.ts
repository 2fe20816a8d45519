import { redactUrl } from "../base/redact_url.ts";
import { ClaimLog, type OpenClaim } from "../download/claim_log.ts";
import { recoverClaims } from "../download/recover_claims.ts";
import { type ProcIdentity, procIdentity } from "../ffi/proc_identity.ts";
import type { RenameAnswer, WorkerTask } from "../workers/proc_messages.ts";

/** What the keeper needs of the world. */
export interface ClaimKeeperPorts {
  /** The owner. */
  owner: string;
  /** The download folder, resolved by the system. */
  root: string;
  /** The C library, if there is one to use. */
  library: string | undefined;
  /** Give files the time that their server names. */
  remoteTime: boolean;
  /** What the workers have in their hands. */
  open: () => Iterable<OpenClaim>;
  /** Told when something of a dead owner was found. */
  recovered: (counts: { named: number; removed: number }) => void;
}

/** How often dead owners are looked for while there is no space. */
const SPACE_EVERY_MS = 2500;

/**
 * Notes what the workers of a session begin, so that others can clear up after it, and clears up after others before
 * their tasks are claimed again.
 */
export class ClaimKeeper {
  readonly #ports: ClaimKeeperPorts;
  readonly #log: ClaimLog;
  /** What workers of this session had in their hands when they died. */
  readonly #lost: OpenClaim[] = [];
  /** Paths with their urls that are done though their tasks may not be settled. */
  readonly #done = new Map<string, string>();

  #spaceLook: Promise<void> | undefined;
  #spaceLookAt = -Infinity;

  constructor(ports: ClaimKeeperPorts, identity: ProcIdentity = procIdentity()) {
    this.#ports = ports;
    this.#log = new ClaimLog(ports.root, { ...identity, owner: ports.owner }, () => this.#open());
  }

  /** Clears up after owners that died. */
  async recover(): Promise<void> {
    await this.#recover();
  }

  /** There is no space: what dead owners had reserved is given back, of whatever list they were. */
  spaceMissing(): void {
    const now = performance.now();
    if (this.#spaceLook !== undefined || now - this.#spaceLookAt < SPACE_EVERY_MS) return;
    this.#spaceLookAt = now;
    // A folder that cannot be looked at fails the downloads themselves.
    this.#spaceLook = this.#recover().catch(() => {}).finally(() => this.#spaceLook = undefined);
  }

  /** Tasks are about to be handed to a worker. */
  handing(worker: number, tasks: readonly WorkerTask[]): void {
    for (const task of tasks) {
      if (task.begun === true && this.#done.get(task.out) === redactUrl(task.url)) task.replayed = true;
    }
    this.#note(tasks.map(({ fence, out }) => ({ worker, fence, out })));
  }

  /** A worker is about to be told the new paths of its tasks. */
  renaming(worker: number, answers: readonly RenameAnswer[]): void {
    this.#note(answers.flatMap(([_seq, fence, out]) => out === null ? [] : [{ worker, fence, out }]));
  }

  /** A worker died with these. */
  lost(claims: Iterable<OpenClaim>): void {
    this.#lost.push(...claims);
  }

  /** The workers have ended: clears up after those that did so badly. */
  async end(): Promise<void> {
    await this.#spaceLook;
    if (this.#open().next().done === true) return this.#log[Symbol.dispose]();
    this.#log.leave();
    await this.#recover(this.#ports.owner);
  }

  async #recover(own?: string): Promise<void> {
    const { root, library, remoteTime } = this.#ports;
    const { named, removed, done } = await recoverClaims({
      root,
      library,
      remoteTime,
      ...(own === undefined ? {} : { own }),
    });
    for (const [out, url] of done) this.#done.set(out, url);
    if (named + removed > 0) this.#ports.recovered({ named, removed });
  }

  *#open(): Generator<OpenClaim, void, void> {
    yield* this.#lost;
    yield* this.#ports.open();
  }

  #note(claims: readonly OpenClaim[]): void {
    try {
      this.#log.add(claims);
    } catch {
      // The disk is full, or worse: each task will find that out and say so. Only after a crash it would be missed.
    }
  }
}
