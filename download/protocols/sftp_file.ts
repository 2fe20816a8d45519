import { Buffer } from "node:buffer";
// @ts-types="./ssh2_types.d.ts"
import type { FileEntry, Stats } from "ssh2";
import { DownloadError, networkError } from "../download_error.ts";
import type { ReadBody } from "./body_response.ts";
import type { SshConnection } from "./ssh_connection.ts";

/** What OpenSSH answers at the most, less the head of the answer. */
const READ_BYTES = 255 * 1024;
/** So many reads of a file may be on their way at a time; together they fill the window of a channel. */
const IN_FLIGHT = 8;
/** And so many of all files of a connection. */
const IN_FLIGHT_ALL = 32;

/** Codes of SSH_FXP_STATUS (draft-ietf-secsh-filexfer-02, 7). */
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;
const EOF = 1;

/** The server has no more bytes. */
class EndOfFileError extends DownloadError {
  constructor(host: string) {
    super("network", `${host}: the file ends before its size`, { retryable: true });
  }
}

/** One open file of an SFTP server. */
export class SftpFile {
  readonly #connection: SshConnection;
  readonly #host: string;
  readonly #signal: AbortSignal;
  readonly #ended = Promise.withResolvers<never>();
  readonly #unwatch: () => void;
  #handle: Uint8Array | undefined;
  #closed = false;

  /**
   * @param connection Who is asked.
   * @param host Its name, for errors.
   * @param signal Gives up; the reason is thrown.
   */
  constructor(connection: SshConnection, host: string, signal: AbortSignal) {
    this.#connection = connection;
    this.#host = host;
    this.#signal = signal;
    this.#ended.promise.catch(() => {});
    this.#unwatch = connection.watch(this.#ended.reject);
    signal.addEventListener("abort", this.#abort);
  }

  /**
   * Opens a file for reading.
   *
   * @throws {DownloadError} If there is none, or none that may be read.
   */
  async open(path: string): Promise<void> {
    this.#handle = await this.#ask<Uint8Array>((done) => this.#connection.sftp.open(path, "r", done));
    if (this.#closed) this.#closeHandle();
  }

  /** What is in a folder. */
  async list(path: string): Promise<FileEntry[]> {
    return await this.#ask<FileEntry[]>((done) => this.#connection.sftp.readdir(path, done));
  }

  /** Its size, and when it was modified. */
  async stat(): Promise<Stats> {
    const stats = await this.#ask<Stats>((done) => this.#connection.sftp.fstat(this.#handle!, done));
    if (!stats.isFile()) {
      throw new DownloadError("not-found", `${this.#host}: it is no regular file`, { retryable: false });
    }
    return stats;
  }

  /** True if the file has no byte there. */
  async endsAt(at: number): Promise<boolean> {
    return await this.#readSome(at, Buffer.allocUnsafe(1)) === 0;
  }

  /**
   * Reads a part, with several questions on their way; the pieces come in order.
   *
   * @param from The first byte.
   * @param to The first byte that is not wanted any more; undefined: the file is read to its end, wherever that is.
   * @param sink Takes the pieces.
   * @param room Asked before more may come.
   * @throws {DownloadError} If the file ends before.
   */
  async read(
    from: number,
    to: number | undefined,
    sink: Parameters<ReadBody>[0],
    room: Parameters<ReadBody>[1],
  ): Promise<void> {
    if (to === undefined) return await this.#readToEnd(from, sink, room);
    const coming: Promise<Uint8Array>[] = [];
    let next = from;
    const ask = () => {
      const most = Math.min(IN_FLIGHT, Math.ceil(IN_FLIGHT_ALL / this.#connection.readers));
      while (next < to && coming.length < most) {
        const size = Math.min(READ_BYTES, to - next);
        const piece = this.#readAt(next, size);
        // It is waited for in its turn.
        piece.catch(() => {});
        coming.push(piece);
        next += size;
      }
    };
    this.#connection.readers++;
    try {
      ask();
      for (let piece = coming.shift(); piece !== undefined; piece = coming.shift()) {
        const waiting = sink(await piece);
        if (waiting !== undefined) await waiting;
        await room?.();
        this.#signal.throwIfAborted();
        ask();
      }
    } finally {
      this.#connection.readers--;
    }
  }

  /** Closes it; false if it was closed before. */
  close(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#signal.removeEventListener("abort", this.#abort);
    this.#unwatch();
    this.#closeHandle();
    return true;
  }

  readonly #abort = () => this.#ended.reject(this.#signal.reason);

  #closeHandle(): void {
    if (this.#handle === undefined || this.#connection.closed) return;
    this.#connection.sftp.close(this.#handle, () => {});
  }

  /** One question after the other: only an answer without a byte shows where the end is. */
  async #readToEnd(from: number, sink: Parameters<ReadBody>[0], room: Parameters<ReadBody>[1]): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    this.#connection.readers++;
    try {
      let at = from;
      for (let count = await this.#readSome(at, buffer); count > 0; count = await this.#readSome(at, buffer)) {
        at += count;
        // Whoever wants to keep a piece takes a slice of it, which of a buffer of node's would be no copy.
        const waiting = sink(new Uint8Array(buffer.buffer, buffer.byteOffset, count));
        if (waiting !== undefined) await waiting;
        await room?.();
      }
    } finally {
      this.#connection.readers--;
    }
  }

  /** Reads at most what fits; 0 at the end of the file. */
  async #readSome(at: number, buffer: Buffer): Promise<number> {
    try {
      return await this.#ask<number>((done) =>
        this.#connection.sftp.read(this.#handle!, buffer, 0, buffer.length, at, done)
      );
    } catch (error) {
      if (error instanceof EndOfFileError) return 0;
      throw error;
    }
  }

  /** Reads exactly so many bytes: a server may answer with fewer. */
  async #readAt(at: number, size: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(size);
    for (let filled = 0; filled < size;) {
      const count = await this.#ask<number>((done) =>
        this.#connection.sftp.read(this.#handle!, buffer, filled, size - filled, at + filled, done)
      );
      if (count === 0) throw new EndOfFileError(this.#host);
      filled += count;
    }
    return buffer;
  }

  /** Asks, until there is an answer, the connection is lost, or it is given up. */
  async #ask<T>(question: (done: (error: Error | null | undefined, value: T) => void) => void): Promise<T> {
    this.#signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    question((error, value) => error ? reject(error) : resolve(value));
    try {
      return await Promise.race([promise, this.#ended.promise]);
    } catch (error) {
      throw this.#meaning(error);
    }
  }

  #meaning(error: unknown): unknown {
    if (this.#signal.aborted || error instanceof DownloadError) return error;
    const { code, message = String(error) } = error as { code?: number; message?: string };
    const said = `${this.#host}: ${message}`;
    if (code === NO_SUCH_FILE) return new DownloadError("not-found", said, { cause: error, retryable: false });
    if (code === PERMISSION_DENIED) return new DownloadError("auth", said, { cause: error, retryable: false });
    if (code === EOF) return new EndOfFileError(this.#host);
    return networkError(error, `sftp://${this.#host}/`);
  }
}
