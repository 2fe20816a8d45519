// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
import { walk as untyped, walkSync as untypedSync } from "npm:deno-std@1.3.1/fs/walk.js";

/** Options of {@linkcode walk}. */
export interface WalkOptions {
  /** How many levels to go down; 0 is the root alone. Default: Infinity. */
  maxDepth?: number;
  /** Default: true. */
  includeFiles?: boolean;
  /** Default: true. */
  includeDirs?: boolean;
  /** Default: true. */
  includeSymlinks?: boolean;
  /** Default: false. */
  followSymlinks?: boolean;
  /** Whether a followed link's entry has its real path. Default: true. */
  canonicalize?: boolean;
  /** Only files with one of these extensions, with or without the dot. */
  exts?: string[];
  /** Only paths that match one of these. */
  match?: RegExp[];
  /** No path that matches one of these, and nothing below it. */
  skip?: RegExp[];
}

/** A folder entry with its path. */
export interface WalkEntry extends Deno.DirEntry {
  /** The root's path joined with the entry's. */
  path: string;
}

/** Goes through a folder and all below it. */
export const walk: (root: string | URL, options?: WalkOptions) => AsyncIterableIterator<WalkEntry> = untyped;
/** Goes through a folder and all below it. */
export const walkSync: (root: string | URL, options?: WalkOptions) => IterableIterator<WalkEntry> = untypedSync;
