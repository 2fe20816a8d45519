/**
 * The checksums that a server sends along: `Repr-Digest` and `Content-Digest` (RFC 9530), and the older `Digest`
 * (RFC 3230).
 *
 * @module
 */
import { builtinModule } from "../base/builtin_module.ts";
import { type Dictionary, parseDictionary } from "structured-headers";
import {
  type Checksum,
  type ChecksumAlgorithm,
  DIGEST_BYTES,
  digestFromBase64,
  parseAlgorithm,
  strongestChecksum,
} from "./checksum.ts";

/** What became of the body before its bytes are counted as the file's. */
export interface DigestBody {
  /** True if a `Content-Encoding` was undone: all three headers are about the bytes before that. */
  decoded: boolean;
  /** True if the answer is a 206: then `Content-Digest` is about the piece, and `Digest` is often taken to be. */
  partial: boolean;
}

/**
 * The strongest checksum of the whole file, as it is stored, that the headers of an answer have. What is malformed, or
 * of an unknown algorithm, does not count.
 *
 * @param headers The headers of the answer.
 * @param body What became of the body.
 * @returns The checksum, or `undefined` if no header describes the whole file.
 *
 * @example
 * ```ts
 * import { digestHeader } from "./digest_header.ts";
 *
 * const headers = new Headers({ "repr-digest": "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:" });
 * digestHeader(headers, { decoded: false, partial: false })?.digest; // "d41d8cd98f00b204e9800998ecf8427e"
 * digestHeader(headers, { decoded: true, partial: false }); // undefined
 * ```
 */
export function digestHeader(headers: Pick<Headers, "get">, body: DigestBody): Checksum | undefined {
  if (body.decoded) return undefined;
  const checksums = fromDictionary(headers.get("repr-digest"));
  if (!body.partial) {
    checksums.push(...fromDictionary(headers.get("content-digest")), ...fromPairs(headers.get("digest")));
  }
  return strongestChecksum(checksums);
}

/** One member that is malformed spoils the whole header: so RFC 9651 has it. */
function fromDictionary(value: string | null): Checksum[] {
  if (value === null) return [];
  let members: Dictionary;
  try {
    members = parseDictionary(value);
  } catch {
    return [];
  }
  return [...members].flatMap(([key, [item]]) => {
    const algorithm = toAlgorithm(key);
    if (algorithm === undefined || !(item instanceof ArrayBuffer)) return [];
    if (item.byteLength !== DIGEST_BYTES[algorithm]) return [];
    return [{ algorithm, digest: builtinModule("node:buffer").Buffer.from(item).toString("hex") }];
  });
}

function fromPairs(value: string | null): Checksum[] {
  return (value ?? "").split(",").flatMap((pair) => {
    const [, key = "", text = ""] = /^\s*([^\s=]+)=(\S+)\s*$/.exec(pair) ?? [];
    const algorithm = toAlgorithm(key);
    const digest = algorithm === undefined ? undefined : digestFromBase64(algorithm, text);
    return algorithm === undefined || digest === undefined ? [] : [{ algorithm, digest }];
  });
}

/** Both registries call SHA-1 just `sha`. */
function toAlgorithm(key: string): ChecksumAlgorithm | undefined {
  return key.toLowerCase() === "sha" ? "sha-1" : parseAlgorithm(key);
}
