/**
 * The options about how HTTP is spoken, who asks and who is asked: headers, credentials, proxies, certificates, addresses.
 *
 * @module
 */
import { showAddress } from "../base/show_address.ts";
import { type CfgRows, DOWNLOADING, LISTING } from "./cfg_field.ts";
import { HEADERS, integer, oneOf, SWITCH, textOf, textThat } from "./cfg_kinds.ts";
import { parseHostPort, parseLine, parseProxy, parseReferer } from "./cfg_parse.ts";

/** The name of a header is no secret, its value may be; without a colon nobody knows which is which. */
const showHeader = (text: string): string => /^([\w-]+):/.exec(text)?.[0].concat(" …") ?? "…";
const showProxy = (text: string): string => showAddress(text) === text ? text : "…";

/** These options, in the order of the help. */
export const CFG_HTTP_FIELDS = {
  httpClient: {
    flag: "http-client",
    group: "who",
    placeholder: "NAME",
    kind: oneOf("auto", "fetch"),
    default: "auto",
    help:
      "auto: our own client where it can, fetch for servers of HTTP/2 only, client certificates and proxies; fetch: only fetch",
    commands: DOWNLOADING,
  },
  maxRedirects: {
    flag: "max-redirects",
    group: "who",
    placeholder: "N",
    kind: integer(0, 1_000),
    default: "20",
    help: "how many redirects to follow",
    commands: DOWNLOADING,
  },
  contentEncoding: {
    flag: "content-encoding",
    group: "where",
    placeholder: "MODE",
    kind: oneOf("auto", "decode", "keep"),
    default: "auto",
    help:
      "what is done with a Content-Encoding: auto decodes, but keeps files that are packed themselves; decode always decodes; keep never",
    commands: DOWNLOADING,
  },
  refreshCmd: {
    flag: "refresh-cmd",
    group: "who",
    fromFolder: "never",
    placeholder: "CMD",
    kind: textThat("be a command"),
    defaultNote: "none",
    show: () => "…",
    help:
      "run this shell command when a url answers 401, 403 or 410 (it is in COREHAUL_URL), and go on with the url it prints",
    commands: DOWNLOADING,
  },
  headers: {
    flag: "header",
    group: "who",
    common: true,
    placeholder: "HEADER",
    kind: HEADERS,
    defaultNote: "none",
    repeatable: true,
    show: showHeader,
    help: "send 'Name: value' to the origin of each url; 'Name:' removes one, 'Name;' sends it empty; may be repeated",
    commands: DOWNLOADING,
  },
  userAgent: {
    flag: "user-agent",
    group: "who",
    placeholder: "TEXT",
    kind: textOf(parseLine),
    defaultNote: "corehaul and its version",
    help: "the User-Agent header",
    commands: DOWNLOADING,
  },
  referer: {
    flag: "referer",
    group: "who",
    placeholder: "URL",
    kind: textOf(parseReferer),
    defaultNote: "none",
    help: "the Referer header, for the origin of each url",
    commands: DOWNLOADING,
  },
  netrc: {
    flag: "netrc",
    group: "who",
    common: true,
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "none",
    help: "take user names and passwords from this netrc file, by host",
    commands: LISTING,
  },
  cookies: {
    flag: "cookies",
    group: "who",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "no cookies",
    help: "send the cookies of this file (cookies.txt), and those that servers set meanwhile; it is not written",
    commands: DOWNLOADING,
  },
  proxy: {
    flag: "proxy",
    group: "who",
    common: true,
    fromFolder: "never",
    placeholder: "URL",
    kind: textOf(parseProxy),
    defaultNote: "from the environment",
    show: showProxy,
    help: "ask everything through this proxy: http, https or socks5 (which also looks up the names)",
    commands: DOWNLOADING,
  },
  ca: {
    flag: "ca",
    group: "who",
    fromFolder: "never",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "none",
    help: "trust the certificates in this PEM file too",
    commands: LISTING,
  },
  cert: {
    flag: "cert",
    group: "who",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "none",
    help: "the client certificate, PEM",
    commands: DOWNLOADING,
  },
  key: {
    flag: "key",
    group: "who",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "the file of --cert",
    help: "the private key of the client certificate, PEM, not encrypted",
    commands: DOWNLOADING,
  },
  insecure: {
    flag: "insecure",
    group: "who",
    fromFolder: "never",
    kind: SWITCH,
    default: "false",
    help: "take every TLS certificate, of anybody; not in a compiled binary",
    commands: DOWNLOADING,
  },
  denyPrivate: {
    flag: "deny-private",
    group: "who",
    fromFolder: "never",
    kind: SWITCH,
    default: "false",
    help:
      "refuse urls and redirects that lead outside of the public internet; not with a proxy or a client certificate",
    commands: LISTING,
  },
  allowPrivate: {
    flag: "allow-private",
    group: "who",
    fromFolder: "never",
    placeholder: "HOST:PORT",
    kind: textOf(parseHostPort),
    defaultNote: "none",
    repeatable: true,
    help: "let --deny-private pass this server; may be given several times",
    commands: LISTING,
  },
  allowDowngrade: {
    flag: "allow-downgrade",
    group: "who",
    fromFolder: "never",
    kind: SWITCH,
    default: "false",
    help: "follow redirects from https to http",
    commands: DOWNLOADING,
  },
} as const satisfies CfgRows;
