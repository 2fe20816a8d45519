import type { FileRow } from "../base/file_board.ts";
import type { ClaimedTask, SpaceWish, TaskDoneFacts } from "../queue/task_model.ts";
import type { RetryOn } from "../queue/retry_on.ts";
import type { KeptField, KeptRequest, NoField, TaskRequest } from "../queue/task_request.ts";
import type { TaskRetryPolicy } from "../queue/task_retry.ts";
import type { ContentEncodingMode } from "./content_encoding.ts";
import type { BudgetShare } from "./body_budget.ts";
import type { DiskSpace } from "./disk_space.ts";
import type { DownloadDriver } from "./download_driver.ts";
import type { RenewLink } from "./expired_link.ts";
import type { ExtraPlace } from "./extra_place.ts";
import type { FinalNames } from "./final_names.ts";
import type { HostVisits } from "./host_visits.ts";
import type { Manifest } from "./manifest.ts";
import type { MirrorMemory } from "./mirror_memory.ts";
import type { RangeRefusals } from "./range_refusals.ts";
import type { SmallFiles } from "./small_files.ts";
import type { Throttle } from "./throttle.ts";
import type { Watchdog } from "./watchdog.ts";

/** What all downloads of a worker share. */
export interface DownloadContext {
  /** The download folder, resolved by the system. */
  root: string;
  /** Who writes: lowercase letters, digits and dashes, and nobody else's name. */
  writer: string;
  /** The drivers. */
  drivers: readonly DownloadDriver[];
  /** When the folder could be written, in milliseconds since the epoch, by the clock of its disk. Absent: it is not known. */
  writableAt?: number;
  /** Tasks for which nobody could tell what refused to be written, by their numbers: each may try once more. */
  refused?: Set<number>;
  /** True while nothing can be in the download folder that a task would have to look for. */
  fresh: boolean;
  /** The journal of finished files. */
  manifest: Manifest;
  /** Gives finished files their names. */
  names: FinalNames;
  /** Stores the small ones. */
  smallFiles: SmallFiles;
  /** The space of the disk, and who waits for it. */
  space: DiskSpace;
  /** Watches for silence. */
  watchdog: Watchdog;
  /** Which hosts have failed lately. */
  mirrors: MirrorMemory;
  /** Which hosts refuse ranges. */
  rangeRefusals: RangeRefusals;
  /** Further attempts, and the wait before them. */
  retry: TaskRetryPolicy;
  /** How long a host may ask to be left alone, in milliseconds; a task whose host asks for more fails. */
  maxHostWaitMs: number;
  /** Which HTTP statuses are worth another attempt. */
  retryOn: RetryOn;
  /** How many redirects to follow. */
  maxRedirects: number;
  /** What is done with a Content-Encoding. */
  contentEncoding: ContentEncodingMode;
  /** This boot of the machine; empty if it is not known. */
  bootId: string;
  /** Which types of files are fine, as `--expect-type` says it; absent: all. */
  expectType?: string;
  /** Holds the bodies to a rate; absent: none. */
  throttle?: Throttle;
  /** Connections for one file; `"auto"` goes by its length. Absent: 1. */
  segments?: number | "auto";
  /** How many bytes a connection of its own is worth. Default: 1 MiB. */
  segmentBytes?: number;
  /** Takes a further connection to the host of a url, if one is free. Absent: any number is, and no host is watched. */
  extraPlace?: (url: string) => ExtraPlace | undefined;
  /** What the downloads share that are held to a rate. */
  budgets: BudgetShare;
  /** Larger files are refused, in bytes; absent: none is too large. */
  maxSize?: number;
  /** Bring file, folder and manifest to the disk before a task is done. */
  fsync: boolean;
  /** What happens to a file that is there already: it stays, or is replaced always, or if the server has another one. */
  overwrite: "never" | "changed" | "always";
  /** Ask again, conditionally, for files that are done already. */
  refresh: boolean;
  /** Give files the time at which the server says that they were modified. */
  remoteTime: boolean;
  /**
   * Reserves another path for a task, before its first byte is written.
   *
   * @param task The task.
   * @param out The path.
   * @param fallbackOut The path if that belongs to another task.
   * @returns The path that it has now, which may be the old one; rejects if the claim is lost.
   */
  rename: (task: DownloadTask, out: string, fallbackOut?: string) => Promise<string>;
  /** Says which hosts may be asked; absent: all of them. */
  hosts?: HostVisits;
  /** Told that a host wants to be left alone until a time. */
  coolHost: (host: string, until: number) => void;
  /** Gets another url for a link that has expired; absent: nobody can. */
  renewLink?: RenewLink;
  /** Told of bytes as they come. */
  onBytes: (count: number) => void;
  /** Told how much there is of the file of a task over which an owner has died, that can be continued. Absent: nobody is. */
  reached?: (task: DownloadTask, bytes: number) => void;
  /** Where it is written down how far each file has come that is received piece by piece; absent: nowhere. */
  files?: Pick<FileRow, "begin">;
}

/** What no download needs to know: it decides when a task is claimed. */
type _NoFieldIsLost = NoField<Exclude<keyof TaskRequest, KeptField | keyof DownloadTask | "priority" | "notBefore">>;

/** The task as the core needs it: with all that is kept of what was asked for. */
export interface DownloadTask
  extends KeptRequest, Pick<ClaimedTask, "id" | "seq" | "url" | "out" | "named" | "attempts" | "core" | "fence"> {
  /** What the list knows of its file; absent if it was never done. */
  facts?: TaskDoneFacts;
  /** An owner died while it ran this task, or stopped it: something may be left of it. */
  begun?: true;
  /** The space that its file found the disk without; absent: it did not. */
  space?: SpaceWish;
  /** An owner died while it ran this task, since it has moved on last. */
  crashed?: true;
  /** What is there under its path is what that owner had finished: it is done, whatever `overwrite` says. */
  replayed?: true;
}
