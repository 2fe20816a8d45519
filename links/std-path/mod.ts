// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/path` in a checkout: the part of it that this project uses.
 *
 * @module
 */
import { basename as untypedBasename } from "npm:deno-std@1.3.1/path/basename.js";
import { dirname as untypedDirname } from "npm:deno-std@1.3.1/path/dirname.js";
import { extname as untypedExtname } from "npm:deno-std@1.3.1/path/extname.js";
import { fromFileUrl as untypedFromFileUrl } from "npm:deno-std@1.3.1/path/from_file_url.js";
import { globToRegExp as untypedGlobToRegExp } from "npm:deno-std@1.3.1/path/glob_to_regexp.js";
import { isAbsolute as untypedIsAbsolute } from "npm:deno-std@1.3.1/path/is_absolute.js";
import { isGlob as untypedIsGlob } from "npm:deno-std@1.3.1/path/is_glob.js";
import { join as untypedJoin } from "npm:deno-std@1.3.1/path/join.js";
import { normalize as untypedNormalize } from "npm:deno-std@1.3.1/path/normalize.js";
import { relative as untypedRelative } from "npm:deno-std@1.3.1/path/relative.js";
import { resolve as untypedResolve } from "npm:deno-std@1.3.1/path/resolve.js";
import { toFileUrl as untypedToFileUrl } from "npm:deno-std@1.3.1/path/to_file_url.js";
import { SEPARATOR as untypedSeparator } from "npm:deno-std@1.3.1/path/constants.js";

/** The character between the parts of a path. */
export const SEPARATOR: "/" | "\\" = untypedSeparator;
/** The last part of a path, without `suffix`. */
export const basename: (path: string, suffix?: string) => string = untypedBasename;
/** A path without its last part. */
export const dirname: (path: string) => string = untypedDirname;
/** The extension of a path with its dot, or an empty string. */
export const extname: (path: string) => string = untypedExtname;
/** The path of a `file:` url. */
export const fromFileUrl: (url: string | URL) => string = untypedFromFileUrl;
/** The expression that a glob stands for: `*` stays within a folder, `**` does not. */
export const globToRegExp: (glob: string, options?: { os?: "linux" | "darwin" | "windows" }) => RegExp =
  untypedGlobToRegExp;
/** Whether a path starts at the root. */
export const isAbsolute: (path: string) => boolean = untypedIsAbsolute;
/** Whether a text has anything in it that only globs have. */
export const isGlob: (text: string) => boolean = untypedIsGlob;
/** Puts paths one after another and normalizes the result. */
export const join: (path: string, ...paths: string[]) => string = untypedJoin;
/** Resolves `.`, `..` and repeated separators. */
export const normalize: (path: string) => string = untypedNormalize;
/** The way from one path to another. */
export const relative: (from: string, to: string) => string = untypedRelative;
/** An absolute path, from right to left, at last from the working folder. */
export const resolve: (...pathSegments: string[]) => string = untypedResolve;
/** The `file:` url of an absolute path. */
export const toFileUrl: (path: string) => URL = untypedToFileUrl;
