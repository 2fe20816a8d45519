// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
import { ensureDir as untyped, ensureDirSync as untypedSync } from "npm:deno-std@1.3.1/fs/ensure_dir.js";

/** Makes a folder and its parents; nothing happens if it is there. */
export const ensureDir: (dir: string | URL) => Promise<void> = untyped;
/** Makes a folder and its parents; nothing happens if it is there. */
export const ensureDirSync: (dir: string | URL) => void = untypedSync;
