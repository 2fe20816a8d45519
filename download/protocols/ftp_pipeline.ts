/**
 * Questions of FTP that are asked at once: each one by itself costs a round trip, and more time than a small file.
 *
 * @module
 */
import { type FTPContext, FTPError, type FTPResponse } from "basic-ftp";
import type { DatedVersion } from "./dated_file.ts";

/** What a server said of a file. */
export interface FtpLook {
  /** Its size and date. */
  version: DatedVersion;
  /** The port at which the server waits for a data connection; absent: it names none. */
  port?: number;
  /** The replies of no. */
  refusals: FTPError[];
}

/**
 * Asks for a port, and for the date and the size of a file. The port is asked for first, as firewalls look for it at the beginning
 * of a packet.
 *
 * @param ftp The control connection.
 * @param path The file; it must not begin with a blank, which some servers drop.
 * @throws {Error} If the connection ends, or the server says that it will (421).
 */
export async function lookAtOnce(ftp: FTPContext, path: string): Promise<FtpLook> {
  const replies = await askAtOnce(ftp, ["EPSV", `MDTM ${path}`, `SIZE ${path}`]);
  const [epsv, mdtm, size] = replies.map((reply) => reply instanceof FTPError ? "" : reply.message);
  const port = portOf(epsv!);
  const lastModified = dateOf(mdtm!);
  const length = Number(/^213 +(\d+)/.exec(size!)?.[1]);
  return {
    version: {
      ...(Number.isSafeInteger(length) ? { length } : {}),
      ...(lastModified === undefined ? {} : { lastModified }),
    },
    ...(port === undefined ? {} : { port }),
    refusals: replies.filter((reply) => reply instanceof FTPError),
  };
}

/** The port that a reply to EPSV names (RFC 2428). */
export function portOf(message: string): number | undefined {
  const port = Number(/\(([!-~])\1\1(\d{1,5})\1\)/.exec(message)?.[2]);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The date that a reply to MDTM names (RFC 3659), as an HTTP date. */
function dateOf(message: string): string | undefined {
  const parts = /^213 +(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(message)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second)).toUTCString();
}

/** Sends commands in one piece, and waits for one reply to each. */
function askAtOnce(ftp: FTPContext, commands: readonly string[]): Promise<(FTPResponse | FTPError)[]> {
  const replies: (FTPResponse | FTPError)[] = [];
  const asking = ftp.handle(undefined, (reply, task) => {
    if (reply instanceof Error && (!(reply instanceof FTPError) || reply.code === 421)) return task.reject(reply);
    replies.push(reply as FTPResponse | FTPError);
    if (replies.length === commands.length) task.resolve(replies);
  });
  // The library sends one command at a time, and takes a line break for an attempt at another one.
  if (!ftp.closed) ftp.socket.write(commands.map((command) => `${command}\r\n`).join(""), ftp.encoding);
  return asking;
}
