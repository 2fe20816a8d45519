import type { DownloadDriver, DriverRequest, DriverResponse } from "../../download/download_driver.ts";

/** What came of a url. */
export interface Driven {
  /** What the driver said of the file. */
  response: DriverResponse;
  /** The bytes that came. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** A request for a url, with what need not be said. */
export function request(url: string, more: Partial<DriverRequest> = {}): DriverRequest {
  return { url, headers: {}, maxRedirects: 5, signal: new AbortController().signal, ...more };
}

/** Opens a url and reads all that comes. */
export async function drive(driver: DownloadDriver, url: string, more: Partial<DriverRequest> = {}): Promise<Driven> {
  using response = await driver.open(request(url, more));
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  await response.read((piece) => {
    pieces.push(piece.slice());
    return undefined;
  });
  return { response, bytes: new Uint8Array(await new Blob(pieces).arrayBuffer()) };
}
