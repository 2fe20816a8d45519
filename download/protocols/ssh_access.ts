/** What a url says of an SSH server. */
export interface SshQuestion {
  /** The name in the url: a host, or an alias of the user's `ssh_config`. */
  alias: string;
  /** The port in the url; absent: none. */
  port?: number;
  /** The user name in the url; absent: none. */
  user?: string;
}

/** How to reach an SSH server, and whom to be: what the user's files say, so that who connects need not read them. */
export interface SshAccess {
  /** The host to connect to. */
  hostname: string;
  /** The port. */
  port: number;
  /** Who asks. */
  user: string;
  /** Private keys, PEM, in the order of trying. */
  keys: readonly string[];
  /** What is to be said of keys that cannot be used, or that are not there. Default: nothing. */
  keyNotes?: readonly string[];
  /** The socket of the agent; absent: there is none. */
  agent?: string;
  /** The text of all known_hosts files. */
  knownHosts: string;
  /** Take the key of a server that is not known, and keep it; a changed key is refused all the same. */
  acceptNew: boolean;
  /** The name under which the key of the server is known, without a port. Default: its host and port. */
  hostKeyAlias?: string;
}

/** The answer to a {@linkcode SshQuestion}: the access, or why there is none. */
export type SshAnswer = { type: "access"; access: SshAccess } | { type: "problem"; message: string };

/** What the SFTP driver asks of those who may read the user's files. */
export interface SshPorts {
  /** Tells how to reach a server. */
  access(question: SshQuestion): Promise<SshAnswer>;
  /**
   * Keeps the key of a server.
   *
   * @param line A line for a known_hosts file.
   * @returns What went wrong; undefined: nothing.
   */
  trust(line: string): Promise<string | undefined>;
}
