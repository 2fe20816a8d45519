/**
 * Stand-in for `jsr:@std/async` in a checkout: the part of it that this project uses.
 *
 * @module
 */
export { deadline, type DeadlineOptions } from "./deadline.ts";
export { debounce, type DebouncedFunction } from "./debounce.ts";
export { delay, type DelayOptions } from "./delay.ts";
export { pooledMap } from "./pool.ts";
