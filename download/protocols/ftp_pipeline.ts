/**
 * What FTP is asked at once: each command by itself costs a round trip, and more time than a small file.
 *
 * @module
 */
import { type FTPContext, FTPError } from "basic-ftp";
import type { DatedVersion } from "./dated_file.ts";
import { followTransfer, type FtpReply, type FtpReplyHandler, type FtpTalk } from "./ftp_talk.ts";

/** What a server said of a file. */
export interface FtpLook {
  /** Its size and date. */
  version: DatedVersion;
  /** The port at which the server waits for a data connection; absent: it names none. */
  port?: number;
  /** The replies of no. */
  refusals: FTPError[];
}

/** A file that comes as soon as somebody connects to the port that was named. */
export interface FtpOffer {
  /** What the server said of the file, before it said anything of the transfer. */
  looked: Promise<FtpLook>;
  /** What it says of the transfer; without a port it refuses that. */
  talk: FtpTalk;
}

/**
 * Asks for a port, and for the date and the size of a file.
 *
 * @param ftp The control connection.
 * @param path The file; it must not begin with a blank, which some servers drop.
 * @throws {Error} If the connection ends, or the server says that it will (421).
 */
export async function lookAtOnce(ftp: FTPContext, path: string): Promise<FtpLook> {
  return await askAtOnce(ftp, questions(path), (look, task) => task.resolve(look));
}

/** How long a file may be that servers are trusted to send before they look at the next command. */
const SMALL = 64 * 1024;

/**
 * As {@linkcode lookAtOnce}, and asks for the file as well.
 *
 * @param date Whether the server keeps to the order of commands, if the date is to be asked for once more behind the file; absent:
 * it is not.
 */
export function fetchAtOnce(ftp: FTPContext, path: string, date?: { inOrder: boolean }): FtpOffer {
  const { promise: looked, resolve, reject } = Promise.withResolvers<FtpLook>();
  let length = Infinity;
  const look = (look: FtpLook) => {
    length = look.version.length ?? Infinity;
    resolve(look);
  };
  const commands = [...questions(path), `RETR ${path}`, ...(date === undefined ? [] : [`MDTM ${path}`])];
  const talk = followTransfer(
    ftp,
    path,
    (handler) => askAtOnce(ftp, commands, look, handler),
    date && { isKept: () => date.inOrder && length <= SMALL },
  );
  talk.told.catch(reject);
  return { looked, talk };
}

/** The port that a reply to EPSV names (RFC 2428). */
export function portOf(message: string): number | undefined {
  const port = Number(/\(([!-~])\1\1(\d{1,5})\1\)/.exec(message)?.[2]);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** The port comes first, as firewalls look for it at the beginning of a packet. */
function questions(path: string): string[] {
  return ["EPSV", `MDTM ${path}`, `SIZE ${path}`];
}

function readLook(replies: readonly FtpReply[]): FtpLook {
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

/** The date that a reply to MDTM names (RFC 3659), as an HTTP date. */
export function dateOf(message: string): string | undefined {
  const parts = /^213 +(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(message)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second)).toUTCString();
}

/**
 * Sends commands in one piece, of which the first three are the questions.
 *
 * @param look Called when those are answered.
 * @param more Called with each later reply. Default: there is none.
 */
function askAtOnce<T>(
  ftp: FTPContext,
  commands: readonly string[],
  look: (look: FtpLook, task: Parameters<FtpReplyHandler>[1]) => void,
  more: FtpReplyHandler = () => {},
): Promise<T> {
  const replies: FtpReply[] = [];
  const asking = ftp.handle(undefined, (reply, task) => {
    if (replies.length === 3) return more(reply, task);
    if (reply instanceof Error && (!(reply instanceof FTPError) || reply.code === 421)) return task.reject(reply);
    replies.push(reply as FtpReply);
    if (replies.length === 3) look(readLook(replies), task);
  });
  // The library sends one command at a time, and takes a line break for an attempt at another one.
  if (!ftp.closed) ftp.socket.write(commands.map((command) => `${command}\r\n`).join(""), ftp.encoding);
  return asking;
}
