import type { DownloadDriver } from "../../download/download_driver.ts";
import { CustomDriver } from "../../download/protocols/custom_driver.ts";
import { DriverThreads, type DriverThreadsOptions } from "../../workers/driver_threads.ts";

/** A driver of the user that a test asks; disposing ends its thread. */
export interface TestedDriver extends DownloadDriver, AsyncDisposable {
  /** Its threads. */
  threads: DriverThreads;
}

/**
 * Starts a driver of the user as a worker does.
 *
 * @param module The url of its module.
 * @param options What its thread is started with. Default: it may do what the test may.
 */
export async function startCustomDriver(
  module: string,
  options: Partial<DriverThreadsOptions> = {},
): Promise<TestedDriver> {
  const threads = new DriverThreads({ restricted: false, ...options });
  try {
    const driver = new CustomDriver("mem:", await threads.start("mem:", module));
    return {
      threads,
      schemes: driver.schemes,
      open: (request) => driver.open(request),
      list: (request) => driver.list(request),
      [Symbol.dispose]: () => driver[Symbol.dispose](),
      [Symbol.asyncDispose]: () => threads.end(),
    };
  } catch (error) {
    await threads.end();
    throw error;
  }
}
