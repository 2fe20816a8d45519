import type { DownloadDriver, DriverRequest, DriverResponse, ListedFile, ListRequest } from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";
import { HostAddresses } from "../host_addresses.ts";
import type { HttpIdentity } from "../http_identity.ts";
import { readNetrc } from "../netrc.ts";
import { FileChangedError } from "../segments.ts";
import { BodyResponse } from "./body_response.ts";
import { ConnectionPool } from "./connection_pool.ts";
import { datedFacts, type DatedVersion } from "./dated_file.ts";
import { type FtpReading, FtpSession, type FtpTransfer, isFull, isTold, RestRefusedError } from "./ftp_session.ts";
import { type FtpTarget, ftpTarget } from "./ftp_target.ts";
import { decodeBytes } from "./ftp_text.ts";
import { closeConn } from "../close_conn.ts";
import { walkFolder } from "./walk_folder.ts";

const NOT_IN_A_COMMAND = /[\r\n\0]/;

/** What is known of a file. */
interface FtpLooked {
  /** What is told of it. */
  version: DatedVersion;
  /** The file, which comes already. Where nothing is told of it, only that shows that it is there. */
  begun?: FtpTransfer;
}

/** A file that was found. */
interface FtpFound extends FtpLooked {
  /** The connection, which is nobody else's meanwhile. */
  session: FtpSession;
}

/** What a server takes at once: one command, the questions about a file, or those and the file. */
type AtOnce = "nothing" | "questions" | "file";

/** Who asks, and how. */
export type FtpIdentity = Pick<HttpIdentity, "netrc" | "proxy" | "caCerts" | "denyPrivate" | "allowPrivate">;

/**
 * Fetches over FTP, in passive mode, with TLS if the url asks for it. Connections are used again. Size and date are what
 * tells versions apart: both are asked for before the file, and the date again behind it, as the protocol itself
 * says nothing of a file that changes meanwhile.
 */
export class FtpDriver implements DownloadDriver {
  readonly schemes = ["ftp:", "ftps:", "ftpes:"];
  readonly anonymous = true;
  readonly #identity: FtpIdentity;
  readonly #insecure: boolean;
  readonly #hosts: HostAddresses;
  readonly #pool = new ConnectionPool<FtpSession>(isFull);
  readonly #credentialsOf: ReturnType<typeof readNetrc>;
  /** What servers take at once, as far as that is known. Those of which nothing is known yet are asked the questions. */
  readonly #atOnce = new Map<string, AtOnce>();
  /** Whether servers tell the date behind a file where it was asked for with that, as far as it is known. */
  readonly #dateBehind = new Map<string, boolean>();
  /** Servers that begin no file in the middle. */
  readonly #fromStartOnly = new Set<string>();

  /**
   * @param identity Who asks.
   * @param insecure Take every certificate. Default false.
   * @param hosts Where hosts are. Default: where the system finds them.
   */
  constructor(identity: FtpIdentity, insecure = false, hosts: HostAddresses = new HostAddresses(identity)) {
    this.#identity = identity;
    this.#insecure = insecure;
    this.#hosts = hosts;
    this.#credentialsOf = identity.netrc === undefined ? () => undefined : readNetrc(identity.netrc);
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    const { url, visit, anonymous } = request;
    const target = this.#targetOf(url, anonymous);
    const entering = visit?.(target.host);
    if (entering !== undefined) await entering;
    const found = await this.#find(target, request);
    try {
      return this.#answer(target, found, request);
    } catch (error) {
      this.#letGo(found);
      throw error;
    }
  }

  async *list({ url, signal }: ListRequest): AsyncGenerator<ListedFile> {
    const target = this.#targetOf(url);
    const session = await this.#connect(target, signal);
    try {
      let root: string | undefined;
      const look = async (_below: string, inUrl: string) => {
        const below = decodeBytes(inUrl, "path", NOT_IN_A_COMMAND);
        const { entries, path } = await session.list(root === undefined ? target.path : `${root}${below}`, signal);
        root ??= path.endsWith("/") ? path : `${path}/`;
        return entries;
      };
      yield* walkFolder(url, look);
    } finally {
      session.close();
    }
  }

  /** Looks at the file, over a connection that the server may have given up meanwhile. */
  async #find(
    target: FtpTarget,
    request: Pick<DriverRequest, "signal" | "watch" | "wanted" | "range" | "condition">,
  ): Promise<FtpFound> {
    const { signal, watch } = request;
    while (true) {
      const { connection: session, used } = await this.#pool.take(
        target.account,
        target.host,
        (ending) => this.#connect(target, ending, watch),
        signal,
      );
      const atOnce = this.#atOnceFor(target, request);
      try {
        return { session, ...await this.#look(target, session, atOnce, signal) };
      } catch (error) {
        this.#pool.give(session);
        if (!session.closed) throw error;
        // What ends a new connection, or brings no answer, may be that several commands came at once.
        if (!used) this.#atOnce.set(target.host, atOnce === "file" ? "questions" : "nothing");
        const gone = error instanceof DownloadError && error.kind === "network" && (used || atOnce === "file");
        if (!gone || signal.aborted) throw error;
      }
    }
  }

  #atOnceFor(
    { host, path }: FtpTarget,
    { wanted, range, condition }: Pick<DriverRequest, "wanted" | "range" | "condition">,
  ): AtOnce | undefined {
    // Servers drop blanks at the beginning of a path: where it really begins is a question of its own.
    if (/^\s/.test(path)) return "nothing";
    const known = this.#atOnce.get(host);
    const all = wanted === true && range === undefined && condition === undefined;
    return known === "file" && !all ? "questions" : known;
  }

  async #look(
    { host, path }: FtpTarget,
    session: FtpSession,
    atOnce: AtOnce | undefined,
    signal: AbortSignal,
  ): Promise<FtpLooked> {
    if (atOnce === "file") {
      const behind = this.#dateBehind.get(host);
      const looked = await session.fetchAtOnce(
        path,
        signal,
        behind === false ? undefined : { inOrder: behind === true },
      );
      if (looked !== undefined) return looked;
      this.#atOnce.set(host, "questions");
    }
    let version: DatedVersion | undefined;
    if (atOnce !== "nothing") {
      version = await session.statAtOnce(path, signal);
      if (version === undefined) this.#atOnce.set(host, "nothing");
      else if (atOnce === undefined) this.#atOnce.set(host, "file");
    }
    version ??= await session.stat(path, signal);
    return isTold(version) ? { version } : { version, begun: await session.begin(path, signal) };
  }

  #answer(
    target: FtpTarget,
    found: FtpFound,
    request: DriverRequest,
  ): DriverResponse {
    const { session, version } = found;
    const facts = datedFacts(target.host, version, request, !this.#fromStartOnly.has(target.host));
    const { signal } = request;
    const { length } = version;
    let isRead = false;
    return new BodyResponse(facts, async (sink, room) => {
      isRead = true;
      try {
        await this.#read(target, found, { from: facts.offset, to: facts.end, length, sink, room, signal });
      } catch (error) {
        session.close();
        throw error;
      } finally {
        this.#pool.give(session);
      }
    }, () => isRead || this.#letGo(found));
  }

  /** Whoever wants no file that comes already can only hang up. */
  #letGo({ session, begun }: FtpFound): void {
    if (begun !== undefined) {
      closeConn(begun.conn);
      session.close();
    }
    this.#pool.give(session);
  }

  /** Reads a body, and looks whether it was all of one version. */
  async #read(
    target: FtpTarget,
    { session, version: { length, lastModified }, begun }: FtpFound,
    reading: FtpReading,
  ): Promise<void> {
    const { from, to, signal } = reading;
    const dated = begun?.dated === true;
    const { bytes, stamp } = await session.read(target.path, reading, begun).catch((error) => {
      if (error instanceof RestRefusedError) this.#fromStartOnly.add(target.host);
      if (dated && this.#dateBehind.get(target.host) !== true) this.#dateBehind.set(target.host, false);
      throw error;
    });
    if (dated && this.#dateBehind.get(target.host) !== false) this.#dateBehind.set(target.host, stamp !== undefined);
    const wanted = (to ?? length ?? from + bytes) - from;
    if (bytes !== wanted) {
      // It may have begun with the first byte all the same.
      if (bytes > wanted && from > 0) this.#fromStartOnly.add(target.host);
      throw new DownloadError("network", `${target.host}: ${bytes} bytes came, where ${wanted} were announced`);
    }
    if (lastModified === undefined) return;
    const now = stamp ?? await this.#stampNow(target, session, signal);
    if (now !== lastModified) throw new FileChangedError(target.host);
  }

  async #stampNow(target: FtpTarget, session: FtpSession, signal: AbortSignal): Promise<string | undefined> {
    if (!session.closed) return await session.stampedAt(target.path, signal);
    const found = await this.#find(target, { signal });
    this.#letGo(found);
    return found.version.lastModified;
  }

  #targetOf(url: string, anonymous = false): FtpTarget {
    const target = ftpTarget(url, anonymous ? undefined : this.#credentialsOf);
    if (this.#identity.proxy === undefined) return target;
    throw new DownloadError("unsupported", `${target.host}: FTP does not go through --proxy`);
  }

  async #connect(target: FtpTarget, signal: AbortSignal, watch?: DriverRequest["watch"]): Promise<FtpSession> {
    const { caCerts } = this.#identity;
    const addresses = await this.#hosts.addressesOf({ ...target, signal, watch });
    const dialing = { addresses, insecure: this.#insecure, ...(caCerts === undefined ? {} : { caCerts }) };
    try {
      return await FtpSession.open(target, dialing, signal);
    } catch (error) {
      this.#hosts.names.doubt(target.hostname);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
