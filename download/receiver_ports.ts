import type { DownloadContext, DownloadTask } from "./download_context.ts";

/** What a `Receiver` works for. */
export interface ReceiverPorts {
  /** The claimed task. */
  task: DownloadTask;
  /** Where its bytes come from: its url, or a mirror. */
  source: string;
  /** What the downloads of this worker share. */
  context: DownloadContext;
  /** When the attempt began. */
  startedAt: number;
  /** What the source stands for, if it is only another link to that. Default: the source. */
  identity?: string;
}
