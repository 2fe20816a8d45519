import { goalFastest } from "./goal_fastest.ts";
import { scaledBytes, scaledFiles, type Workload } from "./workload.ts";

/** Small files, and one large one, over SFTP; 16 at a time, as servers take no more by default. */
export const sftp: Workload = {
  name: "sftp",
  about: "2,000 files of 10 KiB and 1 of 1 GiB over SFTP, from OpenSSH",
  tools: ["corehaul", "curl", "lftp", "sftp"],
  cases: (scale) => [
    { label: "sftp-small", files: scaledFiles(2_000, scale), size: 10 << 10, served: "sftp", concurrency: 16 },
    { label: "sftp-large", files: 1, size: scaledBytes(2 ** 30, scale), served: "sftp", concurrency: 16 },
  ],
  goals: goalFastest,
};
