// @ts-types="./ssh2_types.d.ts"
import type { Stats } from "ssh2";
import type { DownloadDriver, DriverRequest, DriverResponse, ListedFile, ListRequest } from "../download_driver.ts";
import { parseUrl } from "../../base/parse_url.ts";
import { DownloadError } from "../download_error.ts";
import { HostAddresses } from "../host_addresses.ts";
import type { HttpIdentity } from "../http_identity.ts";
import { readNetrc } from "../netrc.ts";
import { FileChangedError } from "../segments.ts";
import { BodyResponse } from "./body_response.ts";
import { datedFacts, type DatedVersion } from "./dated_file.ts";
import { decodePart } from "./decode_part.ts";
import { SftpFile } from "./sftp_file.ts";
import type { SshAnswer, SshPorts } from "./ssh_access.ts";
import { SshConnection, type SshTarget } from "./ssh_connection.ts";
import { walkFolder } from "./walk_folder.ts";

/** Who asks, beside what the files of SSH say. */
export type SftpIdentity = Pick<HttpIdentity, "netrc" | "proxy" | "denyPrivate" | "allowPrivate">;

/** What there is of a request or of a listing. */
type Asking = Pick<DriverRequest, "signal" | "watch">;

/** How long a connection may be idle. */
const IDLE_MS = 30_000;

/** A connection, and who uses it. */
interface Shared {
  opening: Promise<SshConnection>;
  users: number;
  timer?: ReturnType<typeof setTimeout>;
  ending: AbortController;
}

/**
 * Fetches over SFTP. All downloads of a worker from one account share one connection, and each has several reads in
 * flight. Size and date are what tells versions apart; both are looked at again behind the last byte.
 */
export class SftpDriver implements DownloadDriver {
  readonly schemes = ["sftp:"];
  readonly #identity: SftpIdentity;
  readonly #ports: SshPorts;
  readonly #hosts: HostAddresses;
  readonly #credentialsOf: ReturnType<typeof readNetrc>;
  readonly #connections = new Map<string, Shared>();
  /** What the user's files say, until a connection does not come about with it. */
  readonly #accesses = new Map<string, Promise<SshAnswer>>();

  /**
   * @param identity Who asks.
   * @param ports Those who may read the user's files.
   * @param hosts Where hosts are. Default: where the system finds them.
   */
  constructor(identity: SftpIdentity, ports: SshPorts, hosts: HostAddresses = new HostAddresses(identity)) {
    this.#identity = identity;
    this.#ports = ports;
    this.#hosts = hosts;
    this.#credentialsOf = identity.netrc === undefined ? () => undefined : readNetrc(identity.netrc);
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    const { url, range, condition, visit } = request;
    const { key, target, path } = await this.#targetOf(url);
    const entering = visit?.(target.host);
    if (entering !== undefined) await entering;
    const { file, answer: { stats, version }, letGo } = await this.#begin(key, target, request, async (file) => {
      await file.open(path);
      const stats = await file.stat();
      return { stats, version: await versionOf(file, stats, target.host) };
    });
    try {
      const facts = datedFacts(target.host, version, { url, ...(range && { range }), ...(condition && { condition }) });
      return new BodyResponse(facts, async (sink, room) => {
        await file.read(facts.offset, facts.end ?? version.length, sink, room);
        const { size, mtime } = await file.stat();
        if (size !== stats.size || mtime !== stats.mtime) throw new FileChangedError(target.host);
      }, letGo);
    } catch (error) {
      letGo();
      throw error;
    }
  }

  async *list(request: ListRequest): AsyncGenerator<ListedFile> {
    const { url } = request;
    const { key, target, path } = await this.#targetOf(url);
    const top = path === "" ? "./" : path;
    const { file: folder, answer: first, letGo } = await this.#begin(
      key,
      target,
      request,
      (folder) => folder.list(top),
    );
    try {
      yield* walkFolder(
        url,
        async (below) =>
          (below === "" ? first : await folder.list(`${top}${below}`)).map(({ filename: name, attrs }) => ({
            name,
            isDirectory: attrs.isDirectory(),
            isFile: attrs.isFile(),
          })),
      );
    } finally {
      letGo();
    }
  }

  [Symbol.dispose](): void {
    for (const shared of this.#connections.values()) {
      clearTimeout(shared.timer);
      shared.ending.abort(new Error("the driver is at its end"));
      shared.opening.then((connection) => connection.close(), () => {});
    }
    this.#connections.clear();
  }

  async #targetOf(url: string): Promise<{ key: string; target: SshTarget; path: string }> {
    const { hostname: name, port, host, username, password: secret, pathname } = parseUrl(url)!;
    const alias = decodePart(name.replace(/^\[(.*)\]$/, "$1"), "host");
    if (this.#identity.proxy !== undefined) {
      throw new DownloadError("unsupported", `${host}: SFTP does not go through --proxy`);
    }
    const given = decodePart(username, "user name");
    const known = this.#credentialsOf(alias, given === "" ? undefined : given);
    const user = given || known?.login;
    const question = {
      alias,
      ...(port === "" ? {} : { port: Number(port) }),
      ...(user === undefined || user === "" ? {} : { user }),
    };
    const asked = JSON.stringify(question);
    const asking = this.#accesses.get(asked) ?? this.#ports.access(question);
    this.#accesses.set(asked, asking);
    const answer = await asking;
    if (answer.type === "problem") {
      this.#accesses.delete(asked);
      throw new DownloadError("unsupported", `${host}: ${answer.message}`);
    }
    const { access } = answer;
    const password = secret === "" ? known?.password : decodePart(secret, "password");
    // As curl does: a path that begins with /~/ counts from the home folder.
    const path = decodePart(pathname, "path").replace(/^\/~\//, "");
    const key = JSON.stringify([alias, access.hostname, access.port, access.user, password]);
    return { key, target: { host: host || alias, access, password }, path };
  }

  /**
   * Asks the first question. A connection that was idle may be lost without a sign of it, and then the first question is
   * what shows that: it is asked once more, over a new connection.
   */
  async #begin<T>(
    key: string,
    target: SshTarget,
    request: Asking,
    ask: (file: SftpFile) => Promise<T>,
  ): Promise<{ file: SftpFile; answer: T; letGo: () => void }> {
    const { signal } = request;
    for (let again = false;; again = true) {
      const { connection, shared, isNew } = await this.#take(key, target, request);
      const file = new SftpFile(connection, target.host, signal);
      const letGo = () => this.#letGo(key, shared, file, signal);
      try {
        return { file, answer: await ask(file), letGo };
      } catch (error) {
        letGo();
        if (again || isNew || !connection.closed || signal.aborted) throw error;
      }
    }
  }

  /** The connection to an account: the one that there is, or a new one. */
  async #take(
    key: string,
    target: SshTarget,
    { signal, watch }: Asking,
  ): Promise<{ connection: SshConnection; shared: Shared; isNew: boolean }> {
    let shared = this.#connections.get(key);
    let addresses: readonly string[] | undefined;
    if (shared === undefined) {
      addresses = await this.#hosts.addressesOf({ ...target.access, signal, watch });
      // Somebody else may have waited for them, too.
      shared = this.#connections.get(key);
    }
    const isNew = shared === undefined;
    if (shared === undefined) {
      const ending = new AbortController();
      const trust = (line: string) => this.#ports.trust(line);
      const opening = SshConnection.open(target, addresses!, trust, ending.signal);
      shared = { opening, users: 0, ending };
      const mine = shared;
      this.#connections.set(key, shared);
      const forget = () => {
        clearTimeout(mine.timer);
        if (this.#connections.get(key) !== mine) return;
        this.#connections.delete(key);
        this.#accesses.clear();
      };
      opening.then((connection) => void connection.watch(forget), () => {
        this.#hosts.names.doubt(target.access.hostname);
        forget();
      });
    }
    clearTimeout(shared.timer);
    shared.users++;
    const abort = Promise.withResolvers<never>();
    const giveUp = () => abort.reject(signal.reason);
    signal.addEventListener("abort", giveUp);
    try {
      signal.throwIfAborted();
      return { connection: await Promise.race([shared.opening, abort.promise]), shared, isNew };
    } catch (error) {
      this.#leave(key, shared, signal);
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  #letGo(key: string, shared: Shared, file: SftpFile, signal: AbortSignal): void {
    if (file.close()) this.#leave(key, shared, signal);
  }

  /** One user less: without any, the connection ends after a while; at once if it is nobody's choice any more. */
  #leave(key: string, shared: Shared, { reason }: AbortSignal): void {
    // Its network may be gone without a word: who comes next has a connection of their own.
    const silent = reason instanceof DownloadError && reason.kind === "timeout";
    if (silent && this.#connections.get(key) === shared) this.#connections.delete(key);
    if (--shared.users > 0) return;
    const end = () => {
      shared.ending.abort(new Error("nobody waits for the connection any more"));
      shared.opening.then((connection) => connection.close(), () => {});
    };
    if (this.#connections.get(key) !== shared) return end();
    shared.timer = setTimeout(() => {
      this.#connections.delete(key);
      end();
    }, IDLE_MS);
  }
}

/** A server need not tell either; and of files that are made when they are read, it may tell a size of 0. */
async function versionOf(file: SftpFile, { size, mtime }: Stats, host: string): Promise<DatedVersion> {
  if (size !== undefined && !Number.isSafeInteger(size)) {
    throw new DownloadError("protocol", `${host}: the size of the file makes no sense`);
  }
  const date = new Date((mtime ?? NaN) * 1000);
  const isTold = size !== undefined && (size > 0 || await file.endsAt(0));
  return {
    ...(isTold ? { length: size } : {}),
    ...(Number.isNaN(date.getTime()) ? {} : { lastModified: date.toUTCString() }),
  };
}
