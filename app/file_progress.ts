import type { RunningFile } from "../queue/task_shared_list.ts";

/** What follows from how far a file has come. */
export interface FileForecast {
  /** How much of it is there, in percent, rounded down; absent where nobody knows its size. */
  percent?: number;
  /** How long it will still take at its speed, in milliseconds; absent where that is not known. */
  etaMs?: number;
}

/** How far a running file has come. */
export interface FileProgress extends RunningFile, FileForecast {
  /** Its url, without secrets. */
  url: string;
  /** Where it goes, relative to the download folder. */
  out: string;
  /** The core that receives it. */
  core: number;
}

/** Says what share of a file is there, and when the rest will be. */
export function fileForecast({ bytes, size, speed }: Pick<RunningFile, "bytes" | "size" | "speed">): FileForecast {
  if (size === undefined || size === 0) return {};
  return {
    percent: Math.floor(bytes / size * 100),
    ...(speed > 0 ? { etaMs: Math.round((size - bytes) / speed * 1000) } : {}),
  };
}
