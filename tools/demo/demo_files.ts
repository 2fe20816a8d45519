import { hash } from "node:crypto";

/** How the server treats a file. */
export type DemoManner = "quick" | "trickle" | "busy-once" | "missing";

/** A file of the demo. */
export interface DemoFile {
  /** The path of its url, with the slash. */
  path: string;
  /** How the server treats it. */
  manner: DemoManner;
  /** What it holds; nothing if it is missing. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The SHA-256 of that. */
  digest: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** All files are cut out of one piece of noise, each at another place. */
const NOISE_BYTES = 8 * MIB;
const RANDOM_BYTES_AT_ONCE = 64 * KIB;

/**
 * Makes the files of the demo: many small ones, some of medium size, a few large ones; every twentieth is refused once,
 * some come slowly, and one is not there.
 *
 * @param count How many.
 * @returns The files, the missing one among them.
 */
export function makeDemoFiles(count: number): DemoFile[] {
  const noise = new Uint8Array(NOISE_BYTES);
  for (let from = 0; from < noise.length; from += RANDOM_BYTES_AT_ONCE) {
    crypto.getRandomValues(noise.subarray(from, from + RANDOM_BYTES_AT_ONCE));
  }
  return Array.from({ length: count }, (_, i) => {
    const manner = mannerOf(i);
    const size = manner === "missing" ? 0 : manner === "trickle" ? 300 * KIB + i * 1000 : sizeOf(i);
    const from = (i * 7919) % (noise.length - size);
    const bytes = noise.subarray(from, from + size);
    return { path: pathOf(i, manner), manner, bytes, digest: hash("sha256", bytes) };
  });
}

function mannerOf(i: number): DemoManner {
  if (i === 123) return "missing";
  if (i % 20 === 7) return "busy-once";
  if (i % 25 === 11) return "trickle";
  return "quick";
}

function sizeOf(i: number): number {
  if (i % 30 === 5) return MIB + (i % 4) * MIB;
  if (i % 4 === 2) return 64 * KIB + i * 999;
  return 500 + (i * 631) % (32 * KIB);
}

function pathOf(i: number, manner: DemoManner): string {
  const number = String(i + 1).padStart(3, "0");
  if (manner === "missing") return `/lost/page-${number}.html`;
  const kinds = ["photos/photo", "songs/song", "books/book", "maps/map"];
  const endings = ["jpg", "ogg", "pdf", "tiff"];
  return `/${kinds[i % 4]}-${number}.${endings[i % 4]}`;
}
