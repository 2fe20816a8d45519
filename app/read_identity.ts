import { builtinModule } from "../base/builtin_module.ts";
import { certificatesIgnored, IGNORE_CERTIFICATES } from "../config/certificates_ignored.ts";
import { CfgError, type CfgProblem } from "../config/cfg_error.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { HttpIdentity } from "../download/http_identity.ts";
import { readNetrc } from "../download/netrc.ts";
import { httpClient } from "../download/protocols/http_client.ts";
import type { DownloaderOptions } from "./downloader_options.ts";
import { environmentProxies } from "./environment_proxies.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
type Bad = (field: string, message: string) => void;

const SHOWN_LINES = 10;
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Puts together who asks: reads and checks the files that the settings name, so that Workers need not, and finds out
 * what does not go together.
 *
 * @param settings The settings.
 * @param options Who is told what of a file does not count, and whether the user is asked for passphrases. Default: nobody.
 * @returns The identity, with the content of the files in it.
 * @throws {CfgError} With everything that is wrong; nothing of the content of a file is in it.
 */
export async function readIdentity(
  settings: CfgSettings,
  { logger, askPassphrase }: Pick<DownloaderOptions, "logger" | "askPassphrase"> = {},
): Promise<HttpIdentity> {
  const problems: CfgProblem[] = [];
  const bad = (field: string, message: string) => problems.push({ field, source: "options", message });
  const read = async (
    field: "netrc" | "cookies" | "ca" | "cert" | "key",
    must: string,
    check: (text: string) => void | Promise<void>,
  ) => {
    const file = settings[field];
    if (file === undefined) return undefined;
    try {
      const text = await readText(file);
      await check(text);
      return text;
    } catch (error) {
      bad(field, `Cannot use --${field} as it must be ${must}: current value is "${file}" (${reasonOf(error)})`);
      return undefined;
    }
  };
  const netrc = await read("netrc", "a netrc file that can be read", (text) => void readNetrc(text));
  const cookies = await read(
    "cookies",
    "a cookie file that can be read",
    (text) => checkCookies(text, (message) => logger?.warn(message)),
  );
  const ca = await read("ca", "a file of certificates in PEM", (text) => void certificatesIn(text));
  const cert = await read("cert", "a file with a certificate in PEM", (text) => void certificatesIn(text));
  const key = await read("key", "a file with a private key in PEM", checkKey) ?? cert;
  await checkSshFiles(settings, askPassphrase !== undefined, bad);
  await checkModules(settings, bad);
  const environment = environmentProxies();
  if (settings.proxy === undefined) {
    for (const { variable, must, value } of environment.problems) {
      bad("proxy", `Cannot use the variable ${variable} as it must ${must}: current value is "${value}"`);
    }
  }
  checkTogether(settings, environment.identity.environmentProxies !== undefined, bad);
  const clientCert = cert === undefined || key === undefined ? undefined : { cert, key };
  if (clientCert !== undefined && problems.length === 0 && !fits(clientCert)) {
    const file = settings.key ?? settings.cert;
    bad("key", `Cannot use --key as it must be the private key of --cert, not encrypted: current value is "${file}"`);
  }
  if (problems.length > 0) throw new CfgError(problems);
  return {
    headers: headersOf(settings),
    ...(netrc === undefined ? {} : { netrc }),
    ...(cookies === undefined ? {} : { cookies }),
    ...(settings.proxy === undefined ? {} : { proxy: settings.proxy }),
    ...environment.identity,
    ...(ca === undefined ? {} : { caCerts: certificatesIn(ca) }),
    ...(clientCert === undefined ? {} : { clientCert }),
    denyPrivate: settings.denyPrivate,
    allowPrivate: settings.allowPrivate ?? [],
    allowDowngrade: settings.allowDowngrade,
  };
}

/** What the user names must be there; the files that SSH would read anyway need not. */
async function checkSshFiles(settings: CfgSettings, asks: boolean, bad: Bad): Promise<void> {
  const { sshKey = [], sshKnownHosts, sshAcceptNew, sshPassphrase } = settings;
  for (const file of sshKey) {
    const problem = await readText(file).then((text) => keyProblem(text, sshPassphrase, asks), reasonOf);
    if (problem === undefined) continue;
    bad(
      "sshKey",
      `Cannot use --ssh-key as it must be a file with a private key: current value is "${file}" (${problem})`,
    );
  }
  if (sshKnownHosts === undefined || sshAcceptNew) return;
  const problem = await readText(sshKnownHosts).then(() => undefined, reasonOf);
  if (problem === undefined) return;
  const must = "it must be a file of host keys that can be read";
  bad("sshKnownHosts", `Cannot use --ssh-known-hosts as ${must}: current value is "${sshKnownHosts}" (${problem})`);
}

async function keyProblem(text: string, passphrase: string | undefined, asks: boolean): Promise<string | undefined> {
  const { readPrivateKey } = await import("./private_key.ts");
  const key = await readPrivateKey(text, passphrase);
  if (key.type === "key") return undefined;
  if (key.type === "problem") return key.message;
  if (asks) return undefined;
  if (key.type === "wrong") return "it is encrypted, with another passphrase than that of --ssh-passphrase";
  // The agent may have the other half.
  return Deno.env.get("SSH_AUTH_SOCK") ? undefined : "it is encrypted: see --ssh-passphrase";
}

/** Modules of this machine must be there; others are looked for with the first url. */
async function checkModules({ protocols = [] }: CfgSettings, bad: Bad): Promise<void> {
  for (const { scheme, module } of protocols) {
    if (!module.startsWith("file:")) continue;
    const problem = await Deno.stat(new URL(module)).then(() => undefined, reasonOf);
    if (problem === undefined) continue;
    bad(
      "protocols",
      `Cannot use --protocol as its module must be there: current value is "${scheme}=${module}" (${problem})`,
    );
  }
}

/**
 * What is given several times goes out once with all values, which means the same (RFC 9110, 5.3), whichever client sends
 * it: `fetch` joins them anyway. Of `Cookie` there may be no second field, and its values have another separator. An empty value
 * takes back what was said before of its name, by other options too.
 */
function headersOf({ headers = [], userAgent, referer }: CfgSettings): Record<string, string> {
  const found = new Map<string, [name: string, value: string]>();
  for (const { name, value } of headers) {
    const lower = name.toLowerCase();
    const [first, before] = found.get(lower) ?? [name, ""];
    // What has no value adds nothing to the values that there are; alone it takes the header away, or a space sends it empty.
    const values = [before, value].filter((each) => each.trim() !== "");
    found.set(lower, [first, values.length === 0 ? before || value : values.join(lower === "cookie" ? "; " : ", ")]);
  }
  return {
    ...(userAgent === undefined || found.has("user-agent") ? {} : { "User-Agent": userAgent }),
    ...(referer === undefined || found.has("referer") ? {} : { Referer: referer }),
    ...Object.fromEntries(found.values()),
  };
}

function checkTogether(settings: CfgSettings, hasEnvironmentProxy: boolean, bad: Bad): void {
  const { proxy, cert, key, denyPrivate, insecure, s3RequestPayer, s3NoSignRequest } = settings;
  if (s3RequestPayer && s3NoSignRequest) {
    bad("s3RequestPayer", "Cannot use --s3-request-payer as it must be without --s3-no-sign-request: nobody would pay");
  }
  if (key !== undefined && cert === undefined) bad("key", "Cannot use --key as it must come with --cert");
  if (denyPrivate && cert !== undefined) bad("cert", "Cannot use --cert as it must be without --deny-private");
  if (denyPrivate && (proxy !== undefined || hasEnvironmentProxy)) {
    const where = proxy === undefined ? " (the environment names one)" : "";
    bad("denyPrivate", `Cannot use --deny-private as it must be without a proxy, which looks up the names${where}`);
  }
  if (insecure && certificatesIgnored() === false) {
    bad("insecure", `Cannot use --insecure as Deno must be started with ${IGNORE_CERTIFICATES}`);
  }
}

async function readText(file: string): Promise<string> {
  const { isDirectory, size } = await Deno.stat(file);
  if (isDirectory) throw new Error("it is a folder");
  if (size > MAX_BYTES) throw new Error("it is larger than 16 MiB");
  return await Deno.readTextFile(file);
}

/** Cookies are secret: lines that do not count are named by their numbers only. */
async function checkCookies(text: string, warn: (message: string) => void): Promise<void> {
  const { CookieJar } = await import("../download/cookie_jar.ts");
  const lines = new CookieJar().loadNetscapeCookies(text);
  if (lines.length === 0) return;
  const more = lines.length > SHOWN_LINES ? ` and ${lines.length - SHOWN_LINES} more` : "";
  const which = `${lines.length === 1 ? "line" : "lines"} ${lines.slice(0, SHOWN_LINES).join(", ")}${more}`;
  warn(
    `${which} of the cookie file (--cookies) cannot be read as a cookie of seven fields with tabs between, and is passed over`,
  );
}

function certificatesIn(text: string): string[] {
  const found = text.match(CERTIFICATE);
  if (found === null) throw new Error("it has no certificate");
  for (const [index, pem] of found.entries()) {
    try {
      new (builtinModule("node:crypto").X509Certificate)(pem);
    } catch {
      throw new Error(`certificate ${index + 1} is malformed`);
    }
  }
  return found;
}

function checkKey(text: string): void {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new Error("it has no private key");
}

function fits(clientCert: { cert: string; key: string }): boolean {
  try {
    httpClient({ clientCert }).close();
    return true;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
