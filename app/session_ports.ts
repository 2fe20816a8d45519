import type { SharedCounters } from "../base/shared_counters.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { HostTable } from "../download/host_table.ts";
import type { HttpIdentity } from "../download/http_identity.ts";
import type { RateLimiter } from "../download/rate_limiter.ts";
import type { TaskOutcome } from "../queue/task_model.ts";
import type { TaskSharedList } from "../queue/task_shared_list.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import type { LoadSampler } from "./load_sampler.ts";
import type { SettledTask } from "./outcome_news.ts";
import type { ThreadPermissions } from "./proc_thread.ts";
import type { WorkerAnswers } from "./worker_answers.ts";

/** What a session works with. */
export interface SessionPorts {
  /** The task list. */
  list: TaskSharedList;
  /** The settings. */
  settings: CfgSettings;
  /** Who asks over HTTP. */
  identity: HttpIdentity;
  /** The download folder, resolved by the system. */
  root: string;
  /** When that could be written, in milliseconds since the epoch, by the clock of its disk. Default: at no known time. */
  writableAt?: number;
  /** Nothing was in it when this process began. */
  fresh: boolean;
  /** What all workers know of the hosts. */
  hosts: HostTable;
  /** What all workers share of the bandwidth; absent: there is no limit. */
  rate?: RateLimiter;
  /** The core of each worker. */
  cores: readonly number[];
  /** The C library to pin with. */
  library: string | undefined;
  /** What workers may do. */
  permissions: ThreadPermissions;
  /** Drivers of the user may do next to nothing. */
  restricted: boolean;
  /** Further connections of each worker, for files in several segments. */
  extraConnections: number;
  /** The workers' counters. */
  counters: SharedCounters;
  /** Who writes the load into the counters. */
  sampler: LoadSampler;
  /** Answers what workers ask. */
  answers: WorkerAnswers;
  /** The module that a worker runs. Default: the download worker. */
  entry?: URL;
  /** When a worker that has died is started again, in milliseconds; later each time that it dies soon. Default 500. */
  restartMs?: number;
  /** Told of everything that happens. */
  news: (news: DownloaderNews) => void;
  /** Told of every settled claim. */
  settled: (task: SettledTask, outcome: TaskOutcome) => void;
}
