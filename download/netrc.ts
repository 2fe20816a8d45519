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

/**
 * Reads a netrc file: entries of `machine NAME` or `default`, each with `login`, `password` and `account`, and `macdef`,
 * which is skipped. Tokens are separated by white space, may stand in double quotes, and a backslash takes the next
 * character as it is. `#` begins a comment where a keyword could stand. Of two entries for a host the first counts.
 *
 * @param text The whole file.
 * @returns What gives the credentials for a host: those of `default` for a host without an entry, `undefined` if there
 * are none. An entry with neither login nor password keeps its host from `default`.
 * @throws {NetrcError} If the file is malformed; also if `default` is not the last entry, as what follows would never
 * count.
 *
 * @example
 * ```ts
 * import { readNetrc } from "./netrc.ts";
 *
 * const credentials = readNetrc("machine example.org login me password secret");
 * credentials("EXAMPLE.org"); // { login: "me", password: "secret" }
 * credentials("example.net"); // undefined
 * ```
 */
export function readNetrc(text: string): (host: string) => NetrcCredentials | undefined {
  const machines = new Map<string, Entry>();
  let fallback: Entry | undefined;
  let current: Entry | undefined;
  const scanner = new Scanner(text);
  for (let token = scanner.keyword(); token !== undefined; token = scanner.keyword()) {
    switch (token.text) {
      case "machine": {
        if (fallback !== undefined) throw new NetrcError("not have a machine after default", token.line);
        const host = canonical(scanner.value(token));
        current = {};
        if (!machines.has(host)) machines.set(host, current);
        break;
      }
      case "default":
        if (fallback !== undefined) throw new NetrcError("not have a second default", token.line);
        fallback = current = {};
        break;
      case "login":
      case "password":
      case "account":
        if (current === undefined) throw new NetrcError(`have machine or default before ${token.text}`, token.line);
        if (current[token.text] !== undefined) throw new NetrcError(`not repeat the ${token.text}`, token.line);
        current[token.text] = scanner.value(token);
        break;
      case "macdef":
        scanner.value(token);
        scanner.skipMacro();
        break;
      default:
        throw new NetrcError("have machine, default, login, password, account or macdef there", token.line);
    }
  }
  return (host) => {
    const { login, password } = machines.get(canonical(host)) ?? fallback ?? {};
    if (login === undefined && password === undefined) return undefined;
    return { login: login ?? "", password: password ?? "" };
  };
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
