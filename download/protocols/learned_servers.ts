/** So many servers are remembered; lists name a million. */
const LIMIT = 1000;

/** Remembers the servers that turned out to need something, by what a client said when it was not given. */
export class LearnedServers {
  readonly #says: RegExp;
  readonly #origins = new Set<string>();

  /** @param says What the error says, or a cause of it: the runtimes have no codes for that. */
  constructor(says: RegExp) {
    this.#says = says;
  }

  /** True if a server is known to be one. */
  has(origin: string): boolean {
    return this.#origins.has(origin);
  }

  /**
   * Looks at why a request failed.
   *
   * @param origin The server.
   * @param error What was thrown.
   * @returns True if the server is one of these.
   */
  learn(origin: string, error: unknown): boolean {
    if (!this.#isSaidBy(error)) return false;
    if (this.#origins.size >= LIMIT) this.#origins.clear();
    this.#origins.add(origin);
    return true;
  }

  #isSaidBy(error: unknown): boolean {
    if (!(error instanceof Error)) return false;
    return this.#says.test(error.message) || this.#isSaidBy(error.cause);
  }
}

/** For servers that speak HTTP/2 and nothing else: they refuse the handshake of whoever offers only HTTP/1.1. */
export function http2OnlyServers(): LearnedServers {
  return new LearnedServers(/alert: NoApplicationProtocol/);
}
