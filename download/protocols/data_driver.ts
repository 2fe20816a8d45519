import type { DownloadDriver, DriverRequest, DriverResponse } from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";
import { BodyResponse } from "./body_response.ts";

/** Takes files out of `data:` urls (RFC 2397), as `fetch` reads them. */
export class DataDriver implements DownloadDriver {
  readonly schemes = ["data:"];

  async open({ url }: DriverRequest): Promise<DriverResponse> {
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    } catch (cause) {
      throw new DownloadError("unsupported", "Cannot fetch the data: url as it must be one of RFC 2397", { cause });
    }
    return new BodyResponse({ finalUrl: url, offset: 0, length: bytes.length }, async (sink) => {
      if (bytes.length > 0) await sink(bytes);
    });
  }

  [Symbol.dispose](): void {}
}
