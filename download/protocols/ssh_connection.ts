import { createHash } from "node:crypto";
import { createConnection } from "node:net";
// @ts-types="./ssh2_types.d.ts"
import ssh2, { type AuthenticationMethod, type ConnectConfig, type SFTPWrapper } from "ssh2";
import { DownloadError, networkError } from "../download_error.ts";
import { signableKey } from "./ecdsa_key.ts";
import { knownName, knownServer } from "./known_hosts.ts";
import { knownLookup } from "./known_lookup.ts";
import type { SshAccess, SshPorts } from "./ssh_access.ts";

/** The runtime has these natively; in this order they cost the least here. */
const CIPHERS = ["aes128-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"] as const;
const MACS = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
] as const;
/** The signatures that go with a type of key; SHA-1 is not among them. */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = { "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"] };
const HOST_KEYS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "rsa-sha2-512",
  "rsa-sha2-256",
] as const;

/** A server that does not answer three of these in a row is gone, whatever the network says. */
const KEEPALIVE_MS = 5000;

/** What an {@linkcode SshConnection} is opened for. */
export interface SshTarget {
  /** The server, as errors and host limits name it. */
  host: string;
  /** How to reach it. */
  access: SshAccess;
  /** The password, if there is one. */
  password?: string | undefined;
}

/** One connection to one account, with an SFTP session that all downloads of it share. */
export class SshConnection {
  /** The session. */
  readonly sftp: SFTPWrapper;
  /** How many files are being read over it. */
  readers = 0;
  readonly #client: InstanceType<typeof ssh2.Client>;
  #closed = false;
  #failure: DownloadError | undefined;
  /** Those who want to know when it is lost. A promise would keep what each of a million files once waited for. */
  readonly #watchers = new Set<(error: DownloadError) => void>();

  private constructor(client: InstanceType<typeof ssh2.Client>, sftp: SFTPWrapper, host: string) {
    this.#client = client;
    this.sftp = sftp;
    const gone = (error: Error = new Error("the server has ended the connection")) => {
      this.#closed = true;
      if (this.#failure !== undefined) return;
      const failure = this.#failure = networkError(error, `sftp://${host}/`);
      for (const tell of [...this.#watchers]) tell(failure);
      this.#watchers.clear();
    };
    // Each of these comes at another moment, and from the first of them on nobody gets an answer any more.
    client.on("error", gone).on("end", () => gone()).on("close", () => gone());
    const ended = () => {
      gone();
      this.close();
    };
    sftp.on("end", ended).on("close", ended);
  }

  /**
   * Connects, checks who the server is, and logs in.
   *
   * @param target Where to.
   * @param addresses The addresses of the server; at least one.
   * @param trust Keeps the key of a server that was not known.
   * @param signal Gives up; the reason is thrown.
   * @throws {DownloadError} `security` if the server is not who it was, or not known; `auth` if it does not let us in.
   */
  static async open(
    target: SshTarget,
    addresses: readonly string[],
    trust: SshPorts["trust"],
    signal: AbortSignal,
  ): Promise<SshConnection> {
    signal.throwIfAborted();
    const client = new ssh2.Client();
    const { promise, resolve, reject } = Promise.withResolvers<SFTPWrapper>();
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      const { config, learned, refusal } = configOf(target);
      client.on("error", (error) => reject(refusal() ?? sshError(error, target)));
      const lost = networkError(new Error("the server has ended the connection"), `sftp://${target.host}/`);
      let closed = false;
      const lose = () => {
        closed = true;
        reject(lost);
      };
      client.on("end", lose).on("close", lose);
      client.on("ready", () =>
        client.sftp((error, sftp) => {
          if (error) return reject(sshError(error, target));
          sftp.on("end", lose).on("close", lose);
          resolve(sftp);
        }));
      const { hostname: host, port } = target.access;
      const sock = createConnection({ host, port, lookup: knownLookup(addresses) });
      client.connect({ ...config, sock });
      const sftp = await promise;
      // Each question waits for its answer: together with delayed acknowledgements that would cost 40 ms.
      client.setNoDelay(true);
      const line = learned();
      const problem = line === undefined ? undefined : await trust(line);
      if (problem !== undefined) throw new DownloadError("disk", `${target.host}: ${problem}`, { retryable: false });
      if (closed) throw lost;
      client.removeAllListeners("error").removeAllListeners("end").removeAllListeners("close");
      return new SshConnection(client, sftp, target.host);
    } catch (error) {
      client.on("error", () => {});
      client.destroy();
      if (error instanceof DownloadError || signal.aborted) throw error;
      throw sshError(error, target);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** True if it cannot be used any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Tells when the connection is lost.
   *
   * @param tell Called once, at once if it is lost already.
   * @returns Ends that.
   */
  watch(tell: (error: DownloadError) => void): () => void {
    if (this.#failure !== undefined) tell(this.#failure);
    else this.#watchers.add(tell);
    return () => void this.#watchers.delete(tell);
  }

  /** Ends it, and all that runs over it. */
  close(): void {
    this.#closed = true;
    this.#client.destroy();
  }
}

/** What `ssh2` is told, and what was learned of the server on the way. */
function configOf({ host, access, password }: SshTarget): {
  config: Omit<ConnectConfig, "sock">;
  learned: () => string | undefined;
  refusal: () => DownloadError | undefined;
} {
  const { hostname, port, user, keys, agent, knownHosts, acceptNew, hostKeyAlias } = access;
  const [keyHost, keyPort] = hostKeyAlias === undefined ? [hostname, port] : [hostKeyAlias, 22];
  const known = knownServer(knownHosts, keyHost, keyPort);
  const signatures = known.types.flatMap((type) => SIGNATURES[type] ?? [type]);
  const serverHostKey = HOST_KEYS.filter((type) => signatures.length === 0 || signatures.includes(type));
  if (serverHostKey.length === 0) {
    throw new DownloadError(
      "security",
      `${host}: the host keys that are known for it (${known.types.join(", ")}) cannot be used here`,
      { retryable: false },
    );
  }
  let line: string | undefined;
  let refused: DownloadError | undefined;
  const config: Omit<ConnectConfig, "sock"> = {
    username: user,
    // Silence is for the attempt's own watch to judge.
    readyTimeout: 0,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: 3,
    algorithms: { cipher: [...CIPHERS], hmac: [...MACS], serverHostKey },
    hostVerifier: (key: Uint8Array) => {
      const shown = base64(key);
      const verdict = known.judge(shown);
      if (verdict === "known") return true;
      if (verdict === "unknown" && acceptNew) {
        line = `${knownName(keyHost, keyPort)} ${keyType(key)} ${shown}`;
        return true;
      }
      const print = `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
      const why = verdict === "unknown"
        ? `its host key is not known (${keyType(key)} ${print}); see --ssh-known-hosts and --ssh-accept-new`
        : verdict === "changed"
        ? `its host key is not the one that is known: somebody may be in between (${keyType(key)} ${print})`
        : `its host key is revoked (${print})`;
      refused = new DownloadError("security", `${host}: refused, as ${why}`, { retryable: false });
      return false;
    },
    authHandler: waysIn(user, keys, agent, password),
  };
  return { config, learned: () => line, refusal: () => refused };
}

/** How to be let in, in the order of trying. */
function waysIn(
  username: string,
  keys: readonly string[],
  agent: string | undefined,
  password: string | undefined,
): AuthenticationMethod[] {
  const ways: AuthenticationMethod[] = [];
  if (agent !== undefined) ways.push({ type: "agent", username, agent });
  for (const text of keys) {
    const key = signableKey(text);
    if (key !== undefined) ways.push({ type: "publickey", username, key });
  }
  if (password !== undefined) {
    ways.push({ type: "password", username, password }, {
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
    });
  }
  // A server that lets everybody in says so when it is asked without anything.
  ways.push({ type: "none", username });
  return ways;
}

function sshError(error: unknown, { host, access: { keyNotes = [] } }: SshTarget): DownloadError {
  const { message = String(error), level } = error as { message?: string; level?: string };
  if (level === "client-authentication") {
    const why = keyNotes.length === 0 ? "" : ` (${keyNotes.join("; ")})`;
    return new DownloadError("auth", `${host}: it does not let this user in${why}`, { cause: error, retryable: false });
  }
  if (/no matching|handshake failed/i.test(message)) {
    return new DownloadError("protocol", `${host}: ${message}`, { cause: error, retryable: false });
  }
  return networkError(error, `sftp://${host}/`);
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** A key begins with the name of its type. */
function keyType(key: Uint8Array): string {
  const length = new DataView(key.buffer, key.byteOffset).getUint32(0);
  return new TextDecoder().decode(key.subarray(4, 4 + length));
}
