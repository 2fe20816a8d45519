/** Servers that speak HTTP/2 and nothing else. */
import { assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { Http2Server } from "../support/http2_server.ts";
import { testCertificate } from "../support/test_certificate.ts";

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
