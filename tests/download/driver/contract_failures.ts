import { assert, assertEquals } from "@std/assert";
import { drive, request } from "../../support/drive.ts";
import { freePort } from "../../support/nginx_server.ts";
import { until } from "../../support/until.ts";
import { RawServer } from "../raw_server.ts";
import {
  assertMayPass,
  assertMissing,
  assertServes,
  bodyFailureOf,
  type DriverCase,
  failureOf,
  FORBIDDEN,
  LARGE,
  LARGE_SIZE,
  ONE,
  versionOf,
} from "./contract_kit.ts";

/** What goes wrong, and whether it may pass. */
export const failureCases = {
  "says that there is no such file, which does not pass": async (server) => {
    using driver = server.driver();
    for (const path of ["none", "no folder/none"]) assertMissing(await failureOf(drive(driver, server.url(path))));
    await assertServes(driver, server);
  },

  "takes no folder for a file": async (server) => {
    using driver = server.driver();
    assertMissing(await failureOf(drive(driver, server.url("deep"))));
    await assertServes(driver, server);
  },

  "says that a file must not be read, which does not pass": async (server) => {
    using driver = server.driver();
    const { kind, status, retryable, message } = await failureOf(drive(driver, server.url(FORBIDDEN)));
    // A server of FTP has one reply for both.
    assert(kind === "auth" || kind === "not-found" || status === 403, message);
    assertEquals(retryable, false, message);
    await assertServes(driver, server);
  },

  "says that nobody is there, which may pass": async (server) => {
    const port = freePort();
    using driver = server.driver(port);
    assertMayPass(await failureOf(drive(driver, server.url(ONE, port))), `:${port}`);
  },

  "says that a server hangs up without a word, which may pass": async (server) => {
    await using rude = new RawServer(() => Promise.resolve());
    using driver = server.driver(rude.port);
    assertMayPass(await failureOf(drive(driver, server.url(ONE, rude.port))), `:${rude.port}`);
  },

  "fails where the server breaks off in the middle, and goes on when it is back": async (server) => {
    await using front = server.front();
    using driver = server.driver(front.port);
    const url = server.url(LARGE, front.port);
    const ifRange = await versionOf(driver, url);
    for (const range of [undefined, { from: 1000, ifRange }]) {
      let read = 0;
      using response = await driver.open(request(url, range === undefined ? {} : { range }));
      const reading = response.read(async (piece) => {
        if (read === 0) await front.breakOff();
        read += piece.length;
      });
      const error = await bodyFailureOf(reading, url);
      assertEquals([error.kind, error.retryable], ["network", true], error.message);
      assert(read > 0 && read < LARGE_SIZE - (range?.from ?? 0), `${read} bytes came`);
    }
    await drive(driver, server.url(ONE, front.port));
  },

  "notices that the server has ended connections that nobody uses, and makes others": async (server) => {
    await using front = server.front();
    using driver = server.driver(front.port);
    for (let round = 0; round < 2; round++) {
      await Promise.all([1, 2, 3].map(() => drive(driver, server.url(ONE, front.port))));
      assert(await server.connections(front.port) > 0);
      await front.breakOff();
      await until("our side to close them", async () => await server.connections(front.port) === 0, { everyMs: 5 });
    }
    await drive(driver, server.url(ONE, front.port));
  },
} satisfies Record<string, DriverCase>;
