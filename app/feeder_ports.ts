import type { ClaimedTask, TaskOutcome } from "../queue/task_model.ts";
import type { ControlVerb, TaskSharedList } from "../queue/task_shared_list.ts";
import type { DroppedTask, RenameAnswer, WorkerTask } from "../workers/proc_messages.ts";
import type { ClaimGate } from "./claim_gate.ts";

/** What the feeder needs of the world. */
export interface FeederPorts {
  /** The list. */
  list: TaskSharedList;
  /** Who claims. */
  owner: string;
  /** The core of each worker. */
  cores: readonly number[];
  /** Says which hosts may be asked. */
  gate: ClaimGate;
  /** Hands tasks to a worker; one more than there are cores runs suspects, one at a time. */
  give: (worker: number, tasks: WorkerTask[]) => void;
  /** There are suspects: that worker is needed. Default: it is there. */
  suspects?: () => void;
  /** Gets a place for one more download than the workers have; resolves when it is there. Default: none is needed. */
  borrow?: () => Promise<void> | undefined;
  /** That place is not needed any more. */
  giveBack?: () => void;
  /** Tells a worker which paths its tasks have now. */
  renamed: (worker: number, answers: RenameAnswer[]) => void;
  /** A claim has ended, and is settled soon. */
  ended?: (task: ClaimedTask, outcome: TaskOutcome) => void;
  /** A claim was settled; `stale` if it was not ours any more. */
  settled: (task: ClaimedTask, outcome: TaskOutcome, stale: boolean) => void;
  /** Tells a worker which tasks are not its own any more, and the unfinished files of which of them are to be removed. */
  drop: (worker: number, seqs: number[], parts: DroppedTask[]) => void;
  /** Removes the unfinished file of a task that no worker has. */
  dropPart: (task: DroppedTask) => void;
  /** A user took a running task away. */
  ordered: (task: ClaimedTask, verb: ControlVerb) => void;
  /** The list failed for good. */
  failed: (error: unknown) => void;
}
