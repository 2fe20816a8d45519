/**
 * The options about who asks and who is asked: headers, credentials, proxies, certificates, addresses.
 *
 * @module
 */
import { type CfgField, DOWNLOADING, LISTING, textThat } from "./cfg_field.ts";
import { parseHeader, parseHostPort, parseLine, parseProxy, parseReferer, parseSwitch } from "./cfg_parse.ts";

/** The name of a header is no secret, its value may be; without a colon nobody knows which is which. */
const showHeader = (text: string): string => /^([\w-]+):/.exec(text)?.[0].concat(" …") ?? "…";
const showProxy = (text: string): string => text.includes("@") ? "…" : text;

/** These options, in the order of the help. */
export const CFG_HTTP_FIELDS: readonly CfgField[] = [
  {
    name: "refreshCmd",
    flag: "refresh-cmd",
    placeholder: "CMD",
    parse: textThat("be a command"),
    defaultNote: "none",
    show: () => "…",
    help:
      "run this shell command when a url answers 401, 403 or 410 (it is in COREHAUL_URL), and go on with the url it prints",
    commands: DOWNLOADING,
  },
  {
    name: "headers",
    flag: "header",
    placeholder: "HEADER",
    parse: parseHeader,
    defaultNote: "none",
    repeatable: true,
    show: showHeader,
    help: "send this header ('Name: value') to the origin of each url; may be given several times",
    commands: DOWNLOADING,
  },
  {
    name: "userAgent",
    flag: "user-agent",
    placeholder: "TEXT",
    parse: parseLine,
    defaultNote: "corehaul and its version",
    help: "the User-Agent header",
    commands: DOWNLOADING,
  },
  {
    name: "referer",
    flag: "referer",
    placeholder: "URL",
    parse: parseReferer,
    defaultNote: "none",
    help: "the Referer header, for the origin of each url",
    commands: DOWNLOADING,
  },
  {
    name: "netrc",
    flag: "netrc",
    placeholder: "FILE",
    parse: textThat("name a file"),
    defaultNote: "none",
    help: "take user names and passwords from this netrc file, by host",
    commands: LISTING,
  },
  {
    name: "cookies",
    flag: "cookies",
    placeholder: "FILE",
    parse: textThat("name a file"),
    defaultNote: "no cookies",
    help: "send the cookies of this file (cookies.txt), and those that servers set meanwhile; it is not written",
    commands: DOWNLOADING,
  },
  {
    name: "proxy",
    flag: "proxy",
    placeholder: "URL",
    parse: parseProxy,
    defaultNote: "from the environment",
    show: showProxy,
    help: "ask everything through this proxy: http, https or socks5 (which also looks up the names)",
    commands: DOWNLOADING,
  },
  {
    name: "ca",
    flag: "ca",
    placeholder: "FILE",
    parse: textThat("name a file"),
    defaultNote: "none",
    help: "trust the certificates in this PEM file too",
    commands: LISTING,
  },
  {
    name: "cert",
    flag: "cert",
    placeholder: "FILE",
    parse: textThat("name a file"),
    defaultNote: "none",
    help: "the client certificate, PEM",
    commands: DOWNLOADING,
  },
  {
    name: "key",
    flag: "key",
    placeholder: "FILE",
    parse: textThat("name a file"),
    defaultNote: "the file of --cert",
    help: "the private key of the client certificate, PEM, not encrypted",
    commands: DOWNLOADING,
  },
  {
    name: "insecure",
    flag: "insecure",
    parse: parseSwitch,
    default: "false",
    help: "take every TLS certificate, of anybody; not in a compiled binary",
    commands: DOWNLOADING,
  },
  {
    name: "denyPrivate",
    flag: "deny-private",
    parse: parseSwitch,
    default: "false",
    help:
      "refuse urls and redirects that lead outside of the public internet; not with a proxy or a client certificate",
    commands: LISTING,
  },
  {
    name: "allowPrivate",
    flag: "allow-private",
    placeholder: "HOST:PORT",
    parse: parseHostPort,
    defaultNote: "none",
    repeatable: true,
    help: "let --deny-private pass this server; may be given several times",
    commands: LISTING,
  },
  {
    name: "allowDowngrade",
    flag: "allow-downgrade",
    parse: parseSwitch,
    default: "false",
    help: "follow redirects from https to http",
    commands: DOWNLOADING,
  },
];
