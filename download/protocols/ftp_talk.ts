import { type FTPContext, FTPError, type FTPResponse } from "basic-ftp";

/** Is called with each reply, and with the error that ends the connection; settles the task in the end. */
export type FtpReplyHandler = Parameters<FTPContext["handle"]>[1];

/** A reply: yes or no. */
export type FtpReply = FTPResponse | FTPError;

/** What a server said of a file that it has sent. */
export interface FtpEnd {
  /** Its last reply, also if that says that the client has hung up; or the error that ended the control connection meanwhile. */
  last: FtpReply | Error;
  /** The reply to `MDTM`, if it was asked for with the file, and answered behind it. */
  behind?: FtpReply;
  /** True if nobody knows to what the next replies will belong. */
  outOfStep?: boolean;
}

/** What a server says of a file that it is about to send. */
export interface FtpTalk {
  /** Resolves when the server has agreed to send it, and rejects if it does not. */
  readonly begun: Promise<void>;
  /** Resolves behind the data. Rejects if the transfer does not begin. */
  readonly told: Promise<FtpEnd>;
}

/** The date of a file that was asked for with it, to be told behind it. */
export interface DateBehind {
  /** True if the server is known to answer that in its turn; else it is asked for a sign of life behind it. */
  isKept: () => boolean;
}

/**
 * Follows what is said of a file that was asked for by `RETR`.
 *
 * @param ftp The control connection.
 * @param path The file; behind a `REST` that the server takes, it is asked for now.
 * @param ask Asks, and lets the replies be handled.
 * @param date The `MDTM` that was sent behind the `RETR`. Some servers answer it while the file is on its way, refuse it then, or
 * forget it. Default: none was.
 */
export function followTransfer(
  ftp: FTPContext,
  path: string,
  ask: (handler: FtpReplyHandler) => Promise<FtpEnd>,
  date?: DateBehind,
): FtpTalk {
  const { promise: begun, resolve: begin, reject: refuse } = Promise.withResolvers<void>();
  let agreed = false;
  let tooEarly = false;
  let probing = false;
  let last: FtpReply | undefined;
  let behind: FtpReply | undefined;
  const told = ask((reply, task) => {
    const finish = (end: FtpEnd) => {
      if (!agreed && end.last instanceof Error) task.reject(end.last);
      else task.resolve(end);
    };
    const isNo = reply instanceof FTPError;
    if (reply instanceof Error && (!isNo || reply.code === 421)) return finish({ last: reply });
    const { code } = reply as FtpReply;
    if (code === 350) ftp.send(`RETR ${path}`);
    else if (code === 125 || code === 150) {
      agreed = true;
      begin();
    } else if (code < 200) return;
    else if (last === undefined) {
      if (date !== undefined && code === 213) {
        tooEarly = true;
        return;
      }
      last = reply as FtpReply;
      if (isNo && !agreed) refuse(reply);
      if (date === undefined || tooEarly) return finish({ last });
      // It may be the answer to the date, as well as to the file.
      if (isNo && agreed) return finish({ last, outOfStep: true });
      probing = !date.isKept();
      if (probing) ftp.send("NOOP");
    } else if (!probing) finish({ last, behind: reply as FtpReply });
    else if (behind !== undefined) finish({ last, behind });
    else if (code === 200) finish({ last });
    else behind = reply as FtpReply;
  });
  told.then(() => begin(), refuse);
  begun.catch(() => {});
  return { begun, told };
}
