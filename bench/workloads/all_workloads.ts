import { medium } from "./medium.ts";
import { memory } from "./memory.ts";
import { million } from "./million.ts";
import { small } from "./small.ts";
import type { Workload } from "./workload.ts";

/** Every workload, in the order of the report. */
export const allWorkloads: readonly Workload[] = [small, medium, memory, million];
