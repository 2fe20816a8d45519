import { parseUrl } from "../../base/parse_url.ts";
import type { NetrcLookup } from "../netrc.ts";
import { decodePart } from "./decode_part.ts";
import { decodeBytes } from "./ftp_text.ts";

/** How a connection is encrypted: not at all, after `AUTH TLS`, or from its first byte. */
export type FtpSecurity = "none" | "explicit" | "implicit";

/** What an FTP url leads to. */
export interface FtpTarget {
  /** The server, as errors and host limits name it. */
  host: string;
  /** Its name or address, without brackets. */
  hostname: string;
  /** Its port. */
  port: number;
  /** How to connect. */
  security: FtpSecurity;
  /** Who asks. */
  user: string;
  /** And the password. */
  password: string;
  /**
   * The path, from the folder that the login leads to; from the root if it begins with a slash. One character a byte: it need
   * not be UTF-8.
   */
  path: string;
  /** Stands for server and account. */
  account: string;
}

// deno-lint-ignore no-control-regex -- control characters are what it looks for
const NOT_IN_A_LINE = /[\u0000-\u001f\u007f]/;
const PLAIN_PORT = 21;
const IMPLICIT_PORT = 990;

/**
 * Reads an `ftp:`, `ftps:` or `ftpes:` url as curl does: the path counts from the folder that the login leads to, and
 * `//` or `/%2F` from the root. `ftps:` is TLS from the first byte (port 990), but at port 21, where servers speak first;
 * `ftpes:` asks for TLS at port 21.
 *
 * @param url The url.
 * @param credentialsOf What a netrc file says of a host. Default: nothing.
 * @returns What it leads to; without a name, who asks is `anonymous`.
 * @throws {DownloadError} If the path has a line break, or is not percent-encoded.
 */
export function ftpTarget(
  url: string,
  credentialsOf: NetrcLookup = () => undefined,
): FtpTarget {
  const { protocol, host, hostname: name, port: written, username, password: secret, pathname } = parseUrl(url)!;
  const hostname = name.replace(/^\[(.*)\]$/, "$1");
  const security = protocol === "ftp:" ? "none" : protocol === "ftps:" && written !== "21" ? "implicit" : "explicit";
  const port = written === "" ? (security === "implicit" ? IMPLICIT_PORT : PLAIN_PORT) : Number(written);
  const given = username === "" ? undefined : decodePart(username, "user name", NOT_IN_A_LINE);
  const known = given === undefined || secret === "" ? credentialsOf(hostname, given) : undefined;
  const user = given ?? (known?.login || "anonymous");
  const password = given === undefined
    ? known?.password ?? "anonymous@"
    : known?.password ?? decodePart(secret, "password", NOT_IN_A_LINE);
  const path = decodeBytes(pathname.slice(1), "path", NOT_IN_A_LINE);
  const account = `${security} ${name}:${port} ${user} ${password}`;
  return { host, hostname, port, security, user, password, path, account };
}
