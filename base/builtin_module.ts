/**
 * One of Node's modules that the runtime has built in, loaded at first need. The first of them costs a thread 20 ms: at
 * the start of a worker, where an import would load it, that is a good part of the time to its first file.
 *
 * @param name Its name, such as `node:fs`.
 * @returns The module.
 *
 * @example
 * ```ts
 * import { builtinModule } from "./builtin_module.ts";
 *
 * builtinModule("node:fs").existsSync("/no/such/file"); // false
 * ```
 */
export const builtinModule: typeof process.getBuiltinModule = function (name: string): object | undefined {
  // deno-lint-ignore no-process-global -- importing node:process would load what this avoids
  return process.getBuiltinModule(name);
};
