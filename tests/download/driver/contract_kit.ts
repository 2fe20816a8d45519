import { assert, assertEquals, assertRejects, fail } from "@std/assert";
import { Buffer } from "node:buffer";
import type { DownloadDriver, DriverRequest, DriverResponse } from "../../../download/download_driver.ts";
import { DownloadError, networkError } from "../../../download/download_error.ts";
import { drive, type Driven, request } from "../../support/drive.ts";
import { bytesFor } from "../../support/fault_server.ts";
import type { TempDir } from "../../support/temp_dir.ts";

/** A way to a server that can break off, as a crash or a cable does. */
export interface BreakableFront extends AsyncDisposable {
  /** Its port. */
  readonly port: number;
  /** Ends all connections at once; whoever connects later is served again. */
  breakOff(): Promise<void>;
}

/** A real server with files, and the driver for it. */
export interface DriverServer extends AsyncDisposable {
  /** The folder of this machine that it serves; absent: its files are no files of this machine. */
  readonly root?: TempDir;
  /** How long {@linkcode LARGE} is there. Default: {@linkcode LARGE_SIZE}. */
  readonly largeSize?: number;
  /** Makes a file, or puts another one in its place; what is read of the old one is not touched. */
  put(path: string, bytes: Uint8Array<ArrayBuffer>, modified?: Date): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** The url of a file, or of a folder if the path ends with a slash; of the same server on another port, if one is named. */
  url(path: string, port?: number): string;
  /** A new driver, of which nothing is shared with others; for the server on another port, if one is named. */
  driver(port?: number): DownloadDriver;
  /**
   * How many connections are open, on the server's side or on ours, whichever has more.
   *
   * @param port Only those to this port. Default: that of the server.
   */
  connections(port?: number): Promise<number>;
  /** A way to the server that the test may break. */
  front(): BreakableFront;
}

/** One promise of the port, asked of a driver and a real server. */
export type DriverCase = (server: DriverServer) => Promise<void>;

/** How long {@linkcode ONE} is. */
export const SIZE = 3_000_000;
/** A file of {@linkcode SIZE} bytes that no case changes. */
export const ONE = "one.bin";
/** What is in it. */
export const ONE_BYTES: Uint8Array<ArrayBuffer> = bytesFor("one", SIZE);
/** A file that no case changes and that no server has sent as long as nobody reads: all buffers between are smaller. */
export const LARGE = "large.bin";
/** How long that is. */
export const LARGE_SIZE = 32 * 1024 * 1024;
/** A file with five bytes, {@linkcode SMALL_TEXT}. */
export const SMALL = "deep/small.txt";
/** What is in it. */
export const SMALL_TEXT = "small";
/** A file without a byte. */
export const EMPTY = "empty";
/** A file that the server has and gives nobody. */
export const FORBIDDEN = "forbidden.bin";
/** When files were modified that nobody gives another date: long enough ago that the date tells versions apart. */
export const STAMP: Date = new Date("2026-01-02T03:04:05Z");

/** Puts what all cases expect to be there. */
export async function fill(server: DriverServer): Promise<void> {
  await server.put(ONE, ONE_BYTES, STAMP);
  await server.put(LARGE, new Uint8Array(server.largeSize ?? LARGE_SIZE), STAMP);
  await server.put(SMALL, new TextEncoder().encode(SMALL_TEXT), STAMP);
  await server.put(EMPTY, new Uint8Array(), STAMP);
  await server.put(FORBIDDEN, new Uint8Array(10), STAMP);
}

/** What stands for a version where a part is asked for: the ETag, else the date. */
export function validatorOf({ etag, lastModified }: Pick<DriverResponse, "etag" | "lastModified">): string {
  const validator = etag ?? lastModified;
  assert(validator !== undefined, "the driver tells neither an ETag nor a date");
  assert(!validator.startsWith("W/"), `${validator} is a weak one`);
  return validator;
}

/** Looks at a file and says what stands for its version. */
export async function versionOf(driver: DownloadDriver, url: string): Promise<string> {
  using response = await driver.open(request(url));
  return validatorOf(response);
}

/** Reads a part of a file, if it still is a version. */
export function drivePart(
  driver: DownloadDriver,
  url: string,
  range: NonNullable<DriverRequest["range"]>,
): Promise<Driven> {
  return drive(driver, url, { range });
}

/** Asserts that what came is the same, without printing millions of bytes if it is not. */
export function assertBytes(actual: Uint8Array, expected: Uint8Array, what = "the file"): void {
  assertEquals(actual.length, expected.length, `the length of ${what}`);
  if (sameBytes(actual, expected)) return;
  fail(`${what} is another one from byte ${actual.findIndex((byte, i) => byte !== expected[i])} on`);
}

/** True if two files are the same. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.length).equals(other);
}

/** Asserts that a driver gives {@linkcode ONE} whole: whatever happened before has done no harm. */
export async function assertServes(driver: DownloadDriver, server: DriverServer): Promise<void> {
  assertBytes((await drive(driver, server.url(ONE))).bytes, ONE_BYTES);
}

/** The error that a download fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

/** The error that the reading of a body fails with, as the core takes it. */
export async function bodyFailureOf(reading: Promise<unknown>, url: string): Promise<DownloadError> {
  return networkError(await assertRejects(() => reading), url);
}

/** Asserts that an error is one of the network that may pass, and says who was asked. */
export function assertMayPass(error: DownloadError, host: string): void {
  assertEquals([error.kind, error.retryable], ["network", true], error.message);
  assert(error.message.includes(host), error.message);
}

/** Asserts that an error says that there is no such file. */
export function assertMissing({ kind, status, retryable, message }: DownloadError): void {
  assertEquals([kind === "http" ? status : kind, retryable], [kind === "http" ? 404 : "not-found", false], message);
}

/** What the signal of a download is aborted with, here as in the product a reason of its own. */
export function giveUp(): DownloadError {
  return new DownloadError("network", "the download is not wanted any more");
}

/** Asserts that something fails with this very error. */
export async function assertFailsWith(promise: Promise<unknown>, reason: Error): Promise<void> {
  const error = await assertRejects(() => promise);
  assert(error === reason, `it failed with another error than the one that was given: ${error}`);
}
