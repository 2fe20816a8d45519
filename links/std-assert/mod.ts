// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/assert` in a checkout: the part of it that this project uses.
 *
 * @module
 */
import * as untyped from "npm:deno-std@1.3.1/assert/mod.js";

// deno-lint-ignore no-explicit-any
type AnyClass<T> = abstract new (...args: any[]) => T;
type Falsy = false | 0 | 0n | "" | null | undefined;

/** The error that a failed assertion throws. */
export interface AssertionError extends Error {
  /** Always `AssertionError`. */
  name: string;
}
/** The error that a failed assertion throws. */
export const AssertionError: new (message: string, options?: ErrorOptions) => AssertionError = untyped.AssertionError;

/** Whether two values are deeply equal. */
export const equal: (a: unknown, b: unknown) => boolean = untyped.equal;
/** Throws. */
export const fail: (msg?: string) => never = untyped.fail;
/** Throws, for code that should not be reached. */
export const unreachable: (reason?: string) => never = untyped.unreachable;
/** Throws, for code that is not there yet. */
export const unimplemented: (msg?: string) => never = untyped.unimplemented;

/** Throws unless `expr` is truthy. */
export const assert: (expr: unknown, msg?: string) => asserts expr = untyped.assert;
/** Throws unless `expr` is falsy. */
export const assertFalse: (expr: unknown, msg?: string) => asserts expr is Falsy = untyped.assertFalse;
/** Throws unless the two are deeply equal. */
export const assertEquals: <T>(actual: T, expected: T, msg?: string) => void = untyped.assertEquals;
/** Throws if the two are deeply equal. */
export const assertNotEquals: <T>(actual: T, expected: T, msg?: string) => void = untyped.assertNotEquals;
/** Throws unless the two are the same by `Object.is`. */
export const assertStrictEquals: <T>(actual: unknown, expected: T, msg?: string) => asserts actual is T =
  untyped.assertStrictEquals;
/** Throws if the two are the same by `Object.is`. */
export const assertNotStrictEquals: <T>(actual: T, expected: T, msg?: string) => void = untyped.assertNotStrictEquals;
/** Throws unless the two differ by at most `tolerance`. */
export const assertAlmostEquals: (actual: number, expected: number, tolerance?: number, msg?: string) => void =
  untyped.assertAlmostEquals;
/** Throws if `actual` is null or undefined. */
export const assertExists: <T>(actual: T, msg?: string) => asserts actual is NonNullable<T> = untyped.assertExists;
/** Throws unless `actual` is an instance of the class. */
export const assertInstanceOf: <
  // deno-lint-ignore no-explicit-any
  T extends abstract new (...args: any[]) => any,
>(actual: unknown, expectedType: T, msg?: string) => asserts actual is InstanceType<T> = untyped.assertInstanceOf;
/** Throws unless `error` is an error of the class whose message has the text or matches the pattern. */
export const assertIsError: <E extends Error = Error>(
  error: unknown,
  ErrorClass?: AnyClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
) => asserts error is E = untyped.assertIsError;

/** Throws unless `actual > expected`. */
export const assertGreater: <T>(actual: T, expected: T, msg?: string) => void = untyped.assertGreater;
/** Throws unless `actual >= expected`. */
export const assertGreaterOrEqual: <T>(actual: T, expected: T, msg?: string) => void = untyped.assertGreaterOrEqual;
/** Throws unless `actual < expected`. */
export const assertLess: <T>(actual: T, expected: T, msg?: string) => void = untyped.assertLess;
/** Throws unless `actual <= expected`. */
export const assertLessOrEqual: <T>(actual: T, expected: T, msg?: string) => void = untyped.assertLessOrEqual;

/** Throws unless the text matches. */
export const assertMatch: (actual: string, expected: RegExp, msg?: string) => void = untyped.assertMatch;
/** Throws if the text matches. */
export const assertNotMatch: (actual: string, expected: RegExp, msg?: string) => void = untyped.assertNotMatch;
/** Throws unless the text has the part. */
export const assertStringIncludes: (actual: string, expected: string, msg?: string) => void =
  untyped.assertStringIncludes;
/** Throws unless the list has all the items. */
export const assertArrayIncludes: <T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
) => void = untyped.assertArrayIncludes;
/** Throws unless `actual` has what `expected` has. */
export const assertObjectMatch: (
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
) => void = untyped.assertObjectMatch;

/** Throws unless `fn` throws; returns what it threw. */
export const assertThrows: {
  (fn: () => unknown, msg?: string): unknown;
  <E extends Error = Error>(fn: () => unknown, ErrorClass: AnyClass<E>, msgIncludes?: string, msg?: string): E;
} = untyped.assertThrows;
/** Rejects unless the promise of `fn` rejects; resolves to what it rejected with. */
export const assertRejects: {
  (fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  <E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    ErrorClass: AnyClass<E>,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;
} = untyped.assertRejects;
