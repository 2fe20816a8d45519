/** Ports that browsers block are ports as any other. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { DownloadError } from "../../download/download_error.ts";
import { NotModifiedError, RangeRefusedError } from "../../download/download_driver.ts";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { freePort } from "../support/nginx_server.ts";
import { RemoteFile } from "../support/remote_file.ts";

const CONTENT = bytesFor("x", 200_000);

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** Serves a file in the form that the path names, below `/file` one that knows ranges and conditions. */
function serve(): FaultServer {
  const remote = new RemoteFile();
  return FaultServer.startOnBlockedPort(async ({ path, headers }) => {
    if (path === "/from") return new Response(null, { status: 302, headers: { location: "/chunks" } });
    if (path === "/chunks") return new Response(new Blob([CONTENT]).stream());
    if (path === "/gzip") {
      const packed = new Blob([CONTENT]).stream().pipeThrough(new CompressionStream("gzip"));
      return new Response(await new Response(packed).bytes(), { headers: { "content-encoding": "gzip" } });
    }
    if (path === "/file" && headers.get("if-none-match") === '"one"') return new Response(null, { status: 304 });
    return path === "/file" ? remote.answer({ headers }) : new Response(CONTENT);
  });
}

/** Every way to ask that there is. */
const WAYS: Record<string, { lane: boolean; identity?: Partial<HttpIdentity>; headers?: Record<string, string> }> = {
  lane: { lane: true },
  fetch: { lane: false },
  "--deny-private": { lane: true, identity: { denyPrivate: true } },
  "fetch with --deny-private": { lane: false, identity: { denyPrivate: true } },
  "a header that the lane does not send": { lane: true, headers: { "X-Name": "漢字" } },
};

for (const [name, { lane, identity, headers = {} }] of Object.entries(WAYS)) {
  Deno.test(`HttpDriver fetches bodies of every form from a port that browsers block, ${name}`, async () => {
    await using server = serve();
    using driver = new HttpDriver({
      idlePerHost: 2,
      lane,
      identity: { ...ANONYMOUS, allowPrivate: [`127.0.0.1:${server.port}`], ...identity },
    });
    for (const path of ["/plain", "/chunks", "/gzip", "/from"]) {
      const { bytes, response } = await drive(driver, server.url + path, { headers });
      assertEquals(response.contentEncoding, path === "/gzip" ? "gzip" : undefined);
      assert(same(path === "/gzip" ? gunzipSync(bytes) : bytes, CONTENT), path);
    }
    assertEquals(server.requests.length, 5);
  });

  Deno.test(`HttpDriver asks for ranges, and by conditions, at a port that browsers block, ${name}`, async () => {
    await using server = serve();
    const content = new RemoteFile().content();
    using driver = new HttpDriver({
      idlePerHost: 2,
      lane,
      identity: { ...ANONYMOUS, allowPrivate: [`127.0.0.1:${server.port}`], ...identity },
    });
    const url = `${server.url}/file`;
    const piece = await drive(driver, url, { headers, range: { from: 1000, to: 200_000, ifRange: '"one"' } });
    assertEquals([piece.response.offset, piece.response.end, piece.response.length], [1000, 200_000, content.length]);
    assert(same(piece.bytes, content.subarray(1000, 200_000)));
    const rest = await drive(driver, url, { headers, range: { from: 2_900_000, ifRange: '"one"' } });
    assertEquals([rest.response.offset, rest.response.end], [2_900_000, undefined]);
    assert(same(rest.bytes, content.subarray(2_900_000)));
    const whole = await drive(driver, url, { headers, range: { from: 2_900_000, ifRange: '"two"' } });
    assert(same(whole.bytes, content));
    const beyond = request(url, { headers, range: { from: content.length, ifRange: '"one"' } });
    await assertRejects(() => driver.open(beyond), RangeRefusedError);
    await assertRejects(
      () => driver.open(request(url, { headers, condition: { etag: '"one"', length: content.length } })),
      NotModifiedError,
    );
    assertEquals(server.requests.length, 5);
  });
}

Deno.test("HttpDriver says of a port that browsers block that it cannot be asked through a proxy", async () => {
  const proxy = `http://127.0.0.1:${freePort()}`;
  for (const proxies of [{ proxy }, { environmentProxies: { http: proxy } }]) {
    using driver = new HttpDriver({ idlePerHost: 2, lane: false, identity: { ...ANONYMOUS, ...proxies } });
    const error = await assertRejects(() => drive(driver, "http://127.0.0.1:6000/x"), DownloadError);
    assertEquals([error.kind, error.retryable], ["unsupported", false]);
    assertEquals(
      error.message,
      "127.0.0.1:6000: cannot be asked through a proxy, as the runtime blocks its port there",
    );
  }
});
