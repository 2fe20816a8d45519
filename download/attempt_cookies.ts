import type { CookieJar } from "./cookie_jar.ts";

/**
 * The cookies that servers set in one attempt to fetch a file, where the user gave none to keep: many sites set one and redirect
 * to themselves, and serve only who brings it along. They are read when the next request may need them, as few answers with
 * cookies are followed by one.
 */
export class AttemptCookies {
  readonly #unread: [lines: readonly string[], url: string][] = [];
  #jar: CookieJar | undefined;

  /** Notes what an answer sets; nothing, if it sets nothing. */
  note(setCookieLines: readonly string[], url: string): void {
    if (setCookieLines.length > 0) this.#unread.push([setCookieLines, url]);
  }

  /** True if {@linkcode AttemptCookies.read} has something to do. */
  get hasNews(): boolean {
    return this.#unread.length > 0;
  }

  /** Reads what was noted; what that needs is loaded only then. */
  async read(): Promise<void> {
    const { CookieJar } = await import("./cookie_jar.ts");
    const jar = this.#jar ??= new CookieJar();
    for (const [lines, url] of this.#unread.splice(0)) jar.store(lines, url);
  }

  /** The value of the `Cookie` header for a url; undefined if there are no cookies for it. */
  cookieHeader(url: string): string | undefined {
    return this.#jar?.cookieHeader(url);
  }
}
