/**
 * The options about what files must add up to.
 *
 * @module
 */
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, parseAlgorithm } from "../base/checksum_algorithm.ts";
import type { CfgRows } from "./cfg_field.ts";
import { type CfgKind, textThat } from "./cfg_kinds.ts";

/** The name of an algorithm, in any spelling. */
const ALGORITHM: CfgKind<ChecksumAlgorithm, string> = {
  parse(text) {
    const value = parseAlgorithm(text);
    return value === undefined ? { must: `be one of ${CHECKSUM_ALGORITHMS.join(", ")}` } : { value };
  },
  write: (given) => typeof given === "string" ? [given] : undefined,
  must: "be a string",
  option: (setting) => setting,
};

/** The options, in the order of the help. */
export const CFG_CHECKSUM_FIELDS = {
  checksum: {
    flag: "checksum",
    group: "what",
    common: true,
    placeholder: "ALGO:DIGEST",
    kind: textThat("be ALGORITHM:DIGEST"),
    defaultNote: "none",
    help:
      "what the file must add up to: sha-256, sha-512, sha-384, sha-224, sha-1 or md5, in hex or base64; for one url",
    commands: ["get", "add"],
    cliOnly: "the field checksum of an entry",
  },
  checksumFile: {
    flag: "checksum-file",
    group: "what",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "none",
    help: "take checksums by file name from this file, as sha256sum writes it; an entry's own one wins",
    commands: ["run", "get", "add", "check"],
  },
  checksumAlgo: {
    flag: "checksum-algo",
    group: "what",
    placeholder: "ALGO",
    kind: ALGORITHM,
    defaultNote: "as the file says",
    help: "the algorithm of the digests of --checksum-file, such as sha-256, where neither they nor a heading say it",
    commands: ["run", "get", "add", "check"],
  },
} as const satisfies CfgRows;
