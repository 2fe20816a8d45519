/**
 * Stand-in for `jsr:@std/cli` in a checkout: the part of it that this project uses.
 *
 * @module
 */
export { type Args, parseArgs, type ParseOptions } from "./parse_args.ts";
