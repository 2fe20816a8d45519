import { assertEquals, assertRejects } from "@std/assert";
import {
  type DownloadDriver,
  type DriverRequest,
  type DriverResponse,
  NotModifiedError,
  RangeRefusedError,
} from "../../download/download_driver.ts";

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

/**
 * Asserts that a driver that goes by size and date gives all of a file and parts of it, and only of the version that is asked for.
 *
 * @param driver The driver.
 * @param url The file.
 * @param bytes What is in it; a million bytes or more.
 * @param lastModified Its date, as an HTTP date.
 */
export async function assertDatedFile(
  driver: DownloadDriver,
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  lastModified: string,
): Promise<void> {
  const whole = await drive(driver, url);
  const { length, offset, rangeable, finalUrl } = whole.response;
  assertEquals({ length, lastModified: whole.response.lastModified, offset, rangeable, finalUrl }, {
    length: bytes.length,
    lastModified,
    offset: 0,
    rangeable: true,
    finalUrl: url,
  });
  assertEquals(whole.bytes, bytes);
  const rest = await drive(driver, url, { range: { from: 700_000, ifRange: lastModified } });
  assertEquals([rest.response.offset, rest.bytes], [700_000, bytes.slice(700_000)]);
  const middle = await drive(driver, url, { range: { from: 1000, to: 200_000, ifRange: lastModified } });
  assertEquals([middle.response.offset, middle.response.end], [1000, 200_000]);
  assertEquals(middle.bytes, bytes.slice(1000, 200_000));
  const other = await drive(driver, url, { range: { from: 1000, ifRange: "Fri, 02 Jan 2026 03:04:06 GMT" } });
  assertEquals([other.response.offset, other.bytes.length], [0, bytes.length]);
  const behind = await assertRejects(
    () => driver.open(request(url, { range: { from: bytes.length, ifRange: lastModified } })),
    RangeRefusedError,
  );
  assertEquals(behind.version, { length: bytes.length, lastModified });
  await assertRejects(() => driver.open(request(url, { condition: { lastModified } })), NotModifiedError);
}
