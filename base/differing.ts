/**
 * The names of the properties that only one of two types has, or that are not of the same type in both.
 *
 * @example
 * ```ts
 * import type { Differing } from "./differing.ts";
 *
 * const name: Differing<{ a: string; b?: number }, { a: string; b: number; c: true }> = "b"; // "b" | "c"
 * ```
 */
export type Differing<A, B> = {
  [Name in keyof A | keyof B]: Name extends keyof A & keyof B ? Same<A[Name], B[Name]> extends true ? never : Name
    : Name;
}[keyof A | keyof B];

/** Fails to compile unless there is nothing; the error names what there is. */
export type None<T extends never> = T;

/** Two functions that ask which of the types a third one fits are of one type only if the two are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
