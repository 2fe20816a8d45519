import { connectAny } from "./connect_any.ts";
import { connectTcp } from "./connect_tcp.ts";
import type { HttpIdentity } from "./http_identity.ts";
import { type LookupWatch, NameLookups } from "./name_lookups.ts";

/** Where to connect to. */
export interface ConnectTarget {
  /** A name, or an address without brackets. */
  hostname: string;
  /** The port. */
  port: number;
  /** Gives up; the reason is thrown. */
  signal: AbortSignal;
  /** Told while the name is looked up. Default: nobody is. */
  watch?: LookupWatch | undefined;
}

/** Makes a connection. */
export type Connect = (target: ConnectTarget) => Promise<Deno.TcpConn>;

/** Only an address together with its network interface leads there, and look-ups do not tell the interface. */
const LINK_LOCAL = /^fe[89ab]/i;

/**
 * Where the hosts of a worker are, for all clients that connect to them. Who denies private addresses connects only to those of
 * the public internet, and to servers that are named: the addresses that were looked at are the ones that are dialled.
 */
export class HostAddresses {
  /** The look-ups behind it. */
  readonly names: NameLookups;
  readonly #allowed: readonly string[] | undefined;

  /**
   * @param identity Who asks.
   * @param names The look-ups. Default: new ones, made by the system.
   */
  constructor(
    { denyPrivate, allowPrivate }: Pick<HttpIdentity, "denyPrivate" | "allowPrivate">,
    names: NameLookups = new NameLookups(),
  ) {
    this.names = names;
    this.#allowed = denyPrivate ? allowPrivate : undefined;
  }

  /**
   * The addresses of a host, for those who cannot be given a connection.
   *
   * @returns At least one.
   * @throws {DownloadError} Of the kind `security` if but one of them is not to be connected.
   * @throws {LookupError} If there is none; an abort throws its reason.
   */
  async addressesOf({ hostname, port, signal, watch }: ConnectTarget): Promise<readonly string[]> {
    signal.throwIfAborted();
    const addresses = await this.names.addressesOf(hostname, signal, watch);
    if (this.#allowed === undefined) return addresses;
    // Few ask for it.
    const { checkPublic } = await import("./public_addresses.ts");
    checkPublic(hostname, port, addresses, this.#allowed);
    return addresses;
  }

  /**
   * Connects to the first address of a host that answers.
   *
   * @throws Whatever {@linkcode HostAddresses.addressesOf} throws, or why the last address could not be connected; an abort
   * throws its reason.
   */
  readonly connect: Connect = async (target) => {
    const { hostname, port, signal } = target;
    const addresses = await this.addressesOf(target);
    try {
      return addresses.some((address) => LINK_LOCAL.test(address))
        ? await connectTcp({ hostname, port, signal })
        : await connectAny(addresses, port, signal);
    } catch (error) {
      this.names.doubt(hostname);
      throw error;
    }
  };
}
