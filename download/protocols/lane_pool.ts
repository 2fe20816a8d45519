import type { LaneConnection } from "./lane_connection.ts";
import type { LaneHost } from "./lane_request.ts";

/** How long a connection may be idle. */
const IDLE_MS = 30_000;
/** How many connections may be idle, to all servers together. */
const IDLE_LIMIT = 256;
const LARGE = 256 * 1024;
const LARGE_KEPT = 32;

interface Shelf {
  readonly host: LaneHost;
  open: number;
  /** The one that was used last is at the end. */
  readonly idle: LaneConnection[];
}

/** The connections of a lane, and the large buffers that its bodies are read into. */
export class LanePool implements Disposable {
  readonly #idlePerHost: number;
  readonly #most: number;
  readonly #shelves = new Map<string, Shelf>();
  /** All that are idle; the one that has been so for longest is first. */
  readonly #idle = new Set<LaneConnection>();
  readonly #open = new Set<LaneConnection>();
  readonly #large: Uint8Array<ArrayBuffer>[] = [];
  #disposed = false;

  /**
   * @param idlePerHost How many connections to one server may be idle.
   * @param most How many may be open: of more, idle ones are closed. Default: any number.
   */
  constructor(idlePerHost: number, most = Infinity) {
    this.#idlePerHost = idlePerHost;
    this.#most = most;
  }

  /** True when no more connections are taken up. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** How many connections are open, idle or not. */
  get size(): number {
    return this.#open.size;
  }

  /** A server that there is a connection to, by its origin. */
  host(key: string): LaneHost | undefined {
    return this.#shelves.get(key)?.host;
  }

  /** An idle connection to an origin. */
  take(key: string): LaneConnection | undefined {
    this.#expire();
    const connection = this.#shelves.get(key)?.idle.pop();
    if (connection !== undefined) this.#idle.delete(connection);
    return connection;
  }

  /** Takes a new connection under care. */
  add(connection: LaneConnection): void {
    this.#open.add(connection);
    const { host } = connection;
    const shelf = this.#shelves.get(host.key);
    if (shelf === undefined) this.#shelves.set(host.key, { host, open: 1, idle: [] });
    else shelf.open++;
    connection.onClose = this.#onClose;
    connection.onStray = close;
    if (this.#open.size > this.#most) this.#oldest()?.close();
  }

  /** Takes a connection back that could serve again. */
  park(connection: LaneConnection): void {
    this.#expire();
    const shelf = this.#shelves.get(connection.host.key);
    if (this.#disposed || shelf === undefined || shelf.idle.length >= this.#idlePerHost) return connection.close();
    if (this.#idle.size >= IDLE_LIMIT) this.#oldest()?.close();
    connection.idleSince = performance.now();
    shelf.idle.push(connection);
    this.#idle.add(connection);
    connection.rest();
  }

  /** A buffer for a large body. */
  takeLarge(): Uint8Array<ArrayBuffer> {
    return this.#large.pop() ?? new Uint8Array(LARGE);
  }

  /** Gives a buffer of {@linkcode LanePool.takeLarge} back. */
  giveLarge(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#large.length < LARGE_KEPT) this.#large.push(buffer);
  }

  /** Closes all connections; downloads that use them fail. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const connection of this.#open) connection.close();
  }

  #oldest(): LaneConnection | undefined {
    for (const connection of this.#idle) return connection;
    return undefined;
  }

  /** There is no timer for this: what is idle costs nothing, and a server closes its end when it likes. */
  #expire(): void {
    if (this.#idle.size === 0) return;
    const since = performance.now() - IDLE_MS;
    for (const connection of this.#idle) {
      if (connection.idleSince > since) return;
      connection.close();
    }
  }

  readonly #onClose = (connection: LaneConnection): void => {
    this.#open.delete(connection);
    const { key } = connection.host;
    const shelf = this.#shelves.get(key);
    if (shelf === undefined) return;
    shelf.open--;
    if (this.#idle.delete(connection)) shelf.idle.splice(shelf.idle.indexOf(connection), 1);
    // Lists name a million servers; one that is done with leaves nothing behind.
    if (shelf.open === 0) this.#shelves.delete(key);
  };
}

function close(connection: LaneConnection): void {
  connection.close();
}
