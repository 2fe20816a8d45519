import type { Connect, guardedConnect } from "./guarded_connect.ts";

/**
 * The same as {@linkcode guardedConnect}, loaded with the first connection: few ask for it.
 *
 * @param allowed Servers that are let pass, as `host:port`.
 */
export function lazyGuardedConnect(allowed: Parameters<typeof guardedConnect>[0]): Connect {
  let loading: Promise<Connect> | undefined;
  return async (...args) => {
    loading ??= import("./guarded_connect.ts").then((module) => module.guardedConnect(allowed));
    return await (await loading)(...args);
  };
}
