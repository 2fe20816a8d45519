import { assertEquals, assertRejects } from "@std/assert";
import { readContentEncoding } from "../../download/content_encoding.ts";
import { DecodedResponse } from "../../download/decoded_response.ts";
import { DownloadError } from "../../download/download_error.ts";
import { HostAddresses } from "../../download/host_addresses.ts";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { NameLookups } from "../../download/name_lookups.ts";
import { dialedFetch } from "../../download/protocols/dialed_fetch.ts";
import { HttpDriver, type HttpDriverOptions } from "../../download/protocols/http_driver.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { freePort, NginxServer } from "../support/nginx_server.ts";
import { SocksServer } from "../support/socks_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;
const BASIC = `Basic ${btoa("me:secret")}`;

function driverFor(identity: Partial<HttpIdentity>, options: Partial<HttpDriverOptions> = {}): HttpDriver {
  return new HttpDriver({ idlePerHost: 2, lane: true, identity: { ...ANONYMOUS, ...identity }, ...options });
}

async function read(driver: HttpDriver, url: string, headers: Record<string, string> = {}, signal = never) {
  using answer = await driver.open({ url, headers, maxRedirects: 5, signal });
  const { contentEncoding } = answer;
  const response = contentEncoding === undefined
    ? answer
    : new DecodedResponse(answer, readContentEncoding(contentEncoding));
  const decoder = new TextDecoder();
  let text = "";
  await response.read((piece) => void (text += decoder.decode(piece, { stream: true })));
  return { text: text + decoder.decode(), finalUrl: response.finalUrl };
}

/** Runs a test over both clients. */
function bothClients(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`${name}, over ${lane ? "the lane" : "fetch"}`, () => run(lane));
}

function https(pair: { cert: string; key: string }, answer: (path: string) => Response) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, ...pair, onListen: () => {} }, (request) => {
    return answer(new URL(request.url).pathname);
  });
}

function redirect(location: string, headers: Record<string, string> = {}): Response {
  return new Response("", { status: 302, headers: { location, ...headers } });
}

Deno.test("HttpDriver hands over the Content-Disposition as it came, whoever asks: lane, fetch, guarded connection", async () => {
  const field = `attachment; filename="caf\xc3\xa9 \xe9.txt"`;
  await using server = new RawServer(
    answering((request) =>
      reply("x", "200 OK", ...(request.startsWith("GET /named") ? [`Content-Disposition: ${field}`] : []))
    ),
  );
  const allowPrivate = [server.url().host];
  for (
    const [lane, identity] of [[true, {}], [false, {}], [true, { denyPrivate: true, allowPrivate }], [false, {
      denyPrivate: true,
      allowPrivate,
    }]] as const
  ) {
    using driver = driverFor(identity, { lane });
    for (const [path, expected] of [["/named", field], ["/plain", undefined]] as const) {
      using response = await driver.open({ url: server.url(path).href, headers: {}, maxRedirects: 0, signal: never });
      assertEquals(response.disposition, expected, `${lane} ${JSON.stringify(identity)}`);
      assertEquals(await response.whole((bytes) => bytes.length, () => {}), 1);
    }
  }
});

bothClients("HttpDriver signs in with the user name and password of the url", async (lane) => {
  await using server = FaultServer.start(({ headers, path }) => {
    return headers.get("authorization") === BASIC ? new Response(path) : new Response("", { status: 401 });
  });
  using driver = driverFor({}, { lane });
  const found = await read(driver, `${server.url.replace("//", "//me:secret@")}/x`);
  assertEquals(found, { text: "/x", finalUrl: `${server.url}/x` });
  const error = await assertRejects(() => read(driver, `${server.url}/x`), DownloadError);
  assertEquals(error.status, 401);
});

bothClients("HttpDriver carries cookies from one answer to the next request, of each host its own", async (lane) => {
  await using other = FaultServer.start(() => new Response("end", { headers: { "set-cookie": "at=other; Path=/" } }));
  const away = other.url.replace("127.0.0.1", "localhost");
  await using server: FaultServer = FaultServer.start(({ path }) => {
    if (path === "/login") return redirect("/away", { "set-cookie": "sid=1; Path=/" });
    return path === "/away" ? redirect(`${away}/x`) : new Response("file");
  });
  using driver = driverFor({ cookies: "localhost\tFALSE\t/\tFALSE\t0\tfile\tyes\n" }, { lane });
  await read(driver, `${server.url}/login`);
  await read(driver, `${server.url}/file`);
  await read(driver, `${away}/y`);
  const seen = (from: FaultServer) => from.requests.map(({ path, headers }) => `${path} ${headers.get("cookie")}`);
  assertEquals(seen(server), ["/login null", "/away sid=1", "/file sid=1"]);
  assertEquals(seen(other), ["/x file=yes", "/y file=yes; at=other"]);
});

bothClients("HttpDriver takes nothing along that a redirect has before its @", async (lane) => {
  await using server: FaultServer = FaultServer.start(({ path }) => {
    return path === "/from" ? redirect(`${server.url.replace("//", "//evil:pw@")}/to`) : new Response("end");
  });
  using driver = driverFor({}, { lane });
  assertEquals((await read(driver, `${server.url}/from`)).finalUrl, `${server.url}/to`);
  assertEquals(server.requests.map(({ headers }) => headers.get("authorization")), [null, null]);
});

bothClients(
  "HttpDriver trusts a certificate that it was given, and follows no redirect to http unless told to",
  async (lane) => {
    const pair = await testCertificate(["localhost"]);
    await using plain = FaultServer.start(() => new Response("plain"));
    const server = https(pair, (path) => path === "/down" ? redirect(plain.url) : new Response("safe"));
    const base = `https://localhost:${server.addr.port}`;
    const caCerts = [pair.cert];
    {
      using driver = driverFor({ caCerts }, { lane });
      assertEquals((await read(driver, `${base}/x`)).text, "safe");
      const error = await assertRejects(() => read(driver, `${base}/down`), DownloadError, "--allow-downgrade");
      assertEquals([error.kind, error.retryable], ["security", false]);
      assertEquals(plain.requests, []);
      using lax = driverFor({ caCerts, allowDowngrade: true }, { lane });
      assertEquals((await read(lax, `${base}/down`)).text, "plain");
      using stranger = driverFor({}, { lane });
      const refused = await assertRejects(() => read(stranger, `${base}/x`), DownloadError);
      assertEquals([refused.kind, refused.retryable], ["security", false], refused.message);
    }
    await server.shutdown();
  },
);

Deno.test("HttpDriver shows its client certificate to a server that wants one", async () => {
  await using home = await TempDir.create();
  await home.write("x", "for friends");
  const [pair, friend, stranger] = await Promise.all(
    [["localhost"], ["friend"], ["stranger"]].map((names) => testCertificate(names)),
  );
  await using nginx = await NginxServer.start(home.path, { tls: { ...pair!, clientCa: friend!.cert } });
  const url = `https://localhost:${nginx.tlsPort}/x`;
  using driver = driverFor({ caCerts: [pair!.cert], clientCert: friend! });
  assertEquals((await read(driver, url)).text, "for friends");
  for (const identity of [{}, { clientCert: stranger! }]) {
    using refused = driverFor({ caCerts: [pair!.cert], ...identity });
    const error = await assertRejects(() => read(refused, url), DownloadError);
    assertEquals(error.status, 400);
  }
});

Deno.test("dialedFetch shows a client certificate, too, and lets go of a server that says nothing", async () => {
  await using home = await TempDir.create();
  await home.write("x", "for friends");
  const [pair, friend] = await Promise.all([["localhost"], ["friend"]].map((names) => testCertificate(names)));
  await using nginx = await NginxServer.start(home.path, { tls: { ...pair!, clientCa: friend!.cert } });
  const url = new URL(`https://localhost:${nginx.tlsPort}/x`);
  const dialing = { caCerts: [pair!.cert], clientCert: friend! };
  const answer = await dialedFetch(url, new Headers(), never, dialing);
  assertEquals([answer.status, await answer.text()], [200, "for friends"]);
  const stranger = await dialedFetch(url, new Headers(), never, { caCerts: [pair!.cert] });
  assertEquals(stranger.status, 400);
  await stranger.body?.cancel();
  const asked = Promise.withResolvers<void>();
  await using silent = new RawServer(async (connection) => {
    if (await connection.begun()) asked.resolve();
    await connection.gone();
  });
  const controller = new AbortController();
  const waiting = dialedFetch(new URL(`https://localhost:${silent.port}/`), new Headers(), controller.signal, dialing);
  waiting.catch(() => {});
  await asked.promise;
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
});

Deno.test("HttpDriver asks everything through its proxy: http, https or socks5, with user name and password", async () => {
  const pair = await testCertificate(["localhost"]);
  await using origin = FaultServer.start(({ path }) => new Response(`origin ${path}`));
  await using plain = FaultServer.start(() => new Response("proxied"));
  const seen: (string | null)[] = [];
  const secure = Deno.serve({ hostname: "127.0.0.1", port: 0, ...pair, onListen: () => {} }, (request) => {
    seen.push(request.headers.get("proxy-authorization"));
    return new Response("proxied securely", { status: request.method === "CONNECT" ? 407 : 200 });
  });
  await using socks = new SocksServer(origin.port);
  {
    using http = driverFor({ proxy: plain.url.replace("//", "//me:secret@") });
    assertEquals((await read(http, "http://files.test/x")).text, "proxied");
    assertEquals(plain.requests[0]!.headers.get("proxy-authorization"), BASIC);
    using overTls = driverFor({ proxy: `https://me:secret@localhost:${secure.addr.port}`, caCerts: [pair.cert] });
    assertEquals((await read(overTls, "http://files.test/x")).text, "proxied securely");
    // Deno tells the proxy who asks only where it makes a tunnel.
    await assertRejects(() => read(overTls, "https://files.test/x"), DownloadError);
    assertEquals(seen, [null, BASIC]);
    using over = driverFor({ proxy: `socks5://me:secret@127.0.0.1:${socks.port}` });
    assertEquals((await read(over, "http://files.test:81/x")).text, "origin /x");
    assertEquals(socks.requests, [{ target: "files.test:81", user: "me:secret" }]);
  }
  await secure.shutdown();
});

Deno.test("HttpDriver tells nothing of the credentials of a proxy that it cannot reach", async () => {
  for (const scheme of ["http", "https", "socks5"]) {
    using driver = driverFor({ proxy: `${scheme}://me:secret@127.0.0.1:${freePort()}` });
    const error = await assertRejects(() => read(driver, "https://files.test/x"), DownloadError);
    assertEquals([error.kind, /secret|me:/.test(error.message)], ["network", false], error.message);
  }
});

bothClients("HttpDriver that denies private addresses asks no such server, not even after a redirect", async (lane) => {
  await using secret = FaultServer.start(() => new Response("secret"));
  await using server: FaultServer = FaultServer.start(({ path }) => redirect(decodeURIComponent(path.slice(1))));
  using driver = driverFor({ denyPrivate: true, allowPrivate: [`127.0.0.1:${server.port}`] }, { lane });
  const port = secret.port;
  const targets = [
    `http://127.0.0.1:${port}/x`,
    `http://localhost:${port}/x`,
    `http://2130706433:${port}/x`,
    `http://0x7f.1:${port}/x`,
    `http://[::ffff:127.0.0.1]:${port}/x`,
    `http://[::1]:${port}/x`,
    "http://169.254.169.254/latest/meta-data/",
    `https://127.0.0.1:${port}/x`,
  ];
  for (const target of targets) {
    for (const url of [target, `${server.url}/${encodeURIComponent(target)}`]) {
      const error = await assertRejects(() => read(driver, url), DownloadError, "public internet", url);
      assertEquals([error.kind, error.retryable], ["security", false], url);
    }
  }
  assertEquals([secret.requests.length, server.requests.length], [0, targets.length]);
});

bothClients(
  "HttpDriver that denies private addresses gets files of every form from the address that it looked at",
  async (lane) => {
    const pair = await testCertificate(["files.test"]);
    const large = bytesFor("large", 300_000);
    const unsized = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(large);
          controller.close();
        },
      });
    const gzip = () => new Response(large).body!.pipeThrough(new CompressionStream("gzip"));
    const server = https(pair, (path) => {
      if (path === "/unsized") return new Response(unsized());
      if (path === "/gzip") return new Response(gzip(), { headers: { "content-encoding": "gzip" } });
      if (path === "/none") return new Response(null, { status: 404 });
      return path === "/from" ? redirect("/plain", { "set-cookie": "a=1" }) : new Response(large);
    });
    const { port } = server.addr;
    const looked: string[] = [];
    const allowPrivate = [`files.test:${port}`, `other.test:${port}`];
    const names = new NameLookups({
      resolve: (name) => {
        looked.push(name);
        return Promise.resolve(["127.0.0.1"]);
      },
    });
    const hosts = new HostAddresses({ denyPrivate: true, allowPrivate }, names);
    {
      using driver = driverFor({ denyPrivate: true, caCerts: [pair.cert], cookies: "" }, { lane, hosts });
      const base = `https://files.test:${port}`;
      const whole = new TextDecoder().decode(large);
      for (const path of ["/plain", "/unsized", "/gzip", "/from"]) {
        assertEquals((await read(driver, base + path)).text === whole, true, path);
      }
      assertEquals(looked, ["files.test"]);
      const missing = await assertRejects(() => read(driver, `${base}/none`), DownloadError);
      assertEquals(missing.status, 404);
      // The certificate is for the name, not for the address.
      const wrong = await assertRejects(() => read(driver, `https://other.test:${port}/plain`), DownloadError);
      assertEquals([wrong.kind, wrong.retryable], ["security", false], wrong.message);
    }
    await server.shutdown();
  },
);

Deno.test("HttpDriver that denies private addresses fails a body that breaks off, and ends with its signal", async () => {
  await using broken = new RawServer(async (connection) => {
    await connection.request();
    await connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  });
  const asked = Promise.withResolvers<void>();
  await using silent = new RawServer(async (connection) => {
    await connection.request();
    asked.resolve();
    await connection.gone();
  });
  const allowPrivate = [broken, silent].map((server) => server.url().host);
  using driver = driverFor({ denyPrivate: true, allowPrivate }, { lane: false });
  await assertRejects(() => read(driver, broken.url().href));
  const controller = new AbortController();
  const reading = read(driver, silent.url().href, {}, controller.signal);
  reading.catch(() => {});
  await asked.promise;
  controller.abort(new Error("enough"));
  await assertRejects(() => reading, DownloadError, "enough");
});

bothClients(
  "HttpDriver that denies private addresses fails on a server that changes to another protocol, and lets it go",
  async (lane) => {
    const gone = Promise.withResolvers<void>();
    const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    await using open = new RawServer(async (connection) => {
      for (; await connection.request() !== undefined;) await connection.send(upgrade);
      gone.resolve();
    });
    await using closed = new RawServer((connection) => connection.request().then(() => connection.send(upgrade)));
    const allowPrivate = [open, closed].map((server) => server.url().host);
    using driver = driverFor({ denyPrivate: true, allowPrivate }, { lane });
    for (const server of [open, closed]) {
      const error = await assertRejects(() => read(driver, server.url().href), DownloadError, "status 101");
      assertEquals([error.retryable, server.accepted], [false, 1]);
    }
    await gone.promise;
  },
);
