/**
 * Corehaul downloads long lists of files as fast as the machine allows, and never loses or corrupts one. Worker threads
 * are pinned to the cores and share one durable list of tasks; each task is taken by an atomic check-and-set.
 *
 * Importing this module does nothing. Run as the main module it is the command line: `deno run -A jsr:@corehaul/corehaul`.
 *
 * @example
 * ```ts ignore
 * import { Downloader } from "jsr:@corehaul/corehaul";
 *
 * await using downloader = await Downloader.open({ directory: "photos" });
 * await downloader.add(["https://example.org/a.jpg"]);
 * await downloader.run({ once: true });
 * ```
 *
 * @module
 */
export type {
  ProtocolDriver,
  ProtocolEntry,
  ProtocolFile,
  ProtocolRequest,
} from "./download/protocols/protocol_driver.ts";
export { addEntries, type AddEntriesOptions } from "./app/add_entries.ts";
export { Downloader } from "./app/downloader.ts";
export type { RunOptions, RunSummary } from "./app/run_summary.ts";
export type { SchemeProgress } from "./app/scheme_counts.ts";
export type { DownloaderEvent, DownloaderNews } from "./app/downloader_event.ts";
export type { DownloaderOptions } from "./app/downloader_options.ts";
export type { CoreProgress, DownloaderProgress } from "./app/downloader_progress.ts";
export { type FileForecast, fileForecast, type FileProgress } from "./app/file_progress.ts";
export { type ListProgress, workOfOwner } from "./app/list_progress.ts";
export { addWork, type WorkDone, type WorkProgress, workProgress } from "./app/work_progress.ts";
export {
  type CollectedRecord,
  type CollectedTwin,
  collectManifests,
  type CollectOptions,
} from "./app/collect_manifests.ts";
export { brokenText } from "./app/broken_text.ts";
export { compactTaskList, type RemainsReason } from "./app/compact_task_list.ts";
export { doctor, type DoctorFinding, type DoctorOptions } from "./app/doctor.ts";
export { taskListExists } from "./app/open_task_list.ts";
export { openTaskList, type OpenTaskListOptions } from "./app/open_task_list.ts";
export { taskListOptions, type TaskListSettings } from "./app/task_list_options.ts";
export type { Lagged } from "./base/broadcast.ts";
export type { ErrorRecord } from "./base/error_record.ts";
export type { Logger } from "./base/logger.ts";
export { CfgError, type CfgProblem } from "./config/cfg_error.ts";
export { ChecksumCount, checksumCountText } from "./app/checksum_count.ts";
export { type ChecksumSettings, readChecksums } from "./app/read_checksums.ts";
export { readChecksumFile, type ReadChecksumFileOptions } from "./app/read_checksum_file.ts";
export { type ManifestRecord, readManifest } from "./app/read_manifest.ts";
export { checkTaskFile, type CheckTaskFileOptions, type FileFinding, type FileSummary } from "./app/check_task_file.ts";
export { ignoredFields } from "./app/ignored_fields.ts";
export { findMissing } from "./app/find_missing.ts";
export { type PartsLeft, PartsOfMoved, type PartsSum } from "./app/parts_left.ts";
export {
  type CleanedPart,
  type CleanedParts,
  cleanParts,
  type CleanPartsOptions,
  type SparedParts,
} from "./app/clean_parts.ts";
export { type AppendedFile, openToAppend, OutputFile, type OutputFileOptions } from "./app/output_file.ts";
export { saveFailed, type SaveFailedOptions } from "./app/save_failed.ts";
export { redactUrl } from "./base/redact_url.ts";
export { hideAddresses } from "./base/show_address.ts";
export { sizeText } from "./base/size_text.ts";
export type { TaskFileColumns, TaskFileRules } from "./queue/column_map.ts";
export { readTaskFile, type ReadTaskFileOptions, type TaskFileEntry } from "./app/read_task_file.ts";
export {
  type ManifestFinding,
  type ManifestState,
  verifyManifest,
  type VerifyOptions,
  type VerifyProgress,
} from "./app/verify_manifest.ts";
export { type NameTemplate, parseNameTemplate } from "./download/name_template.ts";
export { type Checksum, type ChecksumAlgorithm, parseChecksum, type ParsedChecksum } from "./download/checksum.ts";
export { QueueUnavailableError } from "./queue/queue_unavailable_error.ts";
export { checkTaskFiles } from "./app/prepare_folder.ts";
export { TaskFileError } from "./queue/task_file_error.ts";
export type { TaskEntry, TaskRequest } from "./queue/task_request.ts";
export type {
  ClaimedTask,
  SpaceWish,
  Task,
  TaskAttempt,
  TaskDoneFacts,
  TaskError,
  TaskErrorKind,
  TaskOutcome,
  TaskStatus,
  TaskUserMove,
} from "./queue/task_model.ts";
export type { TaskNote } from "./queue/task_death.ts";
export { hostSilentSince, silentHosts } from "./queue/host_silent_since.ts";
export { redactTask } from "./queue/redact_task.ts";
export { controlledStatuses } from "./queue/task_control_moves.ts";
export { parseTaskFilter } from "./queue/task_filter.ts";
export type { ParsedFilter, TaskFilter } from "./queue/task_filter.ts";
export type {
  AddResult,
  BrokenRecords,
  ClaimRequest,
  ControlRequest,
  ControlResult,
  ControlVerb,
  FleetHosts,
  HostRoom,
  ListRequest,
  NoteRequest,
  NoteResult,
  OpenFiles,
  OwnerInfo,
  OwnerState,
  OwnerVerdict,
  OwnerVitals,
  RenameRequest,
  RenameResult,
  RunningFile,
  Settlement,
  SettleResult,
  SilentHosts,
  SyncRequest,
  SyncResult,
  TaskCounts,
  TaskDraft,
  TaskOrder,
  TaskPage,
  TaskSharedList,
} from "./queue/task_shared_list.ts";

// A static or awaited import would wait for itself: cli.ts imports this module.
if (import.meta.main) import("./cli.ts").then((cli) => cli.main());
