import type { HttpServed } from "./nginx.ts";

/** How files are served: by nginx in one of its ways, by vsftpd or by OpenSSH. */
export type Served = HttpServed | "ftp" | "sftp";

/** Whether nginx serves it; the default is its plain way. */
export function isHttp(served: Served = "plain"): served is HttpServed {
  return served !== "ftp" && served !== "sftp";
}

/** Where files are served in each way: the start of every URL, without a slash at its end; empty if they are not. */
export type ServerUrls = Readonly<Record<Served, string>>;

/** Files with what SSH needs. */
export interface SshFiles {
  /** The private key; the public one is beside it, with `.pub`. */
  readonly key: string;
  /** The host key of the server. */
  readonly knownHosts: string;
}
