import { Client, FTPError } from "basic-ftp";
import { closeConn } from "../close_conn.ts";
import { DownloadError, networkError } from "../download_error.ts";
import type { PooledConnection } from "./connection_pool.ts";
import type { DatedVersion } from "./dated_file.ts";
import { dateOf, fetchAtOnce, lookAtOnce } from "./ftp_pipeline.ts";
import { listFolder } from "./ftp_listing.ts";
import type { FtpTarget } from "./ftp_target.ts";
import { bytesOfText, textOfBytes } from "./ftp_text.ts";
import type { FtpTalk } from "./ftp_talk.ts";
import {
  connectData,
  type FtpReading,
  type FtpTransfer,
  openDataConnection,
  readData,
  retrieve,
  SinkError,
} from "./ftp_transfer.ts";
import { withoutStacks } from "./without_stacks.ts";
import { knownLookup, LedSocket } from "./known_lookup.ts";
import type { FolderEntry } from "./walk_folder.ts";

export type { FtpReading, FtpTransfer };

/** How to connect. */
export interface FtpDialing {
  /** The addresses of the server. */
  addresses: readonly string[];
  /** Certificates to trust too, PEM. */
  caCerts?: readonly string[];
  /** Take every certificate; the runtime must have been started so. */
  insecure: boolean;
}

/** What was read of a file. */
export interface FtpRead {
  /** How many bytes came. */
  bytes: number;
  /** When the file was modified, as an HTTP date, if that was asked for with it and told behind it. */
  stamp?: string;
}

/** The server does not begin in the middle of a file. */
export class RestRefusedError extends DownloadError {
  /** @param host Who says so. */
  constructor(host: string) {
    super("network", `${host}: the server does not continue files, which begin anew next time`, { retryable: true });
  }
}

const BUFFER = 256 * 1024;

/** Replies that say that a command is not known, or not with that. */
const UNKNOWN_COMMAND: ReadonlySet<number> = new Set([500, 501, 502, 503, 504]);
/** Replies to SIZE and MDTM that tell nothing: 550 may be about the file, about the command, or about the mode. */
const NOT_TOLD: ReadonlySet<number> = new Set([...UNKNOWN_COMMAND, 550]);

/** One connection that is logged in. */
export class FtpSession implements PooledConnection {
  readonly #client: Client;
  readonly #target: FtpTarget;
  /** How data connections are encrypted; absent: they are not. */
  readonly #tls: Deno.StartTlsOptions | undefined;
  /** The port that the server has named for the next file. */
  #port: number | undefined;
  #buffer: Uint8Array | undefined;

  private constructor(client: Client, target: FtpTarget, { caCerts }: FtpDialing) {
    this.#client = client;
    this.#target = target;
    if (target.security === "none") return;
    this.#tls = { hostname: target.hostname, ...(caCerts === undefined ? {} : { caCerts: [...caCerts] }) };
  }

  /**
   * Connects and logs in.
   *
   * @throws {DownloadError} If it does not succeed; an abort throws its reason.
   */
  static async open(target: FtpTarget, dialing: FtpDialing, signal: AbortSignal): Promise<FtpSession> {
    const { hostname, port, user, password, security } = target;
    // Silence is for the attempt's own watch to judge.
    const client = new Client(0);
    const lookup = knownLookup(dialing.addresses);
    client.ftp._newSocket = () => new LedSocket(lookup);
    client.ftp.encoding = "latin1";
    withoutStacks(client.ftp);
    const session = new FtpSession(client, target, dialing);
    await session.#during(signal, () =>
      client.access({
        host: hostname,
        port,
        user: bytesOfText(user),
        password: bytesOfText(password),
        secure: security === "implicit" ? "implicit" : security === "explicit",
        secureOptions: {
          // An address is no server name, but the certificate may be for it.
          host: hostname,
          // For TLS from the first byte.
          lookup,
          ...(/^[\d.]+$|:/.test(hostname) ? {} : { servername: hostname }),
          ...(dialing.caCerts === undefined ? {} : { ca: [...dialing.caCerts] }),
          rejectUnauthorized: !dialing.insecure,
        },
      }));
    return session;
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  close(): void {
    this.#client.close();
  }

  /**
   * Asks for size and date, together with the port for the file.
   *
   * @param path The file; it must not begin with a blank.
   * @param signal Gives up.
   * @returns Undefined if the server does not know one of the commands, or does not take several at once.
   */
  async statAtOnce(path: string, signal: AbortSignal): Promise<DatedVersion | undefined> {
    return await this.#during(signal, async () => {
      const { version, port, refusals } = await lookAtOnce(this.#client.ftp, path);
      checkRefusals(refusals);
      this.#port = port;
      return refusals.some(({ code }) => UNKNOWN_COMMAND.has(code)) ? undefined : version;
    });
  }

  /**
   * Asks for size, date and the file itself at once, so that it comes while those are looked at.
   *
   * @param path The file; it must not begin with a blank.
   * @param signal Gives up.
   * @param date Whether the server keeps to the order of commands, if the date is to be told once more behind the file; absent: it
   * is not.
   * @returns The file; undefined if the server names no port to fetch it from.
   * @throws {DownloadError} If neither size nor date is told, and there is no such file.
   */
  async fetchAtOnce(
    path: string,
    signal: AbortSignal,
    date?: { inOrder: boolean },
  ): Promise<{ version: DatedVersion; begun: FtpTransfer } | undefined> {
    this.#port = undefined;
    return await this.#during(signal, async () => {
      const { ftp } = this.#client;
      const { looked, talk } = fetchAtOnce(ftp, path, date);
      const { version, port, refusals } = await looked;
      checkRefusals(refusals);
      if (port === undefined) {
        await talk.told.catch((error) => {
          if (!(error instanceof FTPError)) throw error;
        });
        return undefined;
      }
      const conn = await connectData(ftp, port, this.#tls, signal).catch((error) => refusalOr(error, version, talk));
      const begun = { conn, dated: date !== undefined, ...talk };
      if (!isTold(version)) await agreed(begun, signal);
      return { version, begun };
    });
  }

  /** Asks for size and date. If neither is told, there may be no such file. */
  async stat(path: string, signal: AbortSignal): Promise<DatedVersion> {
    this.#port = undefined;
    const lastModified = await this.stampedAt(path, signal);
    const length = await this.#ifKnown(signal, () => this.#client.size(path));
    return {
      ...(length === undefined ? {} : { length }),
      ...(lastModified === undefined ? {} : { lastModified }),
    };
  }

  /** When the file was modified, as an HTTP date; undefined if the server does not tell. */
  async stampedAt(path: string, signal: AbortSignal): Promise<string | undefined> {
    const date = await this.#ifKnown(signal, () => this.#client.lastMod(path));
    return date === undefined || Number.isNaN(date.getTime()) ? undefined : date.toUTCString();
  }

  /**
   * Lets a file begin to come.
   *
   * @throws {DownloadError} If there is no such file.
   */
  async begin(path: string, signal: AbortSignal): Promise<FtpTransfer> {
    return await this.#during(signal, async () => {
      const transfer = await this.#retrieve(path, 0, signal);
      await agreed(transfer, signal);
      return transfer;
    });
  }

  /**
   * Reads a file, or a part of it.
   *
   * @param path The file.
   * @param reading What of it, and where it goes.
   * @param begun What comes already. Default: it is asked for now.
   * @throws {RestRefusedError} If the server begins no file in the middle.
   */
  async read(path: string, reading: FtpReading, begun?: FtpTransfer): Promise<FtpRead> {
    const { from, to, length, signal } = reading;
    const wanted = (to ?? length ?? Infinity) - from;
    let bytes = 0;
    let stamp: string | undefined;
    try {
      await this.#during(signal, async () => {
        const { conn, told } = begun ?? await this.#retrieve(path, from, signal);
        const abort = () => closeConn(conn);
        signal.addEventListener("abort", abort);
        try {
          // Without a transfer nothing comes, and nobody would end the wait for it.
          told.catch(abort);
          const read = readData(conn, this.#buffer ??= new Uint8Array(BUFFER), reading).then((count) => bytes = count);
          const failure = await read.then(() => undefined, (error) => error);
          if (failure instanceof SinkError) throw failure;
          const { last, behind, outOfStep } = await told;
          if (failure !== undefined) throw failure;
          if (behind !== undefined && !(behind instanceof FTPError)) stamp = dateOf(behind.message);
          // Who hangs up early is told that the transfer broke off; and some servers hang up behind the last byte.
          if (bytes >= wanted) return outOfStep && this.close();
          if (last instanceof Error) throw last;
        } finally {
          signal.removeEventListener("abort", abort);
        }
      });
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (cause instanceof SinkError) throw cause.cause;
      if (from > 0 && bytes === 0 && cause instanceof FTPError && UNKNOWN_COMMAND.has(cause.code)) {
        throw new RestRefusedError(this.#target.host);
      }
      throw error;
    }
    return { bytes, ...(stamp === undefined ? {} : { stamp }) };
  }

  /**
   * Lists a folder. The connection is in that folder afterwards, so that relative paths lead elsewhere.
   *
   * @param path The folder. It is entered first, as most servers list one that is not there as one that is empty.
   * @returns What is in it, and its own path from the root, one character a byte.
   */
  async list(path: string, signal: AbortSignal): Promise<{ entries: FolderEntry[]; path: string }> {
    return await this.#during(signal, async () => {
      if (path !== "") await this.#client.cd(path);
      return { path: await this.#client.pwd(), entries: await listFolder(this.#client) };
    });
  }

  async #retrieve(path: string, from: number, signal: AbortSignal): Promise<FtpTransfer> {
    const { ftp } = this.#client;
    const plain = await this.#client.protectWhitespace(path);
    const port = this.#port;
    this.#port = undefined;
    return retrieve(ftp, await openDataConnection(ftp, this.#tls, signal, port), plain, from);
  }

  /** What a command answers that not every server knows. */
  async #ifKnown<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#during(signal, ask, NOT_TOLD);
    } catch (error) {
      if (error instanceof FTPError) return undefined;
      throw error;
    }
  }

  /** Runs a command; what fails, or is given up, ends the connection, but for plain answers of no. */
  async #during<T>(signal: AbortSignal, run: () => Promise<T>, harmless: ReadonlySet<number> = NONE): Promise<T> {
    const abort = () => this.close();
    signal.addEventListener("abort", abort);
    try {
      signal.throwIfAborted();
      const result = await run();
      signal.throwIfAborted();
      return result;
    } catch (error) {
      if (signal.aborted) {
        this.close();
        throw signal.reason;
      }
      if (error instanceof FTPError) {
        if (harmless.has(error.code)) throw error;
        const refused = ftpError(error, this.#target);
        if (refused.kind !== "not-found") this.close();
        throw refused;
      }
      this.close();
      throw networkError(error, `ftp://${this.#target.host}/`);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

const NONE: ReadonlySet<number> = new Set();

/** True if anything was told that tells versions of a file apart. */
export function isTold({ length, lastModified }: DatedVersion): boolean {
  return length !== undefined || lastModified !== undefined;
}

/** Waits until a server has agreed to send a file. */
async function agreed({ conn, begun }: FtpTransfer, signal: AbortSignal): Promise<void> {
  const abort = () => closeConn(conn);
  signal.addEventListener("abort", abort);
  try {
    await begun;
  } catch (error) {
    closeConn(conn);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Why nobody waits at a port: some servers close it when they refuse the file. */
async function refusalOr(error: unknown, version: DatedVersion, { begun, told }: FtpTalk): Promise<never> {
  let refused = false;
  const waited = begun.catch(() => refused = true);
  // What nothing was told of is not there, most likely.
  if (isTold(version)) await Promise.resolve();
  else await waited;
  if (refused) await told;
  throw error;
}

/** What is neither about the file nor about the question ends what was asked. */
function checkRefusals(refusals: readonly FTPError[]): void {
  const failure = refusals.find(({ code }) => !NOT_TOLD.has(code) && code !== 522);
  if (failure !== undefined) throw failure;
}

/** True if a server says that it has enough connections. */
export function isFull(error: unknown): boolean {
  const cause = error instanceof DownloadError ? error.cause : undefined;
  return cause instanceof FTPError && isFullReply(cause.code, cause.message);
}

/** What a reply of no means (RFC 959, 4.2): 4yz may be otherwise later, 5yz is for good. */
function ftpError(cause: FTPError, { host }: FtpTarget): DownloadError {
  const { code } = cause;
  const said = (textOfBytes(cause.message) ?? cause.message).replace(/^\d+[ -]/, "").replace(/\s+/g, " ").slice(0, 200);
  const message = `${host}: FTP reply ${code}: ${said}`;
  if (isFullReply(code, said)) return new DownloadError("network", message, { cause, retryable: true, host });
  if (code === 530 || code === 332 || code === 430) {
    return new DownloadError("auth", message, { cause, retryable: false });
  }
  if (code === 550) return new DownloadError("not-found", message, { cause, retryable: false });
  if (code === 522) {
    return new DownloadError("unsupported", `${message}; TLS sessions are not used again here`, {
      cause,
      retryable: false,
    });
  }
  if (code === 534 || code === 533 || code === 431) {
    return new DownloadError("security", message, { cause, retryable: false });
  }
  return new DownloadError(code < 500 ? "network" : "protocol", message, { cause, retryable: code < 500 });
}

function isFullReply(code: number, said: string): boolean {
  return code === 421 || (code === 530 && /too many|maximum/i.test(said));
}
