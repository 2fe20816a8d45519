import type { RedisAddress } from "../config/redis_address.ts";

/** How the certificates of a connection are checked and shown, each in PEM. */
export interface RedisTls {
  /** Who may have signed the server's certificate. Default: whom the system trusts. */
  ca?: string;
  /** The client's certificate. */
  cert?: string;
  /** Its key. */
  key?: string;
}

/** An open connection to Redis. */
export interface RedisConnection {
  /** Sends a command whose first key is named, for a cluster. */
  send(key: string, args: string[]): Promise<unknown>;
  /** Listens to a channel, as long as the connection is open. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  /** Ends it at once; what is under way fails. */
  destroy(): void;
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Connects to Redis, once: whoever wants more tries again. The client is loaded only here.
 *
 * @param address Where it is.
 * @param tls The certificates, for encrypted connections.
 * @throws If there is no answer, or a refusal.
 */
export async function connectRedis(address: RedisAddress, tls: RedisTls = {}): Promise<RedisConnection> {
  const redis = await import("@redis/client");
  const { kind, nodes, username, password, database } = address;
  const socket = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectStrategy: false as const,
    ...(address.tls ? { tls: true as const, ...tls } : {}),
  };
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  if (kind === "server") {
    const [{ host, port }] = nodes as [{ host: string; port: number }];
    const client = redis.createClient({
      ...login,
      database,
      disableOfflineQueue: true,
      // The name of a server may not be an address: a certificate for that is found by the host.
      socket: { ...socket, host, port, ...(address.tls && !isAddress(host) ? { servername: host } : {}) },
    });
    return await opened(client, (_key, args) => client.sendCommand(args));
  }
  if (kind === "sentinel") {
    const sentinel = redis.createSentinel({
      name: address.group!,
      sentinelRootNodes: [...nodes],
      nodeClientOptions: { ...login, database, socket },
      sentinelClientOptions: { socket },
    });
    return await opened(sentinel, (_key, args) => sentinel.sendCommand(false, args));
  }
  const cluster = redis.createCluster({
    rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })),
    defaults: { ...login, socket },
  });
  return await opened(cluster, (key, args) => cluster.sendCommand(key, false, args));
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+(?:\.\d+){3}$/.test(host);
}

/** What the three kinds of clients have in common. */
interface Client {
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void | Promise<void>;
  subscribe(channel: string, listener: (message: string) => unknown): Promise<unknown>;
}

async function opened(client: Client, send: RedisConnection["send"]): Promise<RedisConnection> {
  // Every error also comes to whoever waits for an answer; the event only has to have a listener.
  let latest: unknown;
  client.on("error", (error) => latest = error);
  const destroy = () => {
    try {
      void Promise.resolve(client.destroy()).catch(() => {});
    } catch {
      // It is closed already.
    }
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(latest ?? new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)),
        CONNECT_TIMEOUT_MS,
      );
    });
    await Promise.race([client.connect(), late]);
  } catch (error) {
    destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return {
    send,
    destroy,
    subscribe: async (channel, listener) => void await client.subscribe(channel, listener),
  };
}
