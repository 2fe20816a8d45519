import { Buffer } from "node:buffer";
import type { DownloadDriver } from "../../../download/download_driver.ts";
import type { BreakableFront, DriverServer } from "./contract_kit.ts";
import { madeDriver } from "./made_driver.ts";

/** What stands in for a server where the url has the whole file. */
export class DataServer implements DriverServer {
  /** There are no buffers between. */
  readonly largeSize = 1_000_000;
  readonly #urls = new Map<string, string>();

  put(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#urls.set(
      path,
      `data:;base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}`,
    );
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.#urls.delete(path);
    return Promise.resolve();
  }

  url(path: string): string {
    const url = this.#urls.get(path);
    if (url === undefined) throw new Error(`Cannot find ${path}`);
    return url;
  }

  driver(): DownloadDriver {
    return madeDriver("data:", {});
  }

  connections(): Promise<number> {
    return Promise.resolve(0);
  }

  front(): BreakableFront {
    throw new Error("Cannot stand before a server as there is none");
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#urls.clear();
    return Promise.resolve();
  }
}
