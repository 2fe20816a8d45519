import type { ProtocolDriver } from "./protocol_driver.ts";

/**
 * Loads the driver in a module of the user, into this thread: only the thread of the driver does that.
 *
 * @param module Its url.
 * @returns The driver; undefined if the default export of the module is none.
 * @throws {unknown} What the module throws, if it cannot be loaded.
 */
export async function loadProtocolDriver(module: string): Promise<ProtocolDriver | undefined> {
  const { default: exported } = await import(module);
  const driver = typeof exported === "function" ? await exported() : exported;
  return typeof driver?.open === "function" ? driver : undefined;
}
