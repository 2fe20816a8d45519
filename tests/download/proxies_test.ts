/** Which requests go through which proxy, and what is said of a proxy that lets none pass. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { FaultServer } from "../support/fault_server.ts";
import { freePort } from "../support/nginx_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;

function driverFor(identity: Partial<HttpIdentity>, lane: boolean): HttpDriver {
  return new HttpDriver({ idlePerHost: 2, lane, identity: { ...ANONYMOUS, ...identity } });
}

async function read(driver: HttpDriver, url: string, range?: { from: number; ifRange: string }): Promise<string> {
  const more = range === undefined ? {} : { range };
  using response = await driver.open({ url, headers: {}, maxRedirects: 5, signal: never, ...more });
  let text = "";
  await response.read((piece) => void (text += new TextDecoder().decode(piece)));
  return text;
}

function bothClients(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`${name}, over ${lane ? "the lane" : "fetch"}`, () => run(lane));
}

bothClients(
  "HttpDriver asks through the environment's proxies but for what NO_PROXY names, whole files and parts",
  async (lane) => {
    const etag = '"v1"';
    await using proxy = FaultServer.start(() => new Response("by proxy"));
    await using origin = FaultServer.start(({ headers }) =>
      headers.has("range")
        ? new Response("irect", { status: 206, headers: { "content-range": "bytes 1-5/6", etag } })
        : new Response("direct", { headers: { etag } })
    );
    const { port } = new URL(origin.url);
    const range = { from: 1, ifRange: etag };
    const direct = [`http://127.0.0.1:${port}/x`, `http://localhost:${port}/x`];
    const environmentProxies = { http: proxy.url };
    for (
      const noProxy of [
        "*",
        "127.0.0.0/8 LOCALHOST",
        ` .localhost:${port},127.0.0.1:${port}, other.test`,
        "::1,127.0.0.1,localhost",
      ]
    ) {
      using driver = driverFor({ environmentProxies, noProxy }, lane);
      for (const url of direct) {
        assertEquals(
          [await read(driver, url), await read(driver, url, range)],
          ["direct", "irect"],
          `${noProxy} ${url}`,
        );
      }
      if (noProxy !== "*") assertEquals(await read(driver, "http://files.test/x"), "by proxy");
    }
    using all = driverFor({ environmentProxies }, lane);
    assertEquals(await read(all, direct[0]!), "by proxy");
    // What a proxy is named for https only is for nobody else.
    using tls = driverFor({ environmentProxies: { https: proxy.url } }, lane);
    assertEquals(await read(tls, direct[0]!), "direct");
    using given = driverFor({ proxy: proxy.url, noProxy: "localhost" }, lane);
    assertEquals([await read(given, direct[0]!), await read(given, direct[1]!)], ["by proxy", "direct"]);
  },
);

bothClients(
  "HttpDriver asks servers of https that NO_PROXY names over TLS, with and without a certificate of its own",
  async (lane) => {
    const pair = await testCertificate(["localhost"]);
    const own = await testCertificate(["me"]);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, ...pair, onListen: () => {} },
      () => new Response("direct"),
    );
    const environmentProxies = { https: `http://127.0.0.1:${freePort()}` };
    for (const more of [{}, { clientCert: own }]) {
      using driver = driverFor({ environmentProxies, noProxy: "localhost", caCerts: [pair.cert], ...more }, lane);
      assertEquals(await read(driver, `https://localhost:${server.addr.port}/x`), "direct");
      using strict = driverFor({ environmentProxies, noProxy: "localhost", ...more }, lane);
      const error = await failure(strict, `https://localhost:${server.addr.port}/x`);
      assertEquals([error.kind, error.retryable], ["security", false]);
    }
    await server.shutdown();
  },
);

async function failure(driver: HttpDriver, url: string): Promise<DownloadError> {
  return await assertRejects(() => read(driver, url), DownloadError);
}

bothClients("HttpDriver names a proxy that refuses a tunnel, and its status; 403 and 407 are final", async (lane) => {
  let status = "";
  await using proxy = new RawServer(answering(() => reply("", status)));
  const named = proxy.url().host;
  const withUser = `http://me:s3cret@${named}`;
  for (const identity of [{ proxy: withUser }, { environmentProxies: { https: withUser } }]) {
    using driver = driverFor(identity, lane);
    for (
      const [answer, kind, retryable] of [
        ["403 Forbidden", "network", false],
        ["407 Proxy Authentication Required", "auth", false],
        ["429 Too Many Requests", "network", true],
        ["502 Bad Gateway", "network", true],
        ["503 Service Unavailable", "network", true],
      ] as const
    ) {
      status = answer;
      const error = await failure(driver, "https://files.test/x");
      assertEquals(
        [error.kind, error.retryable, error.status, error.cools],
        [kind, retryable, undefined, false],
        answer,
      );
      const code = answer.slice(0, 3);
      assert(
        error.message.startsWith(`files.test: the proxy http://${named} answers CONNECT with HTTP status ${code}`),
        error.message,
      );
      assert(!error.message.includes("s3cret"), error.message);
      assertEquals(error.message.includes("USER:PASSWORD"), code === "407");
    }
  }
});

bothClients("HttpDriver names the proxy through which a request of http has failed", async (lane) => {
  await using proxy = FaultServer.start(({ path }) => new Response("", { status: Number(path.slice(-3)) }));
  using driver = driverFor({ proxy: proxy.url }, lane);
  const wants = await failure(driver, "http://files.test/407");
  assertEquals([wants.kind, wants.retryable], ["auth", false]);
  assertMatch(wants.message, /^files\.test: the proxy http:\S+ answers GET with HTTP status 407: it wants a user name/);
  const other = await failure(driver, "http://files.test/502");
  assertEquals([other.kind, other.status], ["http", 502]);
  assertEquals(other.message, `files.test: HTTP status 502, through the proxy ${proxy.url}`);
});

bothClients("HttpDriver names a proxy that it cannot reach, or that breaks off", async (lane) => {
  await using rude = new RawServer((conn) => conn.close());
  for (
    const [scheme, port] of [["http", freePort()], ["https", freePort()], ["socks5", freePort()], [
      "http",
      rude.url().port,
    ]]
  ) {
    using driver = driverFor({ proxy: `${scheme}://me:s3cret@127.0.0.1:${port}` }, lane);
    const error = await failure(driver, "https://files.test/x");
    assertEquals([error.kind, error.retryable], ["network", true], error.message);
    assert(error.message.startsWith(`files.test: through the proxy ${scheme}://127.0.0.1:${port}: `), error.message);
    assert(!/s3cret|me:/.test(error.message), error.message);
  }
});
