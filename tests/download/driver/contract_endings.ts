import { assertEquals } from "@std/assert";
import type { DownloadDriver } from "../../../download/download_driver.ts";
import { drive, request } from "../../support/drive.ts";
import { RawServer } from "../raw_server.ts";
import {
  assertBytes,
  assertFailsWith,
  assertServes,
  type DriverCase,
  type DriverServer,
  giveUp,
  LARGE,
  ONE,
  ONE_BYTES,
  versionOf,
} from "./contract_kit.ts";

/** Takes a connection, and never says a word. */
class SilentServer implements AsyncDisposable {
  readonly #asked = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #server = new RawServer(async (connection) => {
    this.#asked.resolve();
    await connection.gone();
    this.#gone.resolve();
  });

  get port(): number {
    return this.#server.port;
  }

  /** Resolves when there is a connection. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /** Resolves when a connection has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

/** Opens a url of a silent server, and asserts that it ends with the signal. */
async function giveUpOpening(driver: DownloadDriver, server: DriverServer, silent: SilentServer): Promise<void> {
  const controller = new AbortController();
  const opening = driver.open(request(server.url(ONE, silent.port), { signal: controller.signal }));
  opening.catch(() => {});
  await silent.asked;
  const reason = giveUp();
  controller.abort(reason);
  await assertFailsWith(opening, reason);
}

/** Downloads that end early. */
export const endingCases = {
  "asks for nothing once the signal is aborted": async (server) => {
    using driver = server.driver();
    const reason = giveUp();
    await assertFailsWith(driver.open(request(server.url(ONE), { signal: AbortSignal.abort(reason) })), reason);
    assertEquals(await server.connections(), 0);
    await assertServes(driver, server);
    // Now there is a connection, and the driver is loaded.
    await assertFailsWith(driver.open(request(server.url(ONE), { signal: AbortSignal.abort(reason) })), reason);
    await assertServes(driver, server);
  },

  "ends with the signal while a server says nothing": async (server) => {
    await using silent = new SilentServer();
    using driver = server.driver(silent.port);
    await giveUpOpening(driver, server, silent);
  },

  "lets go of a server that says nothing": async (server) => {
    await using silent = new SilentServer();
    {
      using driver = server.driver(silent.port);
      await giveUpOpening(driver, server, silent);
    }
    await silent.gone;
  },

  "ends with the signal in the middle of a file, and gives the next one whole": async (server) => {
    using driver = server.driver();
    const ifRange = await versionOf(driver, server.url(LARGE));
    for (const more of [{}, { range: { from: 1000, ifRange } }]) {
      const controller = new AbortController();
      const reason = giveUp();
      using response = await driver.open(request(server.url(LARGE), { ...more, signal: controller.signal }));
      const reading = response.read(() => {
        controller.abort(reason);
        return undefined;
      });
      await assertFailsWith(reading, reason);
      await assertServes(driver, server);
    }
  },

  "passes on what happens where a file is stored, and gives the next one whole": async (server) => {
    using driver = server.driver();
    const full = new RangeError("the disk is full");
    for (const store of [() => Promise.reject(full), () => fail()]) {
      using response = await driver.open(request(server.url(LARGE)));
      await assertFailsWith(response.read(store), full);
      await assertServes(driver, server);
    }
    function fail(): undefined {
      throw full;
    }
  },

  "lets go of files that nobody reads": async (server) => {
    using driver = server.driver();
    for (let i = 0; i < 2; i++) {
      for (const path of [ONE, LARGE]) {
        const response = await driver.open(request(server.url(path)));
        response[Symbol.dispose]();
        response[Symbol.dispose]();
      }
    }
    await assertServes(driver, server);
  },

  "gives other files whole while one is given up": async (server) => {
    using driver = server.driver();
    const controller = new AbortController();
    const reason = giveUp();
    using response = await driver.open(request(server.url(LARGE), { signal: controller.signal }));
    const others: Promise<{ bytes: Uint8Array }>[] = [];
    const reading = response.read(() => {
      if (others.length > 0) return undefined;
      for (let i = 0; i < 3; i++) others.push(drive(driver, server.url(ONE)));
      controller.abort(reason);
      return undefined;
    });
    await assertFailsWith(reading, reason);
    for (const { bytes } of await Promise.all(others)) assertBytes(bytes, ONE_BYTES);
  },

  "is deaf to the signal of a file that has come": async (server) => {
    using driver = server.driver();
    const controllers = Array.from({ length: 3 }, () => new AbortController());
    for (const controller of controllers) {
      using response = await driver.open(request(server.url(ONE), { signal: controller.signal }));
      await response.read(() => undefined);
    }
    for (const controller of controllers) controller.abort(giveUp());
    await assertServes(driver, server);
  },

  "lets go of all connections when it is disposed": async (server) => {
    {
      using driver = server.driver();
      await Promise.all([1, 2, 3].map(() => drive(driver, server.url(ONE))));
      const controller = new AbortController();
      using _unread = await driver.open(request(server.url(LARGE), { signal: controller.signal }));
      using _other = await driver.open(request(server.url(ONE)));
      controller.abort(giveUp());
    }
    // The suite waits until there is no connection any more, after this case as after each.
  },
} satisfies Record<string, DriverCase>;
