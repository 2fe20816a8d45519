import { aria2c } from "./aria2c.ts";
import { aria2cDefault } from "./aria2c_default.ts";
import { axel } from "./axel.ts";
import type { BenchTool } from "./bench_tool.ts";
import { corehaul } from "./corehaul.ts";
import { corehaulUnthrottled } from "./corehaul_unthrottled.ts";
import { corehaulUnpinned } from "./corehaul_unpinned.ts";
import { curl } from "./curl.ts";
import { denoFloor } from "./deno_floor.ts";
import { lftp } from "./lftp.ts";
import { original } from "./original.ts";
import { rclone } from "./rclone.ts";
import { sftp } from "./sftp.ts";
import { wget2 } from "./wget2.ts";

/** Every tool, in the order of the report. */
export const allTools: readonly BenchTool[] = [
  corehaul,
  corehaulUnthrottled,
  corehaulUnpinned,
  curl,
  wget2,
  aria2c,
  aria2cDefault,
  axel,
  rclone,
  lftp,
  sftp,
  original,
  denoFloor,
];
