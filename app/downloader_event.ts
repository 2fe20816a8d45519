/**
 * What a downloader tells while it works.
 *
 * @module
 */
import type { ErrorRecord } from "../base/error_record.ts";
import type { TaskError } from "../queue/task_model.ts";
import type { ListProgress } from "./list_progress.ts";

/** What happened, without its place in the order of events. */
export type DownloaderNews =
  | { type: "proc_started"; proc: string; core: number; pinned: boolean }
  | { type: "proc_unpinned"; proc: string; core: number; error: ErrorRecord }
  | { type: "proc_crashed"; proc: string; core: number; error: ErrorRecord; tasks: number }
  /** The system lets this process have few files open: less runs at a time than was asked for. */
  | { type: "files_limited"; message: string }
  | { type: "owner_lost"; owner: string }
  /** The list does not answer; what runs goes on. */
  | { type: "list_silent"; reason: string }
  | { type: "list_back" }
  /** Every `progressIntervalMs`, if somebody reads the events. */
  | { type: "progress" } & ListProgress
  | { type: "tasks_added"; added: number; duplicates: number }
  /** Entries said something else of tasks that were known. */
  | { type: "tasks_changed"; changed: number }
  /** Entries vanished from a task file, or came back. */
  | { type: "tasks_synced"; file: string; canceled: number; returned: number }
  /** They were settled longer ago than `keepMs`. */
  | { type: "tasks_forgotten"; tasks: number }
  | { type: "tasks_reclaimed"; tasks: number }
  /**
   * The list counts them as waiting or running, and does not have them any more; `forgotten`: so many waited or ran when it was
   * there last.
   */
  | { type: "tasks_lost"; tasks: number; why: "dropped" | "forgotten" | "damaged" }
  /** So many records of the list cannot be read, and are set aside under these keys. */
  | { type: "records_broken"; records: number; keys: string[] }
  | { type: "tasks_asked_again"; tasks: number }
  | { type: "link_renewed"; id: string; url: string; renewed: string }
  | { type: "files_recovered"; named: number; removed: number }
  | { type: "space_low"; free: number; floor: number }
  | { type: "space_back"; free: number; floor: number }
  /** There was no space, or no permission to write (`forbidden`), for so many milliseconds: a run with `once` ends. */
  | { type: "space_missing"; ms: number; forbidden?: true }
  /** It is not the time: nothing starts before `opensAt`, and what runs gets the grace period. */
  | { type: "window_closed"; opensAt: number }
  | { type: "window_opened" }
  | { type: "tasks_read"; file: string; entries: number }
  /** How many of the files that were put on the list have a checksum; only with `checksumFile`. */
  | { type: "checksums_found"; found: number; files: number }
  | { type: "tasks_missing"; file: string }
  | { type: "tasks_invalid"; file: string; line?: number; column?: number; message: string }
  /** Fields, columns or options of a task file that mean nothing to a task; told once for each file. */
  | { type: "fields_ignored"; file: string; names: readonly string[] }
  | { type: "entry_refused"; file?: string; index: number; line?: number; field: string; message: string }
  | {
    type: "task_done";
    id: string;
    url: string;
    out: string;
    bytes: number;
    ms: number;
    attempts: number;
    core: number;
    /** The server was asked, and has nothing newer than the file that is there. */
    unchanged?: true;
    /** The name that the file has at its server, if that could not be its name here. */
    originalName?: string;
    /** The Content-Encoding of the answer, if the bytes were stored as they were sent. */
    contentEncoding?: string;
    /** How many bytes an earlier download had left that were kept. */
    continuedAt?: number;
  }
  /** The user did it while the task ran; its download is stopped. */
  | { type: "task_paused" | "task_canceled" | "task_removed"; id: string; url: string; out: string; core: number }
  | { type: "task_failed"; id: string; url: string; out: string; error: TaskError; attempts: number; core: number }
  | {
    type: "task_retry";
    id: string;
    url: string;
    out: string;
    error: TaskError;
    attempts: number;
    core: number;
    notBefore: number;
  };

/** An event: what happened, when, and in which order. */
export type DownloaderEvent = DownloaderNews & {
  /** Counts the events of this downloader, from 1. */
  seq: number;
  /** When, in milliseconds since the epoch. */
  at: number;
};
