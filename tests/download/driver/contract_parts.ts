import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DownloadDriver, NotModifiedError, RangeRefusedError } from "../../../download/download_driver.ts";
import { drive, request } from "../../support/drive.ts";
import { bytesFor } from "../../support/fault_server.ts";
import {
  assertBytes,
  assertServes,
  drivePart,
  type DriverCase,
  ONE,
  ONE_BYTES,
  SIZE,
  STAMP,
  validatorOf,
  versionOf,
} from "./contract_kit.ts";

/** Asks for a part that must be refused. */
async function refused(
  driver: DownloadDriver,
  url: string,
  range: { from: number; ifRange: string },
): Promise<void> {
  await assertRejects(() => driver.open(request(url, { range })), RangeRefusedError);
}

/** Parts of files. */
export const partCases = {
  "gives the rest of a file from an offset on": async (server) => {
    using driver = server.driver();
    const ifRange = await versionOf(driver, server.url(ONE));
    for (const from of [1, 700_000, SIZE - 1]) {
      const { response, bytes } = await drivePart(driver, server.url(ONE), { from, ifRange });
      assertEquals([response.offset, response.end, response.length], [from, undefined, SIZE]);
      assertBytes(bytes, ONE_BYTES.subarray(from), `what comes from ${from} on`);
    }
    await assertServes(driver, server);
  },

  "gives a part of a file up to an end": async (server) => {
    using driver = server.driver();
    const ifRange = await versionOf(driver, server.url(ONE));
    const ranges = [[0, 200_000], [1000, 200_000], [SIZE - 1, SIZE], [0, SIZE]] as const;
    for (const [from, to] of ranges) {
      const { response, bytes } = await drivePart(driver, server.url(ONE), { from, to, ifRange });
      assertEquals([response.offset, response.end, response.length], [from, to, SIZE]);
      assertBytes(bytes, ONE_BYTES.subarray(from, to), `${from} to ${to}`);
    }
    await assertServes(driver, server);
  },

  "gives the first byte of a file alone": async (server) => {
    using driver = server.driver();
    const ifRange = await versionOf(driver, server.url(ONE));
    const { response, bytes } = await drivePart(driver, server.url(ONE), { from: 0, to: 1, ifRange });
    assertEquals([response.offset, response.end, response.length], [0, 1, SIZE]);
    assertBytes(bytes, ONE_BYTES.subarray(0, 1), "the first byte");
    await assertServes(driver, server);
  },

  "tells the version with a part as with the whole file": async (server) => {
    using driver = server.driver();
    const ifRange = await versionOf(driver, server.url(ONE));
    assertEquals(await versionOfPart(), ifRange);
    async function versionOfPart(): Promise<string | undefined> {
      using response = await driver.open(request(server.url(ONE), { range: { from: 10, ifRange } }));
      return response.etag ?? response.lastModified;
    }
  },

  "gives parts of a file side by side, which make the file": async (server) => {
    using driver = server.driver();
    const ifRange = await versionOf(driver, server.url(ONE));
    const bounds = [0, 2, 500_000, 1_500_001, 2_999_999, SIZE];
    const parts = await Promise.all(
      bounds.slice(1).map((to, i) => drivePart(driver, server.url(ONE), { from: bounds[i]!, to, ifRange })),
    );
    const whole = await new Blob(parts.map(({ bytes }) => bytes)).arrayBuffer();
    assertBytes(new Uint8Array(whole), ONE_BYTES);
  },

  "refuses a part that begins at the end of the file or behind it": async (server) => {
    using driver = server.driver();
    const ifRange = await versionOf(driver, server.url(ONE));
    for (const from of [SIZE, SIZE + 1, SIZE * 10]) await refused(driver, server.url(ONE), { from, ifRange });
    await assertServes(driver, server);
  },

  "passes no part of another version off as one of the version that was asked for": async (server) => {
    using driver = server.driver();
    const url = server.url("parts/passed off");
    await server.put("parts/passed off", bytesFor("first", 500_000), STAMP);
    const ifRange = await versionOf(driver, url);
    for (const size of [500_000, 400_000]) {
      await server.put("parts/passed off", bytesFor("other", size), new Date(STAMP.getTime() + size * 1000));
      const { response, bytes } = await drivePart(driver, url, { from: 50, ifRange });
      assert(response.offset === 0 || validatorOf(response) !== ifRange, "a part of another version");
      assertBytes(bytes, bytesFor("other", size).subarray(response.offset));
    }
  },

  "gives all of a file instead of a part of another version": async (server) => {
    using driver = server.driver();
    const url = server.url("parts/changed");
    await server.put("parts/changed", bytesFor("first", 500_000), STAMP);
    const ifRange = await versionOf(driver, url);
    for (const size of [500_000, 400_000, 100]) {
      await server.put("parts/changed", bytesFor("other", size), new Date(STAMP.getTime() + size * 1000));
      for (const range of [{ from: 50, ifRange }, { from: 50, to: 60, ifRange }, { from: 450_000, ifRange }]) {
        const { response, bytes } = await drivePart(driver, url, range);
        assertEquals([response.offset, response.end, response.length], [0, undefined, size]);
        assertBytes(bytes, bytesFor("other", size), `${JSON.stringify(range)} of another version`);
      }
    }
  },

  "says that a file has not changed since a version, and gives it if it has": async (server) => {
    using driver = server.driver();
    const url = server.url("parts/condition");
    await server.put("parts/condition", bytesFor("first", 1000), STAMP);
    const { etag, lastModified } = (await drive(driver, url)).response;
    // By the date only where there is no ETag, as the core asks.
    const length = 1000;
    const condition = etag === undefined ? { lastModified: lastModified!, length } : { etag, length };
    await assertRejects(() => driver.open(request(url, { condition })), NotModifiedError);
    await server.put("parts/condition", bytesFor("other", 1000), new Date(STAMP.getTime() + 60_000));
    assertBytes((await drive(driver, url, { condition })).bytes, bytesFor("other", 1000));
    // Of the same date, but another length.
    await server.put("parts/condition", bytesFor("first", 2000), STAMP);
    assertBytes((await drive(driver, url, { condition })).bytes, bytesFor("first", 2000));
  },
} satisfies Record<string, DriverCase>;
