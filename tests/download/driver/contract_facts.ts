import { assert, assertEquals } from "@std/assert";
import { drive, request } from "../../support/drive.ts";
import { bytesFor } from "../../support/fault_server.ts";
import { ODD_NAMES } from "../../support/odd_names.ts";
import {
  assertBytes,
  assertFailsWith,
  assertServes,
  type DriverCase,
  EMPTY,
  failureOf,
  ONE,
  ONE_BYTES,
  SIZE,
  SMALL,
  SMALL_TEXT,
  STAMP,
  validatorOf,
} from "./contract_kit.ts";

/** What a driver says of a file, and all of its bytes. */
export const factCases = {
  "tells how long a file is, and gives it byte for byte": async (server) => {
    using driver = server.driver();
    const { response, bytes } = await drive(driver, server.url(ONE));
    const { finalUrl, offset, end, length, decoded } = response;
    assertEquals({ finalUrl, offset, end, length, decoded: decoded ?? false }, {
      finalUrl: server.url(ONE),
      offset: 0,
      end: undefined,
      length: SIZE,
      decoded: false,
    });
    assertBytes(bytes, ONE_BYTES);
  },

  "tells the version of a file: another one after a change, else the same": async (server) => {
    using driver = server.driver();
    const look = async (path: string) => {
      using response = await driver.open(request(server.url(path)));
      return validatorOf(response);
    };
    await server.put("facts/version", bytesFor("first", 1000), STAMP);
    const first = await look("facts/version");
    assertEquals(await look("facts/version"), first);
    await server.put("facts/version", bytesFor("other", 1000), new Date(STAMP.getTime() + 60_000));
    assert(await look("facts/version") !== first, first);
  },

  "tells when a file was modified": async (server) => {
    using driver = server.driver();
    using response = await driver.open(request(server.url(ONE)));
    assertEquals(response.lastModified, STAMP.toUTCString());
  },

  "says that it gives parts": async (server) => {
    using driver = server.driver();
    using response = await driver.open(request(server.url(ONE)));
    assertEquals(response.rangeable, true);
    // Of a small one it need not be known, but must not be denied.
    using small = await driver.open(request(server.url(SMALL)));
    assert(small.rangeable !== false);
  },

  "gives an empty file": async (server) => {
    using driver = server.driver();
    const { response, bytes } = await drive(driver, server.url(EMPTY));
    assertEquals([response.length, response.offset, bytes.length], [0, 0, 0]);
    using again = await driver.open(request(server.url(EMPTY)));
    assertEquals(await again.whole((all) => all.length, () => {}), 0);
  },

  "gives files of any name": async (server) => {
    using driver = server.driver();
    for (const name of ODD_NAMES) {
      const path = `odd names/${name}`;
      await server.put(path, bytesFor(name, 100), STAMP);
      const { response, bytes } = await drive(driver, server.url(path));
      assertEquals(response.finalUrl, server.url(path));
      assertBytes(bytes, bytesFor(name, 100), name);
    }
  },

  "takes ? and # in a url for letters of a name": async (server) => {
    using driver = server.driver();
    for (const name of ["has#hash.txt", "q?.txt", "a?b=c#d", "ends?", "ends#", "#/x", "q?/#x"]) {
      const path = `letters/${name}`;
      await server.put(path, bytesFor(name, 100), STAMP);
      const url = server.url(path).replaceAll("%3F", "?").replaceAll("%23", "#");
      const { response, bytes } = await drive(driver, url);
      assertEquals(response.finalUrl, url);
      assertBytes(bytes, bytesFor(name, 100), name);
    }
  },

  "gives a small file in one piece, and says what comes of it": async (server) => {
    using driver = server.driver();
    using small = await driver.open(request(server.url(SMALL)));
    assertEquals(await small.whole((bytes) => Promise.resolve(new TextDecoder().decode(bytes)), () => {}), SMALL_TEXT);
    await server.put("facts/larger", ONE_BYTES.slice(0, 300_000), STAMP);
    using larger = await driver.open(request(server.url("facts/larger")));
    let heard = 0;
    const bytes = await larger.whole((all) => all.slice(), (count) => heard += count);
    assertBytes(bytes, ONE_BYTES.subarray(0, 300_000));
    // What came together with the head need not be told.
    assert(heard >= 300_000 - 65_536 && heard <= 300_000, `${heard} bytes were heard`);
  },

  "gives a piece of a file when the one before is stored": async (server) => {
    using driver = server.driver();
    using response = await driver.open(request(server.url(ONE)));
    let storing = 0;
    let rooms = 0;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    await response.read(async (piece) => {
      assertEquals(++storing, 1, "two pieces at a time");
      const before = piece.slice();
      // Whoever reads on now would write into the piece, or hand over the next one.
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertBytes(piece, before, "a piece that is being stored");
      pieces.push(before);
      storing--;
    }, () => {
      assertEquals(storing, 0, "room is asked for while a piece is being stored");
      rooms++;
      return Promise.resolve(1_000_000);
    });
    assertBytes(new Uint8Array(await new Blob(pieces).arrayBuffer()), ONE_BYTES);
    assert(rooms > 0, "nobody asked whether there is room");
  },

  "gives pieces no larger than there is room for": async (server) => {
    using driver = server.driver();
    using response = await driver.open(request(server.url(ONE)));
    let first = true;
    let read = 0;
    let room = 0;
    await response.read((piece) => {
      // The first one may have come together with the head.
      assert(first || piece.length <= room, `${piece.length} bytes came where there was room for ${room}`);
      first = false;
      read += piece.length;
      return undefined;
    }, () => room = 1000 + read % 50_000);
    assertEquals(read, SIZE);
  },

  "gives many files at a time, to each its own bytes": async (server) => {
    using driver = server.driver();
    const sizes = [0, 1, 100, 4096, 65_536, 65_537, 300_000, 1_000_000];
    for (const size of sizes) await server.put(`many/${size}`, bytesFor(`many ${size}`, size), STAMP);
    const all = await Promise.all(sizes.map((size) => drive(driver, server.url(`many/${size}`))));
    for (const [i, { bytes }] of all.entries()) {
      assertBytes(bytes, bytesFor(`many ${sizes[i]}`, sizes[i]!), `the file of ${sizes[i]} bytes`);
    }
  },

  "gives one file after the other over one connection": async (server) => {
    using driver = server.driver();
    for (const path of [ONE, SMALL, EMPTY, ONE, SMALL]) {
      await drive(driver, server.url(path));
      assertEquals(await server.connections(), 1, path);
    }
  },

  "asks nobody before it may": async (server) => {
    using driver = server.driver();
    const visited: string[] = [];
    const no = new RangeError("not now");
    const visit = (host: string) => {
      visited.push(host);
      return Promise.reject(no);
    };
    await assertFailsWith(driver.open(request(server.url(ONE), { visit })), no);
    assertEquals([visited.length, await server.connections()], [1, 0]);
    await assertServes(driver, server);
    // The host is told as errors tell it, which is how limits know it.
    assert((await failureOf(drive(driver, server.url("none")))).message.includes(visited[0]!), visited[0]);
  },
} satisfies Record<string, DriverCase>;
