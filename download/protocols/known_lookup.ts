import { lookup } from "node:dns";
import { isIP, type LookupFunction, Socket, type TcpSocketConnectOpts } from "node:net";

/**
 * What node's clients are to take for the look-up of a name, so that they make none of their own. Of several addresses they try
 * one after the other.
 *
 * @param addresses The addresses that the name has, at least one; or the name itself, which is left to the system.
 */
export function knownLookup(addresses: readonly string[]): LookupFunction {
  if (isIP(addresses[0]!) === 0) return lookup as LookupFunction;
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, { all }, done) => {
    if (all) done(null, known);
    else done(null, known[0]!.address, known[0]!.family);
  };
}

/** A socket for clients that connect it themselves. */
export class LedSocket extends Socket {
  readonly #lookup: LookupFunction;

  /** @param lookup Gives the addresses of whatever name it is to be connected to. */
  constructor(lookup: LookupFunction) {
    super();
    this.#lookup = lookup;
  }

  // deno-lint-ignore no-explicit-any -- one of several forms
  override connect(...args: any): this {
    const [options, ...rest] = args as [TcpSocketConnectOpts];
    return super.connect({ ...options, lookup: this.#lookup }, ...rest);
  }
}
