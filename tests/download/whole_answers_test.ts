/** Answers that bring the whole file under another status than 200. */
import { assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { DownloadBench } from "./download_bench.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const text = new TextDecoder();
const STRONG = 'ETag: "one"';

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";

  Deno.test(`HttpDriver takes 201, 203, and a 206 that brings all of it, for the file, ${way}`, async () => {
    const answers: Record<string, [answer: string, length: number | undefined]> = {
      "/201": [reply("hello", "201 Created", "Location: /elsewhere"), 5],
      "/203": [reply("hello", "203 Non-Authoritative Information"), 5],
      "/203-chunks": ["HTTP/1.1 203 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", undefined],
      "/206": [reply("hello", "206 Partial Content", "Content-Range: bytes 0-4/5"), 5],
      "/206-case": [reply("hello", "206 Partial Content", "content-range:  Bytes 0-4/5 "), 5],
      "/206-chunks": [
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 0-4/5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        5,
      ],
    };
    await using server = new RawServer(answering((head) => answers[head.split(" ")[1]!]![0]));
    using driver = new HttpDriver({ idlePerHost: 2, lane });
    for (const [path, [, length]] of Object.entries(answers)) {
      const { bytes, response } = await drive(driver, server.url(path).href);
      assertEquals([text.decode(bytes), response.length, response.offset], ["hello", length, 0], path);
      assertEquals([response.end, response.finalUrl], [undefined, server.url(path).href], path);
    }
  });

  Deno.test(`HttpDriver takes no other 206 for the file that nobody asked a part of, ${way}`, async () => {
    const ranges: Record<string, string[]> = {
      "a part": ["Content-Range: bytes 0-4/6"],
      "the end": ["Content-Range: bytes 1-5/6"],
      "no range": [],
      "an unknown length": ["Content-Range: bytes 0-4/*"],
      "another unit": ["Content-Range: items 0-4/5"],
      "another length than the body": ["Content-Range: bytes 0-9/10"],
      "several parts": ["Content-Type: multipart/byteranges; boundary=x"],
      "two ranges": ["Content-Range: bytes 0-4/5", "Content-Range: bytes 0-4/9"],
    };
    for (const [name, fields] of Object.entries(ranges)) {
      await using server = new RawServer(answering(reply("hello", "206 Partial Content", ...fields)));
      using driver = new HttpDriver({ idlePerHost: 2, lane });
      const error = await assertRejects(() => drive(driver, server.url().href), DownloadError, undefined, name);
      assertEquals([error.kind, error.status, error.retryable], ["http", 206, false], name);
    }
  });

  Deno.test(`HttpDriver takes 203 to a range for the whole file, ${way}`, async () => {
    await using server = new RawServer(answering(reply("hello", "203 OK", STRONG)));
    using driver = new HttpDriver({ idlePerHost: 2, lane });
    const { bytes, response } = await drive(driver, server.url().href, { range: { from: 2, ifRange: '"one"' } });
    assertEquals([text.decode(bytes), response.offset, response.length], ["hello", 0, 5]);
  });

  Deno.test(`HttpDriver follows a 300 that says where to, and no other, ${way}`, async () => {
    await using server = new RawServer(
      answering((head) => {
        const path = head.split(" ")[1];
        if (path === "/file") return reply("hello");
        return reply("choose", "300 Multiple Choices", ...(path === "/led" ? ["Location: /file"] : []));
      }),
    );
    using driver = new HttpDriver({ idlePerHost: 2, lane });
    const { bytes, response } = await drive(driver, server.url("/led").href);
    assertEquals([text.decode(bytes), response.finalUrl], ["hello", server.url("/file").href]);
    const error = await assertRejects(() => drive(driver, server.url("/alone").href), DownloadError);
    assertEquals([error.kind, error.status], ["http", 300]);
    const circle = await assertRejects(
      () => drive(driver, server.url("/led").href, { maxRedirects: 0 }),
      DownloadError,
    );
    assertEquals(circle.kind, "redirect");
  });

  Deno.test(`Attempt stores what comes under 201, 203 and 206, large and small, ${way}`, async () => {
    await using bench = await DownloadBench.start(({ path }) => {
      const [, status, size] = path.split("/");
      const body = bytesFor(path, Number(size));
      const range: Record<string, string> = status === "206"
        ? { "content-range": `bytes 0-${body.length - 1}/${body.length}` }
        : {};
      return new Response(body, { status: Number(status), headers: { etag: '"x"', ...range } });
    }, { lane });
    for (const status of [201, 203, 206]) {
      for (const size of [1, 10_000, 3_000_000]) {
        const path = `/${status}/${size}`;
        const out = `${status}-${size}`;
        const outcome = await bench.fetch(path, { out });
        assertEquals([outcome.type, bench.server.hits(path)], ["done", 1], path);
        assertEquals(bench.read(out).length, size);
        assertEquals(bench.read(out), bytesFor(path, size));
      }
    }
  });
}
