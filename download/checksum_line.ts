/**
 * Single lines of files of checksums, as many tools write them.
 *
 * @module
 */
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, DIGEST_BYTES, parseAlgorithm } from "./checksum.ts";
import { algorithmOfHeading } from "./checksum_hints.ts";

/** What a line says: a digest, whose algorithm a tag may name, and a file unless it has the digest alone. */
export interface ChecksumLine {
  /** The name of the file; absent: the line has none. */
  name?: string;
  /** What names the algorithm; absent: nothing in the line. */
  tag?: string;
  /** As it is written; if there is no tag, it is in hexadecimal digits. */
  digest: string;
}

const PLAIN = /^([0-9a-f]{8,})[ \t](?:[ *]|(?![ *]))(.+)$/is;
const TAGGED = /^([a-z0-9/-]+) ?\((.+)\) ?= ?([a-z0-9+/=]+)$/is;
/** `NAME: 12 34 …` and `NAME: SHA256 = 12345678 …`, as `gpg --print-md` writes it; the digest may begin in the next line. */
const GROUPED = /^(\S.*?):\s*(?:([a-z0-9-]+)\s*=\s*)?((?:[0-9a-f]{2,}(?:\s+|$))*)$/i;
const GROUPS = /^[ \t]+[0-9a-f]{2,}(?:\s+[0-9a-f]{2,})*\s*$/i;
const REVERSED = /^([^\s:]+)[ \t]+([0-9a-f]{8,})[ \t]*$/i;
const ALONE = /^(?:([a-z0-9/-]+) ?[:=] ?)?([0-9a-f]{8,})[ \t]*$/i;
const ESCAPES: ReadonlyMap<string, string> = new Map([["n", "\n"], ["r", "\r"], ["\\", "\\"]]);

/**
 * Reads a line of a file of checksums: `DIGEST  NAME`, `DIGEST *NAME`, `ALGORITHM (NAME) = DIGEST`, `NAME  DIGEST`, `DIGEST`,
 * `ALGORITHM: DIGEST`; with escaped names or not. `./` before a name is dropped.
 *
 * @param line The line, without white space around it.
 * @returns What it says, for an algorithm that is known or not; `undefined` if it is none of that.
 */
export function parseChecksumLine(line: string): ChecksumLine | undefined {
  const escaped = line.startsWith("\\");
  const body = escaped ? line.slice(1) : line;
  const found = parsePlain(body) ?? parseTagged(body) ??
    (escaped ? undefined : parseReversed(body) ?? parseAlone(body));
  if (found?.name === undefined) return found;
  const name = (escaped ? unescapeName(found.name) : found.name)?.replace(/^(?:\.\/+)+/, "");
  return name === undefined || name === "" ? undefined : { ...found, name };
}

/** The start of a digest in groups, which the lines after it go on with if it is not whole. */
export function parseGroupedLine(line: string): ChecksumLine | undefined {
  const [, name, tag, groups] = GROUPED.exec(line) ?? [];
  if (name === undefined || groups === undefined || parseAlgorithm(name) !== undefined) return undefined;
  return { name: name.replace(/^(?:\.\/+)+/, ""), ...(tag === undefined ? {} : { tag }), digest: joined(groups) };
}

/** The digits of a line that goes on with a digest in groups; `undefined` if it does not. */
export function parseGroups(line: string): string | undefined {
  return GROUPS.test(line) ? joined(line) : undefined;
}

/** The algorithm whose digests have so many hexadecimal digits. */
export function algorithmOfLength(digits: number): ChecksumAlgorithm | undefined {
  return CHECKSUM_ALGORITHMS.find((algorithm) => DIGEST_BYTES[algorithm] * 2 === digits);
}

function parsePlain(body: string): ChecksumLine | undefined {
  const [, digest, name] = PLAIN.exec(body) ?? [];
  return digest === undefined || name === undefined ? undefined : { name, digest };
}

function parseTagged(body: string): ChecksumLine | undefined {
  const [, tag, name, digest] = TAGGED.exec(body) ?? [];
  return tag === undefined || name === undefined || digest === undefined ? undefined : { name, tag, digest };
}

function parseReversed(body: string): ChecksumLine | undefined {
  const [, name, digest] = REVERSED.exec(body) ?? [];
  if (name === undefined || digest === undefined || parseAlgorithm(name) !== undefined) return undefined;
  return { name, digest };
}

function parseAlone(body: string): ChecksumLine | undefined {
  const [, tag, digest] = ALONE.exec(body) ?? [];
  if (digest === undefined || (tag !== undefined && algorithmOfHeading(tag) === undefined)) return undefined;
  return { ...(tag === undefined ? {} : { tag }), digest };
}

function joined(groups: string): string {
  return groups.replace(/\s+/g, "");
}

/** Undoes the escapes of a name; `undefined` if one of them is unknown. */
function unescapeName(name: string): string | undefined {
  let known = true;
  const plain = name.replace(/\\(.?)/gs, (_, letter: string) => {
    const character = ESCAPES.get(letter);
    if (character === undefined) known = false;
    return character ?? "";
  });
  return known ? plain : undefined;
}
