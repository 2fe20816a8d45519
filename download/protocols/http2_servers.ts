/** So many servers are remembered; lists name a million. */
const LIMIT = 1000;

/** Remembers the servers that speak HTTP/2 and nothing else. */
export class Http2Servers {
  readonly #origins = new Set<string>();

  /** True if a server is known to be one. */
  has(origin: string): boolean {
    return this.#origins.has(origin);
  }

  /**
   * Looks at why a connection that offered only HTTP/1.1 did not come about.
   *
   * @param origin The server.
   * @param error What was thrown.
   * @returns True if the server is one of these.
   */
  learn(origin: string, error: unknown): boolean {
    if (!refusesProtocol(error)) return false;
    if (this.#origins.size >= LIMIT) this.#origins.clear();
    this.#origins.add(origin);
    return true;
  }
}

/** The runtimes have no code for it; `fetch` says it in the cause. */
function refusesProtocol(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.message.includes("alert: NoApplicationProtocol") || refusesProtocol(error.cause);
}
