import { DownloadError } from "./download_error.ts";

/** A link that a server does not serve any more, and what is known of its task. */
export interface ExpiredLink {
  /** The url of the task, as it is on the list. */
  url: string;
  /** The name of the task. */
  id: string;
  /** Where its file goes. */
  out: string;
  /** Which attempt it is, from 1. */
  attempt: number;
  /** What the server said. */
  status: number;
}

/** Another url for the same file, or why there is none. */
export type RenewedLink = { type: "url"; url: string } | { type: "problem"; message: string };

/** Gets a new url for a link; rejects with a `StoppedError` if the download is stopped meanwhile. */
export type RenewLink = (link: ExpiredLink) => Promise<RenewedLink>;

/**
 * What servers say of a link whose time is over. 401 is among them: strictly it asks for the user's credentials, but some
 * services say it of a token in the url too; where the credentials are wrong, the command is run once in vain.
 */
const EXPIRED: ReadonlySet<number> = new Set([401, 403, 410]);

/** The status of an answer that a new link may cure. */
export function expiredStatus(error: unknown): number | undefined {
  const status = error instanceof DownloadError && error.kind === "http" ? error.status : undefined;
  return status !== undefined && EXPIRED.has(status) ? status : undefined;
}
