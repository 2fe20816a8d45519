/** Bodies that another transfer coding than `chunked` makes something else of. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive } from "../support/drive.ts";
import { RawServer } from "./raw_server.ts";

const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";

/** Ends behind one answer, as some codings end with the connection. */
function answeringOnce(fields: readonly string[], body: string): RawServer {
  const head = ["HTTP/1.1 200 OK", ...fields, "Connection: close"];
  return new RawServer((connection) =>
    connection.request().then(() => connection.send(`${head.join("\r\n")}\r\n\r\n${body}`))
  );
}

for (const lane of [true, false]) {
  for (const denyPrivate of [false, true]) {
    const way = `${lane ? "lane" : "fetch"}${denyPrivate ? " with --deny-private" : ""}`;
    const open = (server: RawServer) => {
      const identity = { ...ANONYMOUS, denyPrivate, allowPrivate: [server.url().host] };
      return new HttpDriver({ idlePerHost: 1, lane, identity });
    };

    Deno.test(`FetchResponse fails over a transfer coding that nobody takes off, ${way}`, async () => {
      const cases: [codings: string[], body: string][] = [
        [["gzip, chunked"], CHUNKS],
        [["gzip"], "hello"],
        [["GZip", "chunked"], CHUNKS],
        [["xchunked"], CHUNKS],
        [["chunked, identity"], CHUNKS],
        [["identity, deflate"], "hello"],
      ];
      for (const [codings, body] of cases) {
        await using server = answeringOnce(codings.map((coding) => `Transfer-Encoding: ${coding}`), body);
        using driver = open(server);
        const error = await assertRejects(() => drive(driver, server.url().href), DownloadError);
        assertEquals([error.kind, error.retryable], ["protocol", false], `${codings}: ${error.message}`);
      }
    });

    Deno.test(`FetchResponse names the transfer coding that it cannot take off, ${way}`, async () => {
      await using server = answeringOnce(["Transfer-Encoding: gzip, chunked"], CHUNKS);
      using driver = open(server);
      const error = await assertRejects(() => drive(driver, server.url().href), DownloadError);
      assertMatch(error.message, /^127\.0\.0\.1:\d+: transfer encoding "gzip, chunked" cannot be decoded$/);
    });

    Deno.test(`FetchResponse takes a body in chunks, however that is written, ${way}`, async () => {
      for (const codings of [["chunked"], ["Chunked"], ["\tchunked "], ["identity, chunked"]]) {
        await using server = answeringOnce(codings.map((coding) => `Transfer-Encoding: ${coding}`), CHUNKS);
        using driver = open(server);
        const { bytes } = await drive(driver, server.url().href);
        assertEquals(new TextDecoder().decode(bytes), "hello", codings.join());
      }
    });
  }
}
