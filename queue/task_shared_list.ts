/**
 * The port to the shared list of tasks: whoever stores the list implements this, and nobody outside sees a key, a
 * connection or a transaction. Expected outcomes (an empty list, a duplicate, a lost race) are values; a
 * {@linkcode QueueUnavailableError} means that the store itself failed.
 *
 * @module
 */
import type { TaskFilter } from "./task_filter.ts";
import type { TaskNote } from "./task_death.ts";
import type { ClaimedTask, Task, TaskOutcome, TaskStatus } from "./task_model.ts";
import type { TaskRequest } from "./task_request.ts";

/** A task that is not on the list yet. */
export interface TaskDraft extends TaskRequest {
  /** Where it goes, relative to the download folder. */
  out: string;
  /**
   * Where it goes if another url has `out` already, or what says it when it is needed; absent if the user asked for
   * exactly `out`.
   */
  fallbackOut?: string | ((draft: TaskDraft) => string);
  /** True if the user chose `out`, so that no answer may change it. Default false. */
  named?: boolean;
  /** The task file that it is from, if it is from one; see {@linkcode SyncRequest}. */
  source?: string;
}

/** What became of one draft. */
export type AddResult =
  | { type: "added"; id: string; out: string }
  /** `out` is where the file of the task is now, which may have got another name since it was added. */
  | { type: "duplicate"; id: string; out: string }
  /** It was known, and is now as the draft says: another priority, other headers, or how else to fetch it. */
  | { type: "changed"; id: string; out: string }
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
  /** For how many milliseconds after a heartbeat nobody doubts it. Default {@linkcode OWNER_LEASE_MS}. */
  leaseMs?: number;
}

/** What an owner says of itself with its heartbeats. */
export interface OwnerVitals {
  /** How busy each of its cores is, in percent, in the order of {@linkcode OwnerInfo.cores}. */
  load: number[];
  /** Downloads that run. */
  active: number;
  /** Files that it has finished. */
  done: number;
  /** Tasks that it has failed. */
  failed: number;
  /** Attempts that are made again. */
  retried: number;
  /** Bytes that it has received. */
  bytes: number;
  /** Bytes a second, since the heartbeat before. */
  speed: number;
  /** Hosts that have not answered, those first that have been silent for longest; absent if there are none. */
  silent?: SilentHosts;
  /** Bytes of the files that it has finished. Absent, as all below, where an older version says it. */
  fileBytes?: number;
  /** Tasks that it settles a second, lately. */
  filesPerSecond?: number;
  /** What is there of the files that it receives. */
  open?: OpenFiles;
  /** The largest files that it receives, at most 100. */
  files?: RunningFile[];
}

/** Hosts that an owner has asked, and that have never answered it. */
export interface SilentHosts {
  /** How many there are. */
  count: number;
  /** Some of them, and since when, in milliseconds since the epoch. */
  hosts: [host: string, since: number][];
}

/** What is there of the files that are received piece by piece, or wait to be continued, all together. */
export interface OpenFiles {
  /** How many have a size that is known. */
  sized: number;
  /** Bytes that are there of those. */
  sizedBytes: number;
  /** Bytes that those will have. */
  size: number;
  /** Bytes that are there of the others. */
  unsizedBytes: number;
}

/** How far a running file has come. */
export interface RunningFile {
  /** Its task. */
  id: string;
  /** Bytes that are there. */
  bytes: number;
  /** Its size in bytes; absent if nobody knows it. */
  size?: number;
  /** Bytes a second, lately. */
  speed: number;
  /** How many bytes an earlier download had left that were kept; absent: none. */
  continuedAt?: number;
}

/** An owner as others see it. */
export interface OwnerState extends OwnerInfo {
  /** Until when nobody may doubt it, in milliseconds since the epoch. */
  aliveUntil: number;
  /** False once it may be doubted, by the clock of the list. */
  alive: boolean;
  /** What it said last; absent before it has said anything. */
  vitals?: OwnerVitals;
}

/** What machines that share a list tell each other of the hosts. */
export interface FleetHosts {
  /** Tells the others to leave a host alone for so many milliseconds. */
  cool(host: string, forMs: number): Promise<void>;
  /** Calls back when another says so, and at once for what was said before. Returns how to stop it. */
  onCool(listener: (host: string, forMs: number) => void): () => void;
}

/** How many tasks of a host a claim may take. */
export interface HostRoom {
  /** No more than that many; 0 if it may not be asked at all. */
  room: number;
  /**
   * Further ones are set aside, so that they are in nobody's way: until this time, in milliseconds since the epoch, or
   * with 0 until a claim has room for them.
   */
  until: number;
  /** Any moment it may have more room: a claim that has met it need not look further. */
  brief?: true;
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
  /** How it stands with a host, such as `example.org:8080`; `undefined` if any number may be taken. Default: always. */
  hosts?: (host: string) => HostRoom | undefined;
  /** A hint: hosts that have room again, after they had none without a time. Default: none. */
  reopened?: readonly string[];
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

/** Another path for a task that is running. */
export interface RenameRequest {
  /** The task as it was claimed. */
  task: ClaimedTask;
  /** The path that its file should have. */
  out: string;
  /** The path if `out` is another task's. Default: none. */
  fallbackOut?: string;
}

/**
 * What became of a rename. `named` has the task with the path that is reserved for it now: settle that one. `taken`: all
 * paths are other tasks', and it keeps its own. `stale`: the claim was not this owner's any more.
 */
export type RenameResult = { type: "named"; task: ClaimedTask } | { type: "taken" } | { type: "stale" };

/** The keys that {@linkcode BrokenRecords} has, at the most. */
export const MOST_BROKEN = 1000;

/** Records that cannot be read, and were set aside as they are: they are no tasks any more, and are in nobody's way. */
export interface BrokenRecords {
  /** How many there are. */
  total: number;
  /** The keys under which they stood; {@linkcode TaskSharedList.control} removes them by these, as tasks by their ids. */
  keys: string[];
}

/** Something to note of a running task. */
export interface NoteRequest {
  /** The task as it was claimed. */
  task: ClaimedTask;
  /** What to note. */
  note: TaskNote;
}

/**
 * What became of a note: `noted` has the task with it, settle that one. `stale`: the claim was not this owner's any more.
 */
export type NoteResult = { type: "noted"; task: ClaimedTask } | { type: "stale" };

/**
 * What is known of an owner: it lives (`true`), is dead (`false`), or its process is there and may stand still (`"stuck"`):
 * then its tasks go back after its lease, and that is nobody's death. `undefined`: nothing; after its lease it is dead.
 */
export type OwnerVerdict = boolean | "stuck" | undefined;

/** How many tasks are in each state. */
export type TaskCounts = Record<TaskStatus, number>;

/** Which tasks to list. */
export interface ListRequest {
  /** Only this state. Default: all. */
  status?: TaskStatus;
  /** Only these. Default: all. */
  filter?: TaskFilter;
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

/** What a user can do to tasks. */
export type ControlVerb = "pause" | "resume" | "cancel" | "retry" | "remove" | "priority";

/** What a user wants to be done, and to which tasks: those with these ids, or all, that the filter means. */
export interface ControlRequest {
  /**
   * `pause` takes waiting and running tasks out of the work, until `resume`. `cancel` ends what is not done. `retry` lets
   * settled ones wait again with a fresh budget. `remove` takes tasks off the list, whatever they are; files stay.
   * `priority` gives those that are not settled, or failed, another one.
   */
  verb: ControlVerb;
  /** The new priority, for `priority`. */
  priority?: number;
  /** Only tasks with these ids. Default: all that are on the list now. */
  ids?: readonly string[];
  /** Only these. Default: all; for `retry` without ids, those that failed. */
  filter?: TaskFilter;
  /** Ends it early: what was moved until then stays so. */
  signal?: AbortSignal;
  /** With `cancel` and `remove`: whoever runs a task removes its unfinished file. Default false. */
  dropParts?: boolean;
  /** Told of each task that was moved, once, as it was before. It throws nothing. Default: nobody is. */
  moved?: (task: Task) => void;
}

/** What became of a {@linkcode ControlRequest}. */
export interface ControlResult {
  /** How many tasks were moved. */
  touched: number;
  /** Ids that no task has. */
  unknown: string[];
  /** Ids of tasks that cannot make the move from the state that they are in. */
  unmoved: { id: string; status: TaskStatus }[];
}

/** Tells an owner that a task which it was running is not its own any more. */
export interface TaskOrder {
  /** The number of the task. */
  seq: number;
  /** The claim that ended. */
  fence: string;
  /** What the user did. */
  verb: ControlVerb;
  /** The unfinished file is to be removed. Absent: it stays. */
  drop?: true;
}

/** What task files ask for now. */
export interface SyncRequest {
  /** Files whose tasks are canceled if nobody asks for them, as their drafts name them. */
  sources: readonly string[];
  /** Says whether the task with this id is still asked for, by whatever file. */
  wanted: (id: string) => boolean;
  /** Ends it early: what was moved until then stays so. */
  signal?: AbortSignal;
}

/** What became of a {@linkcode SyncRequest}. */
export interface SyncResult {
  /** How many tasks were canceled. */
  canceled: number;
  /** How many wait again that an earlier one had canceled. */
  returned: number;
}

/** The shared list of tasks. */
export interface TaskSharedList extends AsyncDisposable {
  /** Puts tasks on the list; one result for each draft, in order. */
  add(drafts: readonly TaskDraft[]): Promise<AddResult[]>;
  /** Says what would become of drafts, each by itself, and stores nothing; `added` has no number yet. */
  preview(drafts: readonly TaskDraft[]): Promise<AddResult[]>;
  /** Makes an owner known and alive. */
  register(info: OwnerInfo): Promise<void>;
  /** Renews an owner; `lost` means that others have taken its tasks and it must register under a new name. */
  heartbeat(owner: string, vitals?: OwnerVitals): Promise<"alive" | "lost">;
  /** Says goodbye: what it still runs goes back to the list, uncounted. */
  leave(owner: string): Promise<void>;
  /**
   * Takes waiting tasks, by priority and then roughly by age. Empty if there are none, or if the owner is lost; less than
   * there is only after a long row of tasks had to be set aside.
   */
  claim(request: ClaimRequest): Promise<ClaimedTask[]>;
  /** Ends claims; one result for each, in order. */
  settle(settlements: readonly Settlement[]): Promise<SettleResult[]>;
  /**
   * Reserves other paths for running tasks, before anything is written there; one result for each, in order. A task gets a
   * name once: one that has `named` stays as it is. Its path before stays reserved for it, so that the same list adds
   * nothing again, and says where the file is now.
   */
  rename(renames: readonly RenameRequest[]): Promise<RenameResult[]>;
  /** Notes something of running tasks; one result for each, in order. */
  note(notes: readonly NoteRequest[]): Promise<NoteResult[]>;
  /**
   * Gives the tasks of dead owners back to the list, and says how many.
   *
   * @param isAlive What is known of an owner. Default: nothing.
   * @param failed Told of each task that fails by it, as one over which too many have died.
   */
  reclaim(isAlive?: (owner: OwnerState) => OwnerVerdict, failed?: (task: Task) => void): Promise<number>;
  /** An owner that others took for dead lives: the deaths that were counted for these claims of its are none. */
  revive(tasks: readonly ClaimedTask[]): Promise<void>;
  /**
   * Moves tasks as the user wants it. A claim of a running one ends with that: its owner learns it by
   * {@linkcode TaskSharedList.takeOrders}, and whatever it settles is stale.
   */
  control(request: ControlRequest): Promise<ControlResult>;
  /**
   * Cancels the tasks of a task file that it does not ask for any more, if they never started; and lets those wait again that
   * this canceled before, and that are asked for again. Tasks that a user canceled stay so.
   */
  sync(request: SyncRequest): Promise<SyncResult>;
  /** What users did to tasks that an owner was running, each told once. */
  takeOrders(owner: string): Promise<TaskOrder[]>;
  /** Finds a task by its id. */
  get(id: string): Promise<Task | undefined>;
  /** Reads the list, page by page. */
  list(request?: ListRequest): Promise<TaskPage>;
  /** Counts the tasks at a cost that does not depend on their number. */
  counts(): Promise<TaskCounts>;
  /** The owners that are registered. */
  owners(): Promise<OwnerState[]>;
  /**
   * Calls back when there is something to claim, or a running task was moved: a hint, polling is the truth. Returns how to
   * stop it.
   */
  onWake(listener: () => void): () => void;
  /** What other machines say of the hosts, where the list reaches them. */
  readonly fleet?: FleetHosts;
  /**
   * Counts the open tasks of which the store has lost all but their number, so that nobody can claim or settle them. It may
   * take a moment, and claims, until they are counted.
   */
  lost?(): Promise<number>;
  /**
   * How many open tasks the store had when this process asked for the counts last, before it forgot the whole list; 0 as long as it
   * is the same list. If none was open, how many it ever had.
   */
  forgotten?(): number;
  /** The records that could not be read. */
  broken?(): Promise<BrokenRecords>;
  /** The policy by which the store drops tasks when its memory is full; `undefined` if it has none, or does not tell. */
  evicts?(): Promise<string | undefined>;
  /**
   * A mark that is there while what was removed may still stand in the file of the list, or undefined. Absent: it is no file, or
   * whoever keeps it looks after that.
   */
  remains?(): Promise<string | undefined>;
  /** Takes that mark away, unless more was removed since. */
  clearRemains?(mark: string): Promise<void>;
  /** From now on, wait only seconds for a store that does not answer, as there is no time for more; or as before. */
  hurry?(on: boolean): void;
}
