/**
 * The port to the shared list of tasks: whoever stores the list implements this, and nobody outside sees a key, a
 * connection or a transaction. Expected outcomes (an empty list, a duplicate, a lost race) are values; a
 * {@linkcode QueueUnavailableError} means that the store itself failed.
 *
 * @module
 */
import type { ClaimedTask, Task, TaskOutcome, TaskStatus } from "./task_model.ts";

/** A task that is not on the list yet. */
export interface TaskDraft {
  /** A name of the user's choice. */
  id?: string;
  /** Where the file is. */
  url: string;
  /** Where it goes, relative to the download folder. */
  out: string;
  /** Where it goes if another url has `out` already; absent if the user asked for exactly `out`. */
  fallbackOut?: string;
  /** Higher goes first. Default 0. */
  priority?: number;
  /** Extra request headers. */
  headers?: Record<string, string>;
  /** Where else the file is, the best first. */
  mirrors?: readonly string[];
  /** Bytes a second that it may take. */
  limitRate?: number;
  /** What the bytes must add up to: `algorithm:digest`, the digest in lower-case hex. */
  checksum?: string;
  /** How many bytes the file must have. */
  size?: number;
  /** The earliest time of the first attempt, in milliseconds since the epoch. */
  notBefore?: number;
}

/** What became of one draft. */
export type AddResult =
  | { type: "added"; id: string; out: string }
  | { type: "duplicate"; id: string; out: string }
  | { type: "refused"; field: string; reason: string };

/** Who claims tasks: one process, with what tells a dead one from a living one. */
export interface OwnerInfo {
  /** Unique for this run of this process. */
  owner: string;
  /** The machine's name. */
  host: string;
  /** Changes with every boot of the machine. */
  bootId: string;
  /** The process. */
  pid: number;
  /** When the process started, in the kernel's words. */
  startTime: string;
  /** The process namespace in which `pid` counts. */
  pidNamespace?: string;
  /** The cores that download for it. */
  cores: number[];
}

/** An owner as others see it. */
export interface OwnerState extends OwnerInfo {
  /** Until when nobody may doubt it, in milliseconds since the epoch. */
  aliveUntil: number;
}

/** Which tasks a claim should look at first. */
export interface ClaimRequest {
  /** Who claims. */
  owner: string;
  /** The core that will run them. */
  core: number;
  /** How many at the most. */
  limit: number;
  /** Which worker of how many it is: each prefers its own share of the hosts. Default the first of one. */
  worker?: { index: number; of: number };
}

/** One claim that ended. */
export interface Settlement {
  /** The task as it was claimed. */
  task: ClaimedTask;
  /** How it ended. */
  outcome: TaskOutcome;
}

/** What became of one settlement: `stale` means that the claim was not this owner's any more. */
export type SettleResult = { type: "settled"; task: Task } | { type: "stale" };

/** How many tasks are in each state. */
export type TaskCounts = Record<TaskStatus, number>;

/** Which tasks to list. */
export interface ListRequest {
  /** Only this state. Default: all. */
  status?: TaskStatus;
  /** How many at the most. Default 100. */
  limit?: number;
  /** Where the page before ended. */
  cursor?: string;
}

/** A page of tasks. */
export interface TaskPage {
  /** The tasks, those of one state together. */
  tasks: Task[];
  /** Where the next page starts; absent on the last one. */
  cursor?: string;
}

/** Which settled tasks the user wants to run again. */
export interface RetryRequest {
  /** Only failures that another attempt could cure. */
  retryableOnly?: boolean;
  /** Only these; default: every task in the state that `status` names. */
  ids?: readonly string[];
  /** Only tasks in this state. Default: failed ones; with `ids`, whatever they are. */
  status?: "failed" | "canceled" | "done";
  /** Only what was settled before this time, in milliseconds since the epoch. Default: whenever it was. */
  finishedBefore?: number;
  /** Ends it early: what was moved until then stays so. */
  signal?: AbortSignal;
}

/** The shared list of tasks. */
export interface TaskSharedList extends AsyncDisposable {
  /** Puts tasks on the list; one result for each draft, in order. */
  add(drafts: readonly TaskDraft[]): Promise<AddResult[]>;
  /** Makes an owner known and alive. */
  register(info: OwnerInfo): Promise<void>;
  /** Renews an owner; `lost` means that others have taken its tasks and it must register under a new name. */
  heartbeat(owner: string): Promise<"alive" | "lost">;
  /** Says goodbye: what it still runs goes back to the list, uncounted. */
  leave(owner: string): Promise<void>;
  /** Takes waiting tasks, by priority and then roughly by age. Empty if there are none, or if the owner is lost. */
  claim(request: ClaimRequest): Promise<ClaimedTask[]>;
  /** Ends claims; one result for each, in order. */
  settle(settlements: readonly Settlement[]): Promise<SettleResult[]>;
  /** Gives the tasks of dead owners back to the list, and says how many. */
  reclaim(isAlive?: (owner: OwnerState) => boolean | undefined): Promise<number>;
  /** Lets settled tasks wait again with a fresh budget, and says how many. */
  retry(request: RetryRequest): Promise<number>;
  /** Finds a task by its id. */
  get(id: string): Promise<Task | undefined>;
  /** Reads the list, page by page. */
  list(request?: ListRequest): Promise<TaskPage>;
  /** Counts the tasks at a cost that does not depend on their number. */
  counts(): Promise<TaskCounts>;
  /** The owners that are registered. */
  owners(): Promise<OwnerState[]>;
  /** Calls back when this process adds something to claim: a hint, polling is the truth. Returns how to stop it. */
  onWake(listener: () => void): () => void;
}
