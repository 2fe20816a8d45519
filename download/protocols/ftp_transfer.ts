import type { FTPContext, FTPResponse } from "basic-ftp";
import { closeConn } from "../close_conn.ts";
import { connectTcp } from "../connect_tcp.ts";
import { portOf } from "./ftp_pipeline.ts";
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

/** The sink did not take a piece; the cause is what it threw. */
export class SinkError extends Error {}

/**
 * Asks for a port to connect to, and connects. The data comes over a connection of the runtime's own: node's would take several
 * times the memory and the time.
 *
 * @param ftp The control connection.
 * @param tls How to encrypt; absent: not at all.
 * @param signal Gives up.
 * @param known The port that the server has named already. Default: it is asked for.
 */
export async function openDataConnection(
  ftp: FTPContext,
  tls: Deno.StartTlsOptions | undefined,
  signal: AbortSignal,
  known?: number,
): Promise<Deno.Conn> {
  const conn = await connectTo(ftp, known ?? await passivePort(ftp), signal).catch(async (error) => {
    // The server may have waited long enough.
    if (known === undefined || signal.aborted || ftp.closed) throw error;
    return await connectTo(ftp, await passivePort(ftp), signal);
  });
  if (tls === undefined) return conn;
  // Otherwise the handshake waits for a delayed acknowledgement.
  conn.setNoDelay(true);
  try {
    return await Deno.startTls(conn, tls);
  } catch (error) {
    conn.close();
    throw error;
  }
}

/** Whatever address a reply names: data comes from where the control connection leads, and from nowhere else. */
async function connectTo(ftp: FTPContext, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  const hostname = ftp.socket.remoteAddress;
  if (hostname === undefined) throw new Error("the control connection is lost");
  return await connectTcp({ hostname, port, signal });
}

/** EPSV (RFC 2428) where the server knows it, else PASV (RFC 959). */
async function passivePort(ftp: FTPContext): Promise<number> {
  let message: string;
  let port: number | undefined;
  try {
    ({ message } = await ftp.request("EPSV"));
    port = portOf(message);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== "number" || code < 500) throw error;
    ({ message } = await ftp.request("PASV"));
    const [, high, low] = /\d+,\d+,\d+,\d+,(\d{1,3}),(\d{1,3})/.exec(message) ?? [];
    port = Number(high) * 256 + Number(low);
  }
  if (port === undefined || !(port >= 1 && port <= 65_535)) throw new Error(`the server names no port: ${message}`);
  return port;
}

/**
 * Reads from a data connection, and closes it.
 *
 * @param conn The connection.
 * @param buffer What to read into.
 * @param reading What is wanted, and where it goes.
 * @returns How many bytes came.
 * @throws {SinkError} If a piece was not taken.
 */
export async function readData(conn: Deno.Conn, buffer: Uint8Array, reading: FtpReading): Promise<number> {
  const { from, to, length, sink, room } = reading;
  // One byte more than was announced shows that the file has grown.
  const most = to === undefined ? length === undefined ? Infinity : length - from + 1 : to - from;
  let bytes = 0;
  try {
    while (bytes < most) {
      const allowed = room === undefined ? buffer.length : await room();
      const count = await conn.read(buffer.subarray(0, Math.max(1, Math.min(buffer.length, most - bytes, allowed))));
      if (count === null) break;
      bytes += count;
      try {
        const stored = sink(buffer.subarray(0, count));
        if (stored !== undefined) await stored;
      } catch (cause) {
        throw new SinkError("the file cannot be stored", { cause });
      }
    }
    return bytes;
  } finally {
    closeConn(conn);
  }
}

/** A file that a server is about to send. */
export interface FtpTransfer {
  /** What it comes over. */
  readonly conn: Deno.Conn;
  /** Resolves when the server has agreed to send it, and rejects if it does not. */
  readonly begun: Promise<void>;
  /**
   * Resolves behind the data with the last reply, also if that says that the client has hung up; or with the error that ended the
   * control connection meanwhile. Rejects if the transfer does not begin.
   */
  readonly told: Promise<FTPResponse | Error>;
}

/**
 * Asks for a file, by `RETR`, from the byte on that `REST` names.
 *
 * @param ftp The control connection.
 * @param conn The data connection that waits for it.
 * @param path The file.
 * @param from The first byte.
 */
export function retrieve(ftp: FTPContext, conn: Deno.Conn, path: string, from: number): FtpTransfer {
  const { promise: begun, resolve: begin, reject: refuse } = Promise.withResolvers<void>();
  let agreed = false;
  const told = ftp.handle(from > 0 ? `REST ${from}` : `RETR ${path}`, (reply, task) => {
    const { code } = reply as { code?: unknown };
    if (reply instanceof Error) {
      if (!agreed) task.reject(reply);
      else task.resolve(typeof code === "number" ? { code, message: reply.message } : reply);
    } else if (code === 350) ftp.send(`RETR ${path}`);
    else if (code === 125 || code === 150) {
      agreed = true;
      begin();
    } else if (Number(code) >= 200) task.resolve(reply);
  });
  told.then(() => begin(), refuse);
  begun.catch(() => {});
  return { conn, begun, told };
}
