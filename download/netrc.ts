/**
 * Credentials from a netrc file, the one that curl, wget and ftp read.
 *
 * @module
 */
import { builtinModule } from "../base/builtin_module.ts";

/** What a host wants to know. */
export interface NetrcCredentials {
  /** The user name; empty if the entry has none. */
  login: string;
  /** The password; empty if the entry has none. */
  password: string;
}

/** A netrc file that cannot be read. The message has nothing of the file, for what is at the wrong place may be secret. */
export class NetrcError extends SyntaxError {
  /** Always `"netrc"`. */
  readonly code = "netrc";
  /** Where, counted from 1. */
  readonly line: number;

  /**
   * Says what is wrong, and where.
   *
   * @param must What the line must do.
   * @param line Counted from 1.
   */
  constructor(must: string, line: number) {
    super(`Cannot read line ${line} of the netrc file as it must ${must}`);
    this.name = "NetrcError";
    this.line = line;
  }
}

interface Token {
  text: string;
  line: number;
}

type Entry = Partial<Record<"login" | "password" | "account", string>>;

/** What a netrc file has for a host; for one of its users, if a login is given. */
export type NetrcLookup = (host: string, login?: string) => NetrcCredentials | undefined;

/**
 * Reads a netrc file: entries of `machine NAME` or `default`, each with `login`, `password` and `account`, and `macdef`,
 * which is skipped. Tokens are separated by white space, may stand in double quotes, and a backslash takes the next
 * character as it is. `#` begins a comment where a keyword could stand. Keywords may be in any case of letters; words that
 * are none, such as `port` and its number, are passed over.
 *
 * @param text The whole file.
 * @returns What gives the credentials for a host. Of several entries for it the first counts, and for a login the first that
 * has it, or none at all. `default` counts, wherever it stands, if no entry does; `undefined` if there is nothing. An entry with
 * neither login nor password keeps its host from `default`.
 * @throws {NetrcError} If a quote never closes, a backslash ends a line, or a value is at the wrong place.
 *
 * @example
 * ```ts
 * import { readNetrc } from "./netrc.ts";
 *
 * const credentials = readNetrc("machine example.org login me password secret");
 * credentials("EXAMPLE.org"); // { login: "me", password: "secret" }
 * credentials("example.org", "you"); // undefined
 * credentials("example.net"); // undefined
 * ```
 */
export function readNetrc(text: string): NetrcLookup {
  const machines = new Map<string, Entry[]>();
  const fallbacks: Entry[] = [];
  let current: Entry | undefined;
  const scanner = new Scanner(text);
  for (let token = scanner.keyword(); token !== undefined; token = scanner.keyword()) {
    const keyword = token.text.toLowerCase();
    switch (keyword) {
      case "machine": {
        const host = canonical(scanner.value(token));
        current = {};
        const entries = machines.get(host);
        if (entries === undefined) machines.set(host, [current]);
        else entries.push(current);
        break;
      }
      case "default":
        fallbacks.push(current = {});
        break;
      case "login":
      case "password":
      case "account":
        if (current === undefined) throw new NetrcError(`have machine or default before ${keyword}`, token.line);
        current[keyword] = scanner.value(token);
        break;
      case "macdef":
        scanner.skipMacro();
        break;
    }
  }
  return (host, login) => {
    const entries = machines.get(canonical(host)) ?? [];
    if (entries.some(isEmpty)) return undefined;
    const entry = entryFor(entries, login) ?? entryFor(fallbacks, login);
    return entry === undefined || isEmpty(entry)
      ? undefined
      : { login: entry.login ?? login ?? "", password: entry.password ?? "" };
  };
}

function entryFor(entries: readonly Entry[], login: string | undefined): Entry | undefined {
  if (login === undefined) return entries[0];
  return entries.find((entry) => entry.login === login) ??
    entries.find((entry) => entry.login === undefined && !isEmpty(entry));
}

function isEmpty({ login, password }: Entry): boolean {
  return login === undefined && password === undefined;
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  }

  /** The next token that is no comment. */
  keyword(): Token | undefined {
    this.#skip(/(?:[ \t\n\v\f\r]+|#[^\n]*)*/y);
    return this.#token();
  }

  value(keyword: Token): string {
    this.#skip(/[ \t\n\v\f\r]*/y);
    const token = this.#token();
    if (token === undefined) throw new NetrcError(`have a value after ${keyword.text}`, keyword.line);
    return token.text;
  }

  /** A macro ends with an empty line. */
  skipMacro(): void {
    const end = this.#text.indexOf("\n\n", this.#at);
    this.#advance(end === -1 ? this.#text.length : end);
  }

  #token(): Token | undefined {
    if (this.#at === this.#text.length) return undefined;
    const line = this.#line;
    const quoted = this.#text[this.#at] === '"';
    const raw = this.#skip(quoted ? /"(?:[^"\\\n]|\\[^\n])*"/y : /(?:[^ \t\n\v\f\r\\]|\\[^\n])*/y);
    if (quoted && raw === "") throw new NetrcError("close its quotes", line);
    if (!/[ \t\n\v\f\r]/.test(this.#text[this.#at] ?? " ")) {
      throw new NetrcError(quoted ? "have white space after quotes" : "not end in a backslash", line);
    }
    return { text: (quoted ? raw.slice(1, -1) : raw).replace(/\\(.)/gs, "$1"), line };
  }

  /** Moves past what matches here, and returns it. */
  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const skipped = pattern.exec(this.#text)?.[0] ?? "";
    this.#advance(this.#at + skipped.length);
    return skipped;
  }

  #advance(to: number): void {
    this.#line += this.#text.slice(this.#at, to).split("\n").length - 1;
    this.#at = to;
  }
}

function canonical(host: string): string {
  const plain = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return builtinModule("node:url").domainToASCII(plain) || plain;
}
