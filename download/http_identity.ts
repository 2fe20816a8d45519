/**
 * Who asks over HTTP, and who may be asked. Plain data with the content of all files in it, so that it can be sent to a
 * Worker that may not read them. Most of it is secret.
 */
export interface HttpIdentity {
  /**
   * Headers of every request to the origin of a task's url; `user-agent` and `accept` go along to other origins. An empty value says
   * that no such header is to go out, a blank that it goes out empty.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** The text of a netrc file. */
  readonly netrc?: string;
  /** The text of a cookies.txt file; absent: no cookies are kept. */
  readonly cookies?: string;
  /** The url of the proxy; absent: those of the environment. */
  readonly proxy?: string;
  /** The urls of the environment's proxies, by the scheme of what is asked; absent: it names none. */
  readonly environmentProxies?: { readonly http?: string; readonly https?: string };
  /** What the environment exempts from any proxy, as `NO_PROXY` has it. */
  readonly noProxy?: string;
  /** Certificates to trust too, PEM. */
  readonly caCerts?: readonly string[];
  /** The certificate of the client and its key, PEM. */
  readonly clientCert?: { readonly cert: string; readonly key: string };
  /** Refuse addresses outside of the public internet. */
  readonly denyPrivate: boolean;
  /** Servers that are let pass all the same, as `host:port`. */
  readonly allowPrivate: readonly string[];
  /** Follow redirects from https to http. */
  readonly allowDowngrade: boolean;
}

/** Nobody in particular, who may ask everybody. */
export const ANONYMOUS: HttpIdentity = { headers: {}, denyPrivate: false, allowPrivate: [], allowDowngrade: false };
