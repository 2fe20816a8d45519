/**
 * Stand-in for `jsr:@std/fs` in a checkout: the part of it that this project uses.
 *
 * @module
 */
export { ensureDir, ensureDirSync } from "./ensure_dir.ts";
export { expandGlob, type ExpandGlobOptions } from "./expand_glob.ts";
export { walk, type WalkEntry, type WalkOptions, walkSync } from "./walk.ts";
