/** Servers that want to be asked otherwise than most: it is learned with the first file, and remembered. */
import { assertEquals } from "@std/assert";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive } from "../support/drive.ts";
import { ScriptServer } from "../support/script_server.ts";
import { SocksServer } from "../support/socks_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

/** Speaks HTTP/2, but refuses every request there by HTTP_1_1_REQUIRED; by HTTP/1.1 it gives a file. */
const HTTP_1_1_REQUIRED = `
const { constants, createSecureServer } = require("node:http2");
const { readFileSync } = require("node:fs");
const pem = (name) => readFileSync(process.argv[4] + "/" + name);
const options = { allowHTTP1: true, cert: pem("cert.pem"), key: pem("key.pem"), requestCert: true, rejectUnauthorized: false };
createSecureServer(options, (request, response) => {
  log([request.httpVersion, request.url, request.headers.range ?? ""].join(" ").trim());
  if (request.httpVersionMajor === 2) return response.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED);
  const { fingerprint } = request.socket.getPeerCertificate();
  response.setHeader("x-peer", fingerprint ?? "none");
  response.end("by 1.1");
}).listen(Number(port), "127.0.0.1", () => log("listening"));
`;

Deno.test("HttpDriver asks by HTTP/1.1 at once where a stream of HTTP/2 would be refused for that", async () => {
  const [pair, friend] = await Promise.all([["localhost"], ["friend"]].map((names) => testCertificate(names)));
  const ways: Record<string, { lane: boolean; identity?: Partial<HttpIdentity> }> = {
    lane: { lane: true },
    fetch: { lane: false },
    proxy: { lane: true },
    cert: { lane: true, identity: { clientCert: friend! } },
  };
  for (const [way, { lane, identity }] of Object.entries(ways)) {
    const files = { "cert.pem": pair!.cert, "key.pem": pair!.key };
    await using server = await ScriptServer.start("node", HTTP_1_1_REQUIRED, files);
    const url = `https://localhost:${server.port}`;
    await using socks = new SocksServer(server.port);
    const proxy = way === "proxy" ? { proxy: `socks5://127.0.0.1:${socks.port}` } : {};
    using driver = new HttpDriver({
      idlePerHost: 2,
      lane,
      identity: { ...ANONYMOUS, caCerts: [pair!.cert], ...proxy, ...identity },
    });
    const visits: string[] = [];
    const visit = (host: string) => void visits.push(host);
    for (const path of ["/a", "/b", "/c"]) {
      const { bytes, response } = await drive(driver, url + path, { visit });
      assertEquals(new TextDecoder().decode(bytes), "by 1.1");
      if (way === "cert") assertEquals(response.headers?.get("x-peer") === "none", false);
    }
    const asked = await server.requests();
    assertEquals(asked, ["1.1 /a", "1.1 /b", "1.1 /c"], way);
    // Each request is counted.
    assertEquals(visits.length, asked.length, way);
  }
});

Deno.test("HttpDriver takes an answer with more than 100 fields, whoever asks", async () => {
  const fields = Array.from({ length: 1500 }, (_, i) => `X-Field-${i}: ${i}`);
  const ways: Record<string, { lane: boolean; identity?: Partial<HttpIdentity> }> = {
    lane: { lane: true },
    fetch: { lane: false },
    "--deny-private": { lane: false, identity: { denyPrivate: true } },
  };
  for (const [way, { lane, identity }] of Object.entries(ways)) {
    const paths: string[] = [];
    await using server = new RawServer(answering((head) => {
      paths.push(head.split(" ")[1]!);
      return reply("file", "200 OK", ...fields, 'ETag: "last"');
    }));
    const allowPrivate = [server.url().host];
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: { ...ANONYMOUS, allowPrivate, ...identity } });
    for (const path of ["/a", "/b", "/c"]) {
      const { bytes, response } = await drive(driver, server.url(path).href);
      assertEquals([new TextDecoder().decode(bytes), response.etag], ["file", '"last"'], way);
    }
    // What fetch cannot read is asked for otherwise, and the next file at once.
    assertEquals(paths, [...way === "fetch" ? ["/a"] : [], "/a", "/b", "/c"], way);
  }
});
