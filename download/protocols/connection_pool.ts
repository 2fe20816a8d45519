import { HostBusyError } from "../host_visits.ts";

/** A connection that carries one download at a time. */
export interface PooledConnection {
  /** True if it cannot be used any more. */
  readonly closed: boolean;
  /** Ends it. */
  close(): void;
}

/** How long a connection may be idle. */
const IDLE_MS = 30_000;
/** How long a download waits here for another one to end; then it goes back to the list for a while. */
const PATIENCE_MS = 2000;
/** For how long a server is believed that it takes no more connections. */
const LIMIT_MS = 60_000;

/** The connections to one account of one server, used one after the other. Keeps to how many the server allows. */
class Shelf<T extends PooledConnection> {
  readonly idle: { connection: T; timer: ReturnType<typeof setTimeout> }[] = [];
  /** Called with a connection, or when there is room for another one. */
  readonly waiting = new Set<(connection?: T) => void>();
  /** How many are open or being made. */
  open = 0;
  limit = Infinity;
  limitedUntil = 0;
}

/**
 * The open connections of one protocol. One that is given back serves the next download to the same account. A server that
 * refuses a further connection while others are open has said how many it allows: downloads then wait for one of those.
 */
export class ConnectionPool<T extends PooledConnection> implements Disposable {
  readonly #isFull: (error: unknown) => boolean;
  readonly #shelves = new Map<string, Shelf<T>>();
  readonly #taken = new Map<T, string>();
  #disposed = false;

  /** @param isFull True if an error says that the server wants no further connection now. */
  constructor(isFull: (error: unknown) => boolean) {
    this.#isFull = isFull;
  }

  /**
   * Takes a connection: an idle one, or a new one.
   *
   * @param key Stands for server and account.
   * @param host Who is asked, for errors.
   * @param connect Makes a connection.
   * @param signal Gives up; the reason is thrown.
   * @returns The connection, and whether it was used before; give it back with {@linkcode ConnectionPool.give}.
   * @throws {HostBusyError} If the server allows no further one, and none becomes free soon.
   */
  async take(
    key: string,
    host: string,
    connect: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ connection: T; used: boolean }> {
    const shelf = this.#shelfOf(key);
    while (true) {
      signal.throwIfAborted();
      const idle = this.#takeIdle(shelf);
      if (idle !== undefined) return this.#hand(key, idle, true);
      if (shelf.open < shelf.limit || performance.now() > shelf.limitedUntil) {
        shelf.open++;
        try {
          return this.#hand(key, await connect(signal), false);
        } catch (error) {
          shelf.open--;
          if (!this.#isFull(error) || shelf.open === 0) throw error;
          shelf.limit = shelf.open;
          shelf.limitedUntil = performance.now() + LIMIT_MS;
        }
      }
      const given = await this.#wait(shelf, host, signal);
      if (given !== undefined) return this.#hand(key, given, true);
    }
  }

  /** Gives a connection back; one that cannot be used again must be closed before. */
  give(connection: T): void {
    const key = this.#taken.get(connection);
    if (key === undefined) return;
    const shelf = this.#shelfOf(key);
    const [first] = shelf.waiting;
    if (this.#disposed) connection.close();
    if (connection.closed) {
      this.#taken.delete(connection);
      shelf.open--;
      return first?.();
    }
    if (first !== undefined) return first(connection);
    this.#taken.delete(connection);
    const timer = setTimeout(() => {
      shelf.idle.splice(shelf.idle.findIndex((one) => one.connection === connection), 1);
      shelf.open--;
      connection.close();
    }, IDLE_MS);
    shelf.idle.push({ connection, timer });
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const shelf of this.#shelves.values()) {
      for (const { connection, timer } of shelf.idle.splice(0)) {
        clearTimeout(timer);
        shelf.open--;
        connection.close();
      }
    }
    for (const connection of this.#taken.keys()) connection.close();
  }

  #shelfOf(key: string): Shelf<T> {
    const shelf = this.#shelves.get(key) ?? new Shelf<T>();
    this.#shelves.set(key, shelf);
    return shelf;
  }

  #hand(key: string, connection: T, used: boolean): { connection: T; used: boolean } {
    this.#taken.set(connection, key);
    return { connection, used };
  }

  /** The one that was used last; those that the server has closed meanwhile are forgotten. */
  #takeIdle(shelf: Shelf<T>): T | undefined {
    for (let one = shelf.idle.pop(); one !== undefined; one = shelf.idle.pop()) {
      clearTimeout(one.timer);
      if (!one.connection.closed) return one.connection;
      shelf.open--;
    }
    return undefined;
  }

  /** Waits until a connection is given back, or until there is room for another one. */
  #wait(shelf: Shelf<T>, host: string, signal: AbortSignal): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    const settle = (end: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      shelf.waiting.delete(given);
      end();
    };
    const given = (connection?: T) => settle(() => resolve(connection));
    const abort = () => settle(() => reject(signal.reason));
    const busy = () => settle(() => reject(new HostBusyError(host, Date.now() + PATIENCE_MS)));
    const timer = setTimeout(busy, PATIENCE_MS);
    signal.addEventListener("abort", abort);
    shelf.waiting.add(given);
    return promise;
  }
}
