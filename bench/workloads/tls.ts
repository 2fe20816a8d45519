import { goalFastest } from "./goal_fastest.ts";
import { scaledFiles, type Workload } from "./workload.ts";

/** Files over TLS, where the server offers HTTP/2. */
export const tls: Workload = {
  name: "tls",
  about: "5,000 files of 10 KiB over TLS, from a server that speaks HTTP/2",
  cases: (scale) => [
    { label: "tls", files: scaledFiles(5_000, scale), size: 10 << 10, served: "tls" },
  ],
  goals: goalFastest,
};
