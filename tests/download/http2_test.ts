/** Servers that speak HTTP/2 and nothing else. */
import { assertEquals, assertRejects } from "@std/assert";
import type { DriverRequest, DriverResponse } from "../../download/download_driver.ts";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { CaddyServer } from "../support/caddy_server.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { Http2Server } from "../support/http2_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { assertBytes } from "./driver/contract_kit.ts";

const CONTENT = bytesFor("content", 300_000);

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";
  Deno.test(`HttpDriver downloads from a server that speaks only HTTP/2, whole and in pieces, ${way}`, async () => {
    const pair = await testCertificate(["localhost"]);
    await using server = await Http2Server.start(pair, CONTENT);
    const url = `https://localhost:${server.port}`;
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: { ...ANONYMOUS, caCerts: [pair.cert] } });
    assertEquals((await drive(driver, `${url}/a`)).bytes, CONTENT);
    const piece = await drive(driver, `${url}/b`, { range: { from: 1000, to: 200_000, ifRange: '"1"' } });
    assertEquals([piece.response.offset, piece.response.end], [1000, 200_000]);
    assertEquals(piece.bytes, CONTENT.slice(1000, 200_000));
    const rest = await drive(driver, `${url}/c`, { range: { from: 200_000, ifRange: '"1"' } });
    assertEquals(rest.bytes, CONTENT.slice(200_000));
    assertEquals(server.requests, ["/a ", "/b bytes=1000-199999", "/c bytes=200000-"]);
    const { accepted } = server;
    // What was learned of the server is not tried again.
    for (const name of "def") assertEquals((await drive(driver, `${url}/${name}`)).bytes, CONTENT);
    assertEquals(server.accepted, accepted);
    // The connections that are looked at carry HTTP/1.1 only.
    const identity = { ...ANONYMOUS, caCerts: [pair.cert], denyPrivate: true, allowPrivate: [new URL(url).host] };
    using guarded = new HttpDriver({ idlePerHost: 2, lane, identity });
    const error = await assertRejects(
      () => drive(guarded, `${url}/g`),
      DownloadError,
      "the server speaks no HTTP that is offered",
    );
    assertEquals([error.kind, error.retryable], ["protocol", false]);
  });
}

/** More than the window of a stream, and four times as much more than that of a connection. */
const LARGE = bytesFor("large", 8 * 1024 * 1024);

/** Opens four files that nobody reads. */
async function unread(driver: HttpDriver, url: string, more: Partial<DriverRequest>): Promise<DriverResponse[]> {
  return await Promise.all(Array.from({ length: 4 }, (_, i) => driver.open(request(`${url}/slow${i}`, more))));
}

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";
  Deno.test(`HttpDriver lets no file that is read slowly hold up others of a server of HTTP/2 only, ${way}`, async () => {
    const pair = await testCertificate(["localhost"]);
    await using server = await Http2Server.start(pair, LARGE);
    const url = `https://localhost:${server.port}`;
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: { ...ANONYMOUS, caCerts: [pair.cert] } });
    const slow = await unread(driver, url, { slow: true });
    assertBytes((await drive(driver, `${url}/fast`)).bytes, LARGE);
    for (const response of slow) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      await response.read((piece) => void pieces.push(piece.slice()));
      assertBytes(await new Blob(pieces).bytes(), LARGE);
      response[Symbol.dispose]();
    }
    // Their connections serve again, one file at a time each.
    const { accepted } = server;
    const others = await unread(driver, url, { slow: true });
    assertBytes((await drive(driver, `${url}/fast`)).bytes, LARGE);
    assertEquals(server.accepted, accepted);
    // What is not read to its end leaves a connection that is of no more use.
    for (const response of others) response[Symbol.dispose]();
    assertBytes((await drive(driver, `${url}/next`, { slow: true })).bytes, LARGE);
    assertEquals(server.accepted, accepted + 1);
  });

  Deno.test(`HttpDriver asks for each part of a file over a connection of its own, of HTTP/2 too, ${way}`, async () => {
    const pair = await testCertificate(["localhost"]);
    await using server = await Http2Server.start(pair, LARGE);
    const url = `https://localhost:${server.port}`;
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: { ...ANONYMOUS, caCerts: [pair.cert] } });
    const half = LARGE.length / 2;
    const parts = await unread(driver, url, { range: { from: half, to: LARGE.length, ifRange: '"1"' } });
    const { bytes } = await drive(driver, `${url}/one`, { range: { from: 0, to: half, ifRange: '"1"' } });
    assertBytes(bytes, LARGE.slice(0, half));
    for (const response of parts) response[Symbol.dispose]();
  });
}

Deno.test("HttpDriver asks by HTTP/1.1 first, so that no file holds up another one of a server of both, with each client", async () => {
  await using home = await TempDir.create();
  for (const name of ["slow0", "slow1", "slow2", "slow3", "fast"]) await home.write(name, LARGE);
  const [pair, friend] = await Promise.all([["localhost"], ["friend"]].map((names) => testCertificate(names)));
  await using server = await CaddyServer.start(home.path, pair!);
  const ways = [{ lane: true }, { lane: false }, { lane: true, clientCert: friend! }];
  for (const { lane, clientCert } of ways) {
    const identity = { ...ANONYMOUS, caCerts: [pair!.cert], ...(clientCert && { clientCert }) };
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity });
    const slow = await unread(driver, server.tlsUrl, {});
    assertBytes((await drive(driver, `${server.tlsUrl}/fast`)).bytes, LARGE);
    const { protocol } = await server.log.until("it", ({ path }) => path === "/fast");
    assertEquals(protocol, "HTTP/1.1");
    for (const response of slow) response[Symbol.dispose]();
  }
});
