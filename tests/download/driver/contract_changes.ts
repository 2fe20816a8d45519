import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError, networkError } from "../../../download/download_error.ts";
import { FileChangedError } from "../../../download/segments.ts";
import { request } from "../../support/drive.ts";
import { bytesFor } from "../../support/fault_server.ts";
import {
  assertMissing,
  assertServes,
  bodyFailureOf,
  drivePart,
  type DriverCase,
  type DriverServer,
  failureOf,
  LARGE_SIZE,
  sameBytes,
  SIZE,
  STAMP,
  versionOf,
} from "./contract_kit.ts";

const LATER = new Date(STAMP.getTime() + 60_000);

/** Reads a file, and lets something happen to it once its first piece has come. */
async function readDuring(
  server: DriverServer,
  path: string,
  happen: () => Promise<void>,
  range?: { from: number; to: number },
): Promise<Uint8Array> {
  using driver = server.driver();
  const url = server.url(path);
  const more = range === undefined ? {} : { range: { ...range, ifRange: await versionOf(driver, url) } };
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  using response = await driver.open(request(url, more));
  await response.read(async (piece) => {
    pieces.push(piece.slice());
    if (pieces.length === 1) await happen();
  });
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Writes over a file from its first byte on. The file is never shorter meanwhile, which would be another failure. */
async function overwrite(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Files that change, or go away. */
export const changeCases = {
  "says that there is no file where it has been removed since": async (server) => {
    using driver = server.driver();
    const url = server.url("changes/removed");
    await server.put("changes/removed", bytesFor("first", 1000), STAMP);
    const ifRange = await versionOf(driver, url);
    await server.remove("changes/removed");
    assertMissing(await failureOf(drivePart(driver, url, { from: 10, ifRange })));
    await assertServes(driver, server);
  },

  "gives one version whole, or none, of a file that is replaced or removed while it comes": async (server) => {
    const versions = [bytesFor("first", SIZE), bytesFor("other", SIZE)] as const;
    const path = "changes/replaced";
    for (const happen of [() => server.put(path, versions[1], LATER), () => server.remove(path)]) {
      await server.put(path, versions[0], STAMP);
      const outcome = await readDuring(server, path, happen).catch((error) => networkError(error, server.url(path)));
      const good = outcome instanceof DownloadError || versions.some((bytes) => sameBytes(outcome, bytes));
      const came = outcome instanceof Uint8Array ? `${outcome.length} bytes` : String(outcome);
      assert(good, `neither version came, nor an error of a download: ${came}`);
    }
  },

  "notices that a file is written to while it comes, be it whole or a part": async (server) => {
    const path = "changes/written";
    for (const range of [undefined, { from: 0, to: 1_500_000 }, { from: 1_000_000, to: SIZE }]) {
      await server.put(path, bytesFor("first", SIZE), STAMP);
      const write = async () => {
        await overwrite(server.root!.join(path), bytesFor("other", SIZE));
        await Deno.utime(server.root!.join(path), LATER, LATER);
      };
      await assertRejects(() => readDuring(server, path, write, range), FileChangedError);
    }
  },

  "fails where a file becomes shorter while it comes": async (server) => {
    const path = "changes/shortened";
    await server.put(path, new Uint8Array(LARGE_SIZE), STAMP);
    const reading = readDuring(server, path, () => Deno.truncate(server.root!.join(path), 1000));
    assertEquals((await bodyFailureOf(reading, server.url(path))).retryable, true);
  },
} satisfies Record<string, DriverCase>;
