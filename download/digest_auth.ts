/**
 * Digest authentication (RFC 7616): the password is proved, and not sent.
 *
 * @module
 */
import { builtinModule } from "../base/builtin_module.ts";
import type { NetrcCredentials } from "./netrc.ts";

type Algorithm = "md5" | "sha256";

/** What a server wants to be proved. */
export interface DigestChallenge {
  /** Whose password it is about. */
  realm: string;
  /** The server's number. */
  nonce: string;
  /** What the server wants to get back; absent: nothing. */
  opaque?: string;
  /** The hash. */
  algorithm: Algorithm;
  /** How the server names the hash; absent: it does not, and means MD5. */
  named?: string;
  /** The kind of protection; absent: that of RFC 2069, which counts nothing. */
  qop?: "auth" | "auth-int";
  /** True if user names are sent hashed. */
  userhash: boolean;
  /** True if only the number was too old: the password was right. */
  stale: boolean;
}

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ["md5", "md5"],
  ["md5-sess", "md5"],
  ["sha-256", "sha256"],
  ["sha-256-sess", "sha256"],
]);

/** A scheme, or a parameter: a value may be quoted, with escapes. */
const TOKEN = /\s*,?\s*(?:([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|([\w!#$%&'*+.^`|~-]+))/gy;

/**
 * Reads the challenges of a 401.
 *
 * @param field The value of `WWW-Authenticate`; several are joined by commas.
 * @returns The best Digest challenge that can be met: SHA-256 before MD5. Undefined if there is none.
 */
export function digestChallenge(field: string | null): DigestChallenge | undefined {
  const found = challengesIn(field ?? "").flatMap(({ scheme, params }) => {
    const challenge = scheme === "digest" ? toChallenge(params) : undefined;
    return challenge === undefined ? [] : [challenge];
  });
  return found.find(({ algorithm }) => algorithm === "sha256") ?? found[0];
}

function challengesIn(field: string): { scheme: string; params: Map<string, string> }[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  for (const [, name, quoted, plain, scheme] of field.matchAll(TOKEN)) {
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), params: new Map() });
    else found.at(-1)?.params.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain!);
  }
  return found;
}

function toChallenge(params: ReadonlyMap<string, string>): DigestChallenge | undefined {
  const [realm, nonce, opaque, named] = ["realm", "nonce", "opaque", "algorithm"].map((name) => params.get(name));
  const algorithm = ALGORITHMS.get(named?.toLowerCase() ?? "md5");
  const offered = params.get("qop")?.toLowerCase().split(/[\s,]+/);
  const qop = (["auth", "auth-int"] as const).find((kind) => offered?.includes(kind));
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  if (offered !== undefined && qop === undefined) return undefined;
  return {
    realm,
    nonce,
    algorithm,
    userhash: params.get("userhash")?.toLowerCase() === "true",
    stale: params.get("stale")?.toLowerCase() === "true",
    ...(opaque === undefined ? {} : { opaque }),
    ...(named === undefined ? {} : { named }),
    ...(qop === undefined ? {} : { qop }),
  };
}

/** Answers a challenge, request after request. */
export class DigestProof {
  /** What is proved. */
  readonly challenge: DigestChallenge;
  /** True once a server has accepted it. */
  worked = false;
  readonly #credentials: NetrcCredentials;
  #count = 0;

  /**
   * @param challenge What the server wants.
   * @param credentials Who asks.
   */
  constructor(challenge: DigestChallenge, credentials: NetrcCredentials) {
    this.challenge = challenge;
    this.#credentials = credentials;
  }

  /** True if these credentials are proved. */
  isOf({ login, password }: NetrcCredentials): boolean {
    return login === this.#credentials.login && password === this.#credentials.password;
  }

  /**
   * The value of `Authorization` for the next GET.
   *
   * @param url What is asked for.
   * @param cnonce A number of our own. Default: a random one.
   */
  authorization(url: URL, cnonce: string = crypto.randomUUID().replaceAll("-", "")): string {
    const { realm, nonce, opaque, algorithm, named, qop, userhash } = this.challenge;
    const { login, password } = this.#credentials;
    const { hash } = builtinModule("node:crypto");
    const { Buffer } = builtinModule("node:buffer");
    // A header has bytes, one character for each: what came in one is taken as it is.
    const digest = (...parts: string[]) => hash(algorithm, Buffer.from(parts.join(":"), "latin1"), "hex");
    const [user, word] = [login, password].map((text) => Buffer.from(text, "utf8").toString("latin1")) as [
      string,
      string,
    ];
    const uri = url.pathname + url.search;
    const count = (++this.#count).toString(16).padStart(8, "0");
    const secret = digest(user, realm, word);
    const session = named?.toLowerCase().endsWith("-sess") ? digest(secret, nonce, cnonce) : secret;
    // There is no body, of which auth-int has the digest of nothing.
    const asked = qop === "auth-int" ? digest("GET", uri, digest("")) : digest("GET", uri);
    const response = qop === undefined
      ? digest(session, nonce, asked)
      : digest(session, nonce, count, cnonce, qop, asked);
    const ascii = /^[\x20-\x7e]*$/.test(login);
    const username = userhash
      ? `username=${quote(digest(user, realm))}`
      : ascii
      ? `username=${quote(login)}`
      : `username*=UTF-8''${encodeURIComponent(login).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`;
    return "Digest " + [
      username,
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `uri=${quote(uri)}`,
      ...(named === undefined ? [] : [`algorithm=${named}`]),
      ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${count}`]),
      ...(qop === undefined && session === secret ? [] : [`cnonce=${quote(cnonce)}`]),
      `response=${quote(response)}`,
      ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
      ...(userhash ? ["userhash=true"] : []),
    ].join(", ");
  }
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
