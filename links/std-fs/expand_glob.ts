// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
import { expandGlob as untyped } from "npm:deno-std@1.3.1/fs/expand_glob.js";
import type { WalkEntry } from "./walk.ts";

/** Options of {@linkcode expandGlob}. */
export interface ExpandGlobOptions {
  /** Where relative patterns begin. Default: the working folder. */
  root?: string;
  /** Patterns of what is left out. */
  exclude?: string[];
  /** Default: true. */
  includeDirs?: boolean;
  /** Default: false. */
  followSymlinks?: boolean;
  /** Whether a followed link's entry has its real path. Default: true. */
  canonicalize?: boolean;
  /** Whether `**` stands for any number of folders. Default: true. */
  globstar?: boolean;
}

/** Finds the files that a pattern means. */
export const expandGlob: (glob: string | URL, options?: ExpandGlobOptions) => AsyncIterableIterator<WalkEntry> =
  untyped;
