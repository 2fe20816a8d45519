/**
 * What the main thread and its Workers say to each other. Batches travel as one JSON text: cloning many small objects
 * costs several times more.
 *
 * @module
 */
import type { ErrorRecord } from "../base/error_record.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { DownloadTask } from "../download/download_context.ts";
import type { PartOf } from "../download/drop_part.ts";
import type { ExpiredLink, RenewedLink } from "../download/expired_link.ts";
import { type DraftRules, fallbackOfDraft } from "../download/task_draft.ts";
import type { HttpIdentity } from "../download/http_identity.ts";
import type { S3Answer } from "../download/protocols/s3_access.ts";
import type { SshAnswer, SshQuestion } from "../download/protocols/ssh_access.ts";
import type { TaskFileRules } from "../queue/column_map.ts";
import type { TaskOutcome } from "../queue/task_model.ts";
import type { TaskDraft } from "../queue/task_shared_list.ts";

/** What a thread must know before its first statement, carried by the name of its Worker. */
export interface ThreadIdentity {
  /** What it is: `proc_config` or `proc_worker`. */
  role: string;
  /** Which one of its kind. */
  index: number;
  /** The core to pin it to; absent: do not pin. */
  core?: number;
  /** The C library, to pin with and for what else is used of it. */
  library?: string;
  /** It has permissions of its own, and gives up the one to load libraries when it has loaded what it needs. */
  sealed?: true;
}

/** A task that a user took away, and whose unfinished file is to be removed. */
export interface DroppedTask extends PartOf {
  /** Its number. */
  seq: number;
}

/** To a download worker. */
export type ToProcWorker =
  | {
    type: "start";
    index: number;
    core: number;
    settings: CfgSettings;
    root: string;
    /** When the download folder could be written, in milliseconds since the epoch, by the clock of its disk. */
    writableAt: number;
    writer: string;
    /** The name of this machine. */
    machine: string;
    /** This boot of the machine; empty if it is not known. */
    bootId: string;
    counters: SharedArrayBuffer;
    /** How far the files have come that workers receive. */
    files: SharedArrayBuffer;
    /** What all workers know of the hosts. */
    hosts: SharedArrayBuffer;
    /** What all workers share of the bandwidth; absent: there is no limit. */
    rate?: SharedArrayBuffer;
    /** Use the narrow HTTP client where it serves. */
    lane: boolean;
    /** Who asks over HTTP: full of secrets. */
    identity: HttpIdentity;
    /** The download folder was empty when this process began. */
    fresh: boolean;
    /** How many workers there are. */
    workers: number;
    /** Where it notes what it runs; see `RunningTasks`. */
    running: SharedArrayBuffer;
    /** Drivers of the user may do next to nothing. */
    restricted: boolean;
    /** How many further connections there may be for files in several segments. */
    extraConnections: number;
  }
  | { type: "tasks"; batch: string }
  | { type: "renamed"; batch: string }
  | { type: "answer"; call: number; answer: WorkerAnswer }
  /**
   * These tasks are not its own any more: it ends what runs of them, so that it can go on later, and settles none. It removes
   * the unfinished files of `parts`, which are some of them.
   */
  | { type: "drop"; seqs: number[]; parts?: DroppedTask[] }
  /** Do without one place, and say when it is free; or have it again. */
  | { type: "lend"; on: boolean }
  /** End what runs, so that it can go on later. */
  | { type: "interrupt" }
  | { type: "stop"; graceMs: number };

/** What a worker asks of the main thread, which may do what a worker may not. */
export type WorkerQuestion =
  | { type: "renew"; link: ExpiredLink }
  | { type: "ssh"; question: SshQuestion }
  | { type: "trust"; line: string }
  | { type: "s3" };

/** The answers to the {@linkcode WorkerQuestion}s. */
interface WorkerAnswers {
  renew: RenewedLink;
  ssh: SshAnswer;
  trust: { type: "done" } | { type: "problem"; message: string };
  s3: S3Answer;
}

/** The answer to one of the {@linkcode WorkerQuestion}s. */
export type AnswerTo<Q extends WorkerQuestion> = WorkerAnswers[Q["type"]];

/** The answer to a {@linkcode WorkerQuestion}. */
export type WorkerAnswer = AnswerTo<WorkerQuestion>;

/** A task that a worker settles: its place in the list, how it ended, and by which claim. */
export type WorkerSettlement = [seq: number, outcome: TaskOutcome, fence: string];

/** A task as a worker gets it. */
export type WorkerTask = DownloadTask;

/** A worker has learned how the file of a task is called, and asks for that path; or for the other, if it is taken. */
export type RenameAsk = [seq: number, fence: string, out: string, fallbackOut: string | null];

/** The path that a task has now, which may be the old one; null if the claim is lost. */
export type RenameAnswer = [seq: number, fence: string, out: string | null];

/** From a download worker. */
export type FromProcWorker =
  | { type: "hello"; pinError?: ErrorRecord & { errno?: number } }
  | { type: "want"; count: number }
  | { type: "settle"; batch: string }
  | { type: "rename"; batch: string }
  | { type: "ask"; call: number; question: WorkerQuestion }
  /** So much there is of the file of a task over which an owner has died. */
  | { type: "reached"; seq: number; fence: string; bytes: number }
  /** The place that it is to do without is free. */
  | { type: "lent" }
  /** Its heap is nearly full, in bytes: it is to be replaced. */
  | { type: "full"; used: number; limit: number }
  /** A driver of the user has ended its thread: it would have ended this one, if it ran here. */
  | { type: "died"; message: string }
  | { type: "stopped" };

/** To the config worker. */
export type ToProcConfig =
  | {
    type: "start";
    /** Files, folders and patterns, each absolute. */
    words: readonly string[];
    watch: boolean;
    /** What holds for all entries. */
    rules: DraftRules;
    /** What the user says of task files. */
    reading: TaskFileRules;
    /** Read all of a file each time that it changes. */
    whole: boolean;
  }
  | { type: "added" };

/** An entry of the task file that is not taken. */
export interface EntryProblem {
  /** Its place in the file, from 0. */
  index: number;
  /** The line on which it starts, from 1. */
  line: number;
  /** The field. */
  field: string;
  /** What it must be, and what it is. */
  message: string;
}

/** How the read of a task file ended. */
export type FileNews =
  | { type: "invalid"; message: string; line: number; column: number }
  | { type: "missing" }
  | { type: "unreadable"; message: string }
  /**
   * `refused` of the entries are not taken; `blocks` stand for all of them, in order, where files are read as a whole each time; `ignored` are names that mean nothing to
   * a task; `moved`: it changed meanwhile.
   */
  | {
    type: "read";
    entries: number;
    refused: number;
    blocks: string[];
    ignored?: readonly string[];
    moved: boolean;
  };

/** From the config worker. A `file` is absolute; `missing` and `unreadable` can also be about a folder or a pattern. */
export type FromProcConfig =
  | { type: "hello"; pinError?: ErrorRecord & { errno?: number } }
  | ({ type: "drafts"; file: string; block: string; indexes: number[]; lines: number[] } & DraftsMessage)
  | { type: "refused"; file: string; problems: EntryProblem[] }
  | FileNews & { file: string }
  /** Every file that was there at the start has been read once. */
  | { type: "listed" };

/** A batch of drafts as it crosses threads: in JSON, and beside it which of them may go nowhere but to their `out`. */
export interface DraftsMessage {
  batch: string;
  exact: number[];
}

/** A batch of drafts as a message. What says where a draft goes otherwise is the same for all, and stays behind. */
export function encodeDrafts(drafts: readonly TaskDraft[]): DraftsMessage {
  const exact: number[] = [];
  for (let i = 0; i < drafts.length; i++) if (drafts[i]!.fallbackOut === undefined) exact.push(i);
  return { batch: JSON.stringify(drafts), exact };
}

/** The drafts of a message. */
export function decodeDrafts({ batch, exact }: DraftsMessage): TaskDraft[] {
  const drafts: TaskDraft[] = JSON.parse(batch);
  let next = 0;
  for (let i = 0; i < drafts.length; i++) {
    if (exact[next] === i) next++;
    else drafts[i]!.fallbackOut = fallbackOfDraft;
  }
  return drafts;
}

/** The name of a Worker says who it is. */
export function encodeIdentity(identity: ThreadIdentity): string {
  return `${identity.role}-${identity.index} ${JSON.stringify(identity)}`;
}

/** Who a Worker is, by its name. */
export function decodeIdentity(name: string): ThreadIdentity {
  return JSON.parse(name.slice(name.indexOf(" ") + 1));
}
