import type { FTPContext } from "basic-ftp";
import { closeConn } from "../close_conn.ts";
import { connectTcp } from "../connect_tcp.ts";
import { portOf } from "./ftp_pipeline.ts";
import { followTransfer, type FtpTalk } from "./ftp_talk.ts";
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
 * Asks for a port to connect to, and connects.
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
  const port = known ?? await passivePort(ftp);
  return await connectData(ftp, port, tls, signal).catch(async (error) => {
    // The server may have waited long enough.
    if (known === undefined || signal.aborted || ftp.closed) throw error;
    return await connectData(ftp, await passivePort(ftp), tls, signal);
  });
}

/**
 * Connects to a port at which the server waits. The data comes over a connection of the runtime's own: node's would take several
 * times the memory and the time.
 *
 * @param ftp The control connection. Whatever address a reply names: data comes from where this one leads, and from nowhere else.
 * @param port The port.
 * @param tls How to encrypt; absent: not at all.
 * @param signal Gives up.
 */
export async function connectData(
  ftp: FTPContext,
  port: number,
  tls: Deno.StartTlsOptions | undefined,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  const hostname = ftp.socket.remoteAddress;
  if (hostname === undefined) throw new Error("the control connection is lost");
  const conn = await connectTcp({ hostname, port, signal });
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
export interface FtpTransfer extends FtpTalk {
  /** What it comes over. */
  readonly conn: Deno.Conn;
  /** True if its date was asked for with it, to be told behind it. Default false. */
  readonly dated?: boolean;
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
  const command = from > 0 ? `REST ${from}` : `RETR ${path}`;
  return { conn, ...followTransfer(ftp, path, (handler) => ftp.handle(command, handler)) };
}
