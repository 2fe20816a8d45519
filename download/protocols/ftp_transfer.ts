import type { FTPContext, FTPResponse } from "basic-ftp";
import type { ReadBody } from "./body_response.ts";

/** What to read of a file. */
export interface FtpReading {
  /** The first byte. */
  from: number;
  /** The first byte that is not wanted any more. */
  to: number | undefined;
  /** How many bytes the file has; absent: it ends where the server ends. */
  length: number | undefined;
  /** Called with each piece. */
  sink: Parameters<ReadBody>[0];
  /** Asked before more may come. */
  room: Parameters<ReadBody>[1];
  /** Gives up; the reason is thrown. */
  signal: AbortSignal;
}

/** A command that waits for its last reply. */
interface Task {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/**
 * One file on its way over a data connection.
 *
 * The runtime can lose the end of a TLS connection that was paused, and then waits for ever. So a transfer is over with the
 * last byte that was announced, and the connection is ended from this side; only where the server does not tell the size
 * is its end waited for.
 */
export class FtpTransfer {
  readonly #reading: FtpReading;
  /** How many bytes are wanted. */
  readonly #wanted: number;
  #bytes = 0;
  #begun = false;
  /** Nothing more comes, or is wanted. */
  #over = false;
  /** A piece is not stored yet. */
  #storing = false;
  #reply: unknown;
  #failure: unknown;

  /** @param reading What is wanted, and where it goes. */
  constructor(reading: FtpReading) {
    const { from, to, length } = this.#reading = reading;
    this.#wanted = (to ?? length ?? Infinity) - from;
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the sink threw. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Takes a reply on the control connection, or what happened to that. */
  heard(reply: Error | FTPResponse, ftp: FTPContext, task: Task): void {
    const { code } = reply as { code?: number };
    if (reply instanceof Error) {
      // Who hangs up early is told that the transfer broke off.
      if (this.#over && code !== undefined && this.#bytes >= this.#wanted) this.#settle(reply, ftp, task);
      else task.reject(reply);
    } else if (code === 125 || code === 150) this.#begin(ftp, task);
    else if (code! >= 200) this.#settle(reply, ftp, task);
  }

  #begin(ftp: FTPContext, task: Task): void {
    const socket = ftp.dataSocket;
    // A second such reply would begin it twice.
    if (this.#begun || socket === undefined) return;
    this.#begun = true;
    const end = () => {
      this.#over = true;
      this.#settle(undefined, ftp, task);
    };
    socket.on("data", (chunk: Uint8Array) => {
      if (this.#over) return;
      let waiting: Promise<unknown> | undefined;
      try {
        waiting = this.#take(chunk);
      } catch (error) {
        this.#failure = error;
        return task.reject(new Error("the file cannot be stored"));
      }
      if (this.#bytes >= this.#wanted) socket.pause();
      if (waiting === undefined) return this.#bytes >= this.#wanted ? this.#hangUp(socket, end) : undefined;
      socket.pause();
      this.#storing = true;
      waiting.then(() => {
        this.#storing = false;
        if (this.#bytes >= this.#wanted) this.#hangUp(socket, end);
        else socket.resume();
        this.#settle(undefined, ftp, task);
      }, (error) => {
        this.#failure = error;
        task.reject(new Error("the file cannot be stored"));
      });
    });
    socket.on("end", end).on("close", end);
    if (this.#wanted === 0) this.#hangUp(socket, end);
  }

  #hangUp(socket: { destroy(): void }, end: () => void): void {
    end();
    socket.destroy();
  }

  /** Hands a piece over; resolves when the next one may come, or gives undefined if that is at once. */
  #take(chunk: Uint8Array): Promise<unknown> | undefined {
    const { to, sink, room } = this.#reading;
    const piece = to === undefined ? chunk : chunk.subarray(0, this.#wanted - this.#bytes);
    this.#bytes += piece.length;
    const stored = sink(piece);
    if (stored !== undefined) return stored.then(() => room?.());
    const next = room?.();
    return typeof next === "object" ? next : undefined;
  }

  /** It takes both: the last byte, and the last reply. */
  #settle(reply: unknown, ftp: FTPContext, task: Task): void {
    this.#reply ??= reply;
    if (!this.#over || this.#storing || this.#reply === undefined) return;
    ftp.dataSocket = undefined;
    task.resolve(this.#reply);
  }
}
