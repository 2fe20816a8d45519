/** What went wrong before an answer came, and whether it is worth another try. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { freePort } from "../support/nginx_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

type Kind = [kind: string, retryable: boolean, says: RegExp];

const LOOKUP: Kind = ["network", true, /: the name cannot be looked up: /];
const NO_TLS: Kind = ["protocol", false, /: no TLS connection comes about: /];

/** Every way to ask: our own client, `fetch`, and the one that looks at addresses. */
const WAYS = [
  { name: "lane", lane: true, denyPrivate: false },
  { name: "fetch", lane: false, denyPrivate: false },
  { name: "lane with --deny-private", lane: true, denyPrivate: true },
  { name: "dialed with --deny-private", lane: false, denyPrivate: true },
];

async function failure(
  url: string,
  way: typeof WAYS[number],
  caCerts?: string[],
  also: string[] = [],
): Promise<DownloadError> {
  const { hostname, port, protocol } = new URL(url);
  const allowPrivate = [`${hostname}:${port || (protocol === "https:" ? 443 : 80)}`, ...also];
  const identity = { ...ANONYMOUS, denyPrivate: way.denyPrivate, allowPrivate, ...(caCerts && { caCerts }) };
  using driver = new HttpDriver({ idlePerHost: 1, lane: way.lane, identity });
  const request = { url, headers: {}, maxRedirects: 1, signal: AbortSignal.timeout(20_000) };
  return await assertRejects(() => driver.open(request), DownloadError);
}

function check(error: DownloadError, [kind, retryable, says]: Kind): void {
  assertEquals([error.kind, error.retryable], [kind, retryable], error.message);
  assertMatch(error.message, says);
  assert(!error.message.includes("secret"), error.message);
}

function serve(tls: { cert: string; key: string } | undefined): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls }, () => new Response("x"));
}

for (const way of WAYS) {
  Deno.test(`networkError takes a name that is not known for a failure that may pass, ${way.name}`, async () => {
    for (const scheme of ["http", "https"]) {
      const error = await failure(`${scheme}://me:secret@no-such-host.invalid/x`, way);
      check(error, LOOKUP);
      assertMatch(error.message, /^no-such-host\.invalid: /);
    }
  });

  Deno.test(`networkError takes no certificate that does not hold for one that may hold later, ${way.name}`, async () => {
    const good = await testCertificate(["localhost"]);
    const other = await testCertificate(["other.test"]);
    const many = await testCertificate(["a.test", "b.test", "c.test", "d.test"]);
    const none = await testCertificate([]);
    const old = await testCertificate(["localhost"], "20210101000000Z");
    const issuer = await testCertificate(["localhost"], undefined, true);
    const cases: [certificate: { cert: string; key: string }, trusted: boolean, says: string][] = [
      [
        good,
        false,
        "nobody who is trusted here has signed the server's certificate; --ca FILE trusts the certificates in a file",
      ],
      [other, true, "the server's certificate is not for localhost, but for other.test"],
      [many, true, "the server's certificate is not for localhost, but for a.test, b.test, c.test and 1 others"],
      [none, true, "the server's certificate is not for localhost, as it names no host at all (subjectAltName)"],
      [old, true, "the server's certificate has expired"],
      [
        issuer,
        true,
        "the server shows the certificate of an issuer (CA:TRUE) as its own, which is never trusted; it needs one that this " +
        "issuer has signed for it, and --ca FILE with that of the issuer",
      ],
    ];
    for (const [certificate, trusted, says] of cases) {
      const server = serve(certificate);
      const trust = trusted ? [certificate.cert] : undefined;
      const error = await failure(`https://me:secret@localhost:${server.addr.port}/x`, way, trust);
      check(error, ["security", false, /^localhost:/]);
      assertEquals(error.message, `localhost:${server.addr.port}: ${says}`);
      await server.shutdown();
    }
  });

  Deno.test(`networkError does not ask a server again for TLS that does not speak it, ${way.name}`, async () => {
    const server = serve(undefined);
    const error = await failure(`https://localhost:${server.addr.port}/x`, way);
    check(error, NO_TLS);
    assertMatch(error.message, /: the server does not speak TLS at this port$/);
    await server.shutdown();
  });

  Deno.test(`networkError keeps the query to itself, whatever brackets are in it, ${way.name}`, async () => {
    await using silent = new RawServer((connection) => connection.request().then(() => {}));
    await using garbled = new RawServer((connection) => connection.request().then(() => connection.send("no\r\n\r\n")));
    const closed = `127.0.0.1:${freePort()}`;
    const path = "f?a=(x)&b=y)&secret=(z#secret";
    for (const host of [closed, silent.url().host, garbled.url().host]) {
      const error = await failure(`http://me:secret)(@${host}/${path}`, way);
      check(error, ["network", true, new RegExp(`^${host}: `)]);
      assert(!/\/f|[?&]/.test(error.message), error.message);
    }
    const target = `http://127.0.0.1:${freePort()}/${path}`;
    await using redirecting = new RawServer(answering(() => reply("", "302 Found", `Location: ${target}`)));
    const led = await failure(redirecting.url().href, way, undefined, [new URL(target).host]);
    check(led, ["network", true, new RegExp(`^${new URL(target).host}: `)]);
    assert(!/\/f|[?&]/.test(led.message), led.message);
    const elsewhere = "sftp://me:secret@host/f?secret#secret";
    await using leaving = new RawServer(answering(() => reply("", "302 Found", `Location: ${elsewhere}`)));
    check(await failure(leaving.url().href, way), ["redirect", false, /redirected to "sftp:\/\/host\/f": no/]);
  });

  Deno.test(`networkError takes a handshake that breaks off for a failure that may pass, ${way.name}`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const closing = (async () => {
      for await (const conn of listener) conn.close();
    })();
    check(await failure(`https://localhost:${listener.addr.port}/x`, way), ["network", true, /^localhost:/]);
    listener.close();
    await closing;
  });
}
