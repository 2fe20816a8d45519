import type { Watchdog, Watched } from "./watchdog.ts";

/**
 * Watches one of several connections of an attempt: its silence ends it alone, and its bytes are those of the attempt
 * too. An abort of the attempt ends it; how fast it is matters only for all of them together.
 *
 * @param watchdog Watches the attempt.
 * @param url Where the connection leads.
 * @param whole The attempt.
 * @returns Dispose of it when the connection ends.
 */
export function watchStream(watchdog: Watchdog, url: string, whole: Watched): Watched {
  const own = watchdog.start(url, 0);
  const pass = () => own.abort(whole.signal.reason);
  if (whole.signal.aborted) pass();
  else whole.signal.addEventListener("abort", pass);
  return {
    signal: own.signal,
    touch: (bytes) => {
      whole.touch(bytes);
      own.touch(bytes);
    },
    // In this order, so that an attempt with one connection never seems to outlive it.
    rest: () => {
      whole.rest();
      own.rest();
    },
    lookingUp: () => {
      whole.lookingUp();
      own.lookingUp();
    },
    lookedUp: () => {
      whole.lookedUp();
      own.lookedUp();
    },
    opened: () => own.opened(),
    abort: (reason) => own.abort(reason),
    [Symbol.dispose]: () => {
      whole.signal.removeEventListener("abort", pass);
      own[Symbol.dispose]();
    },
  };
}
