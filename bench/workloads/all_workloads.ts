import { ftp } from "./ftp.ts";
import { large } from "./large.ts";
import { latency } from "./latency.ts";
import { medium } from "./medium.ts";
import { memory } from "./memory.ts";
import { million } from "./million.ts";
import { mixed } from "./mixed.ts";
import { sftp } from "./sftp.ts";
import { small } from "./small.ts";
import { throttled } from "./throttled.ts";
import { tls } from "./tls.ts";
import type { Workload } from "./workload.ts";

/** Every workload, in the order of the report. */
export const allWorkloads: readonly Workload[] = [
  small,
  medium,
  large,
  mixed,
  latency,
  throttled,
  tls,
  ftp,
  sftp,
  memory,
  million,
];
