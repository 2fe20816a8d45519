// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/cli/parse-args` in a checkout. Its types are a subset of the real ones: what they cannot tell
 * (aliases, names with a dot, lists of names that are not literals) is `unknown` here, so code that checks against this
 * file checks against the real package too.
 *
 * @module
 */
import { parseArgs as untyped } from "npm:deno-std@1.3.1/cli/parse_args.js";

/** Literal names without a dot; everything else has no type of its own. */
type Named<Names extends string> = string extends Names ? never
  : Names extends `${string}.${string}` ? never
  : Names;

type OrFalse<Name extends string, Negatable extends string, T> = string extends Negatable ? T | false
  : Name extends Negatable ? T | false
  : T;

type Flags<
  Strings extends string,
  Booleans extends string,
  Collected extends string,
  Negatable extends string,
> =
  & { [Name in Exclude<Strings, Collected>]?: OrFalse<Name, Negatable, string> }
  & { [Name in Extract<Strings, Collected>]: OrFalse<Name, Negatable, string[]> }
  & { [Name in Exclude<Booleans, Collected>]: boolean }
  & { [Name in Extract<Booleans, Collected>]: boolean[] }
  & { [Name in Exclude<Collected, Strings | Booleans>]: OrFalse<Name, Negatable, unknown[]> };

/** What {@linkcode parseArgs} found: flags by name, and the other arguments in `_`. */
export type Args<
  // deno-lint-ignore no-explicit-any
  TArgs extends Record<string, unknown> = Record<string, any>,
  TDoubleDash extends boolean | undefined = undefined,
> =
  & TArgs
  & {
    /** The arguments that are not flags or values of flags. */
    _: Array<string | number>;
  }
  & (TDoubleDash extends true ? {
      /** The arguments after `--`. */
      "--": Array<string>;
    }
    : Record<never, never>);

/** Options of {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends string = string,
  TStrings extends string = string,
  TCollectable extends string = string,
  TNegatable extends string = string,
  TDoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Put what follows `--` into the result's `--` instead of `_`. Default: false. */
  "--"?: TDoubleDash;
  /** Other names of flags. */
  alias?: Record<string, string | ReadonlyArray<string>>;
  /** Flags that take no value; true: all double-dash flags without `=`. */
  boolean?: boolean | TBooleans | ReadonlyArray<TBooleans>;
  /** Values of flags that are not given. */
  default?: Record<string, unknown>;
  /** Put everything from the first argument that is no flag into `_`. Default: false. */
  stopEarly?: boolean;
  /** Flags whose value stays a string, even if it looks like a number. */
  string?: TStrings | ReadonlyArray<TStrings>;
  /** Flags that may be given more than once; their values are an array. */
  collect?: TCollectable | ReadonlyArray<TCollectable>;
  /** Flags that `--no-NAME` sets to false. */
  negatable?: TNegatable | ReadonlyArray<TNegatable>;
  /** Called with every argument that no option names; false leaves it out of the result. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Reads command line arguments. */
export const parseArgs: <
  TBooleans extends string = never,
  TStrings extends string = never,
  TCollectable extends string = never,
  TNegatable extends string = never,
  TDoubleDash extends boolean | undefined = undefined,
>(
  args: string[],
  options?: ParseOptions<TBooleans, TStrings, TCollectable, TNegatable, TDoubleDash>,
) => Args<
  & Record<string, unknown>
  & Flags<Named<TStrings>, Named<TBooleans>, Named<TCollectable>, TNegatable>,
  TDoubleDash
> = untyped;
