/**
 * Decides which headers go where: what the user gave is for the origin of a task's url alone.
 *
 * @module
 */
import { builtinModule } from "../base/builtin_module.ts";
import type { AttemptCookies } from "./attempt_cookies.ts";
import type { CookieJar } from "./cookie_jar.ts";
import type { HttpIdentity } from "./http_identity.ts";
import { type NetrcCredentials, type NetrcLookup, readNetrc } from "./netrc.ts";

type HeaderRecord = Readonly<Record<string, string>>;

/** What may go along to another origin: it tells nothing about the user's rights. */
const HARMLESS: ReadonlySet<string> = new Set(["user-agent", "accept"]);
const NONE: HeaderRecord = {};
// deno-lint-ignore no-control-regex -- it tells ASCII from the rest
const ASCII = /^[\u0000-\u007f]*$/;

/** One request on its way, from redirect to redirect. */
export interface RequestIdentity {
  /** The url of the task, without user name and password. */
  readonly url: URL;
  /** The headers for the url that the request is at now. */
  headers(): HeaderRecord;
  /** Notes where a redirect leads. */
  moveTo(url: URL): void;
  /** Notes what an answer of the url that the request is at sets. */
  learn(setCookieLines: readonly string[]): void;
  /** Who asks where the request is now, by name and password; undefined where nobody is known, or a header says so. */
  credentials(): NetrcCredentials | undefined;
  /** Takes the cookies of its attempt along from now on, where none are kept for all. */
  useCookies(cookies: AttemptCookies): void;
  /** True if the user gave a `Cookie` header that goes to where the request is: it takes the place of all other cookies. */
  readonly hasOwnCookie: boolean;
}

/**
 * The credentials and cookies of a worker. Headers of a task win over those of the options. They, and the user name and
 * password in the url, stay at the origin of the url: once another origin was asked, not even a way back brings them
 * out again. Only `User-Agent` and `Accept` go along. Entries of the netrc file and cookies are for hosts, wherever a
 * redirect comes from; they fill in where nothing else gives an `Authorization` or a `Cookie`. Where no cookies are kept, those that
 * servers set in an attempt go along in that attempt alone.
 *
 * @example
 * ```ts
 * import { ANONYMOUS } from "./http_identity.ts";
 * import { RequestIdentities } from "./request_identity.ts";
 *
 * const identities = new RequestIdentities({ ...ANONYMOUS, headers: { "X-Key": "1" } });
 * const request = identities.start("https://me:secret@example.org/a", {});
 * request.headers(); // { "X-Key": "1", Authorization: "Basic bWU6c2VjcmV0" }
 * request.moveTo(new URL("https://example.net/a"));
 * request.headers(); // {}
 * ```
 */
export class RequestIdentities {
  readonly #headers: HeaderRecord;
  readonly #credentials: NetrcLookup | undefined;
  readonly #jar: CookieJar | undefined;

  /**
   * @param identity Whose requests they are.
   * @param jar Its cookies, and where those go that servers set. Default: none are sent or kept.
   * @throws {NetrcError} If the netrc file is malformed.
   */
  constructor(identity: HttpIdentity, jar?: CookieJar) {
    this.#headers = identity.headers;
    if (identity.netrc !== undefined) this.#credentials = readNetrc(identity.netrc);
    this.#jar = jar;
  }

  /** Makes one with the cookies of the identity. What cookies need is loaded only then: few ask for them. */
  static async withCookies(identity: HttpIdentity): Promise<RequestIdentities> {
    const { CookieJar } = await import("./cookie_jar.ts");
    const jar = new CookieJar();
    jar.loadNetscapeCookies(identity.cookies ?? "");
    return new RequestIdentities(identity, jar);
  }

  /** True if answers may set cookies. */
  get keepsCookies(): boolean {
    return this.#jar !== undefined;
  }

  /**
   * Begins a request for a task.
   *
   * @param href The url of the task.
   * @param taskHeaders Its headers.
   * @param anonymous Leave out the headers of the options that tell of the user's rights, and netrc. Default false.
   */
  start(href: string, taskHeaders: HeaderRecord, anonymous = false): RequestIdentity {
    const url = new URL(href);
    const userinfo = takeUserinfo(url);
    const headers = anonymous ? harmless(this.#headers) : this.#headers;
    const known = anonymous ? undefined : this.#credentials;
    if (userinfo?.password === "") userinfo.password = known?.(url.hostname, userinfo.login)?.password ?? "";
    const own = userinfo === undefined && isEmpty(headers) && isAscii(taskHeaders)
      ? taskHeaders
      : merge(userinfo === undefined ? NONE : basic(userinfo), headers, taskHeaders);
    return new OneRequest(url, own, userinfo, known, this.#jar);
  }
}

class OneRequest implements RequestIdentity {
  readonly url: URL;
  /** What the user gave, as far as it may still go along. */
  #own: HeaderRecord;
  /** Name and password of the url, as far as they may still go along. */
  #userinfo: NetrcCredentials | undefined;
  #at: URL;
  readonly #credentials: NetrcLookup | undefined;
  readonly #jar: CookieJar | undefined;
  #cookies: AttemptCookies | undefined;

  constructor(
    url: URL,
    own: HeaderRecord,
    userinfo: NetrcCredentials | undefined,
    credentials: NetrcLookup | undefined,
    jar: CookieJar | undefined,
  ) {
    this.url = this.#at = url;
    this.#own = own;
    this.#userinfo = userinfo;
    this.#credentials = credentials;
    this.#jar = jar;
  }

  get hasOwnCookie(): boolean {
    return has(this.#own, "cookie");
  }

  headers(): HeaderRecord {
    const own = this.#own;
    const jar = this.#jar ?? this.#cookies;
    if (this.#credentials === undefined && jar === undefined) return own;
    const credentials = has(own, "authorization") ? undefined : this.#credentials?.(this.#at.hostname);
    const cookie = this.hasOwnCookie ? undefined : jar?.cookieHeader(this.#at.href);
    return {
      ...own,
      ...(credentials === undefined ? {} : basic(credentials)),
      ...(cookie === undefined ? {} : { Cookie: cookie }),
    };
  }

  moveTo(target: URL): void {
    if (target.origin !== this.#at.origin) {
      this.#own = harmless(this.#own);
      this.#userinfo = undefined;
    }
    this.#at = target;
  }

  credentials(): NetrcCredentials | undefined {
    const userinfo = this.#userinfo;
    if (!has(this.#own, "authorization")) return this.#credentials?.(this.#at.hostname);
    // What the user gave as a header says all there is to say.
    return userinfo !== undefined && this.#own["Authorization"] === basic(userinfo)["Authorization"]
      ? userinfo
      : undefined;
  }

  useCookies(cookies: AttemptCookies): void {
    this.#cookies = cookies;
  }

  learn(setCookieLines: readonly string[]): void {
    this.#jar?.store(setCookieLines, this.#at.href);
  }
}

/** Removes the userinfo from a url. */
function takeUserinfo(url: URL): NetrcCredentials | undefined {
  const { username, password } = url;
  if (username === "" && password === "") return undefined;
  url.username = url.password = "";
  return { login: decode(username), password: decode(password) };
}

/** What is no valid escape stands for itself. */
function decode(text: string): string {
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return buffers().from(bytes, "latin1").toString("utf8");
}

function basic({ login, password }: NetrcCredentials): HeaderRecord {
  return { Authorization: `Basic ${buffers().from(`${login}:${password}`, "utf8").toString("base64")}` };
}

/** Later ones win, in whatever case a name is written. Text goes out as UTF-8, one character for each byte. */
function merge(...layers: HeaderRecord[]): HeaderRecord {
  const found = new Map<string, [name: string, value: string]>();
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) found.set(name.toLowerCase(), [name, toBytes(value)]);
  }
  return Object.fromEntries(found.values());
}

function toBytes(text: string): string {
  return ASCII.test(text) ? text : buffers().from(text, "utf8").toString("latin1");
}

function harmless(headers: HeaderRecord): HeaderRecord {
  if (isEmpty(headers)) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name.toLowerCase())));
}

function has(headers: HeaderRecord, wanted: string): boolean {
  for (const name in headers) if (name.toLowerCase() === wanted) return true;
  return false;
}

function isEmpty(headers: HeaderRecord): boolean {
  for (const _ in headers) return false;
  return true;
}

function isAscii(headers: HeaderRecord): boolean {
  for (const name in headers) if (!ASCII.test(headers[name]!)) return false;
  return true;
}

function buffers() {
  return builtinModule("node:buffer").Buffer;
}
