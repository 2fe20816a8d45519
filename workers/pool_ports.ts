import type { HostPlace } from "../download/host_visits.ts";
import type { TaskOutcome } from "../queue/task_model.ts";
import type { HostGate } from "./host_gate.ts";
import type { DroppedTask, WorkerSettlement, WorkerTask } from "./proc_messages.ts";
import type { RunningTasks } from "./running_tasks.ts";

/** What the pool needs of the world. */
export interface PoolPorts {
  /** Runs one download, which has a place at a host and may move to another; never rejects. */
  download: (task: WorkerTask, place: HostPlace) => Promise<TaskOutcome>;
  /** Ends the download of a task, which runs; {@linkcode PoolPorts.download} then ends. */
  abort: (seq: number) => void;
  /** A download that was ended so is over. */
  ended: (seq: number) => void;
  /** Removes the unfinished file of a task that is not this worker's any more. Default: it stays. */
  dropPart?: (task: DroppedTask) => void;
  /** Asks for that many further tasks; fewer than none takes back what was asked for. */
  want: (count: number) => void;
  /** A place that it lends is free. Default: nobody needs to know. */
  lent?: () => void;
  /** Hands over outcomes. */
  settle: (settlements: WorkerSettlement[]) => void;
  /** Says which hosts may be asked. */
  gate: HostGate;
  /** Where it notes what runs. Default: nowhere. */
  running?: RunningTasks;
}
