// @ts-types="./ssh2_types.d.ts"
import ssh2 from "ssh2";

/** How long the secret number of a curve is, by the type of the key. */
const SECRET_BYTES: Readonly<Record<string, number>> = {
  "ecdsa-sha2-nistp256": 32,
  "ecdsa-sha2-nistp384": 48,
};
/** The runtime does not know this curve. */
const UNKNOWN = "ecdsa-sha2-nistp521";

/**
 * A private key as the runtime can sign with it. OpenSSH writes the secret number of an ECDSA key as short as it goes, or
 * with a zero in front, and `ssh2` takes it over as it is; the runtime wants its exact length (RFC 5915).
 *
 * @param text The key, PEM.
 * @returns The same; of an ECDSA key with its number in full length. Undefined if the runtime cannot sign with it.
 */
export function signableKey(text: string): string | undefined {
  const parsed = [ssh2.utils.parseKey(text)].flat()[0];
  if (parsed === undefined || parsed instanceof Error) return text;
  if (parsed.type === UNKNOWN) return undefined;
  const size = SECRET_BYTES[parsed.type];
  if (size === undefined) return text;
  const der = Uint8Array.fromBase64(parsed.getPrivatePEM().replace(/-----[^-]+-----|\s/g, ""));
  // A sequence of the version, the number, and the rest.
  const start = 2 + lengthBytes(der, 1) - 1;
  const number = start + 3;
  const length = der[number + 1]!;
  const end = number + 2 + length;
  const secret = der.subarray(number + 2, end);
  const full = new Uint8Array(size);
  const kept = secret.subarray(Math.max(0, length - size));
  full.set(kept, size - kept.length);
  const body = [...der.subarray(start, number), 0x04, size, ...full, ...der.subarray(end)];
  const head = body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length];
  const base64 = Uint8Array.from([...head, ...body]).toBase64().match(/.{1,64}/g)!;
  return ["-----BEGIN EC PRIVATE KEY-----", ...base64, "-----END EC PRIVATE KEY-----", ""].join("\n");
}

/** How many bytes the length takes that stands at a place. */
function lengthBytes(der: Uint8Array, at: number): number {
  const first = der[at]!;
  return first < 128 ? 1 : 1 + (first & 0x7f);
}
