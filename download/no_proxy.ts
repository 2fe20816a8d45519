import type { BlockList } from "node:net";
import { builtinModule } from "../base/builtin_module.ts";

/** Whom a rule exempts; without a port, whatever the port. */
interface Exemption {
  port: string;
  /** The name itself and what is below it. */
  name?: string;
  addresses?: BlockList;
}

const BRACKETS = /^\[([^\]]*)\](\/\d+)?(?::(\d+))?$/;
const WITH_PORT = /^([^:]+):(\d+)$/;

/**
 * Reads the variable `NO_PROXY`: names, which stand for what is below them too, addresses, networks such as `10.0.0.0/8`, each with a port if
 * only that is meant, and `*` for everything. Commas or blanks stand between them. A dot or `*.` before a name adds nothing.
 * What means nothing is passed over.
 *
 * @param text The value of the variable.
 * @returns Says whether a url is to be asked directly.
 *
 * @example
 * ```ts
 * import { noProxyRule } from "./no_proxy.ts";
 *
 * noProxyRule("localhost, .example.org:8080")(new URL("http://www.example.org:8080/")); // true
 * ```
 */
export function noProxyRule(text: string): (url: URL) => boolean {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  if (entries.includes("*")) return () => true;
  const exemptions = entries.map(readEntry).filter((exemption) => exemption !== undefined);
  return ({ hostname, port: written, protocol }) => {
    const port = written === "" ? protocol === "https:" ? "443" : "80" : written;
    const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
    const family = familyOf(host);
    return exemptions.some((exemption) => {
      if (exemption.port !== "" && exemption.port !== port) return false;
      if (family !== undefined) return exemption.addresses?.check(host, family) === true;
      return exemption.name !== undefined && `.${host}`.endsWith(`.${exemption.name}`);
    });
  };
}

function readEntry(entry: string): Exemption | undefined {
  const [whole, inside, prefix = "", portAfter = ""] = BRACKETS.exec(entry) ?? [];
  if (whole !== undefined) return addressesOf(`${inside}${prefix}`, portAfter);
  const [, before = entry, port = ""] = WITH_PORT.exec(entry) ?? [];
  if (before.includes("/") || familyOf(before) !== undefined) return addressesOf(before, port);
  const name = canonical(before.replace(/^\*?\.+/, "").replace(/\.$/, ""));
  return name === "" ? undefined : { name, port };
}

/** An address, or a network. */
function addressesOf(text: string, port: string): Exemption | undefined {
  const [address = "", prefix] = text.split("/");
  const family = familyOf(address);
  if (family === undefined) return undefined;
  const { BlockList } = builtinModule("node:net");
  const addresses = new BlockList();
  if (prefix === undefined) addresses.addAddress(address, family);
  else if (/^\d+$/.test(prefix) && Number(prefix) <= (family === "ipv4" ? 32 : 128)) {
    addresses.addSubnet(address, Number(prefix), family);
  } else return undefined;
  return { addresses, port };
}

function familyOf(host: string): "ipv4" | "ipv6" | undefined {
  const version = builtinModule("node:net").isIP(host);
  return version === 4 ? "ipv4" : version === 6 ? "ipv6" : undefined;
}

function canonical(name: string): string {
  return builtinModule("node:url").domainToASCII(name) || name.toLowerCase();
}
