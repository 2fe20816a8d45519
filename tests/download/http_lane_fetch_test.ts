import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DriverResponse } from "../../download/download_driver.ts";
import { DownloadError, networkError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { HttpLane } from "../../download/protocols/http_lane.ts";
import { retryAfter } from "../../download/retry_after.ts";
import { latin1, RawServer } from "./raw_server.ts";

const never = new AbortController().signal;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What a client made of an answer. */
type Outcome =
  | { type: "file"; bytes: number[]; length: number | undefined; etag: string; lastModified: string }
  | { type: "status"; status: number; retry: boolean }
  | { type: "redirect" }
  | { type: "error"; kind: string };

function failure(error: unknown): Outcome {
  if (!(error instanceof DownloadError)) throw error;
  if (error.kind === "redirect") return { type: "redirect" };
  // The driver takes this status for an error of the protocol, whoever brings it.
  if (error.message.endsWith("(HTTP status 101)")) return { type: "status", status: 101, retry: false };
  if (error.kind !== "http") return { type: "error", kind: error.kind };
  return { type: "status", status: error.status!, retry: error.retryAt !== undefined };
}

async function bytesOf(answer: DriverResponse): Promise<number[]> {
  const bytes: number[] = [];
  await answer.read((piece) => void bytes.push(...piece));
  return bytes;
}

async function byLane(lane: HttpLane, url: URL): Promise<Outcome> {
  try {
    const answer = await lane.open({ url, headers: {}, signal: never });
    assert(answer !== undefined);
    if (answer.ok) {
      const { length, etag = "-", lastModified = "-" } = answer;
      return { type: "file", bytes: await bytesOf(answer), length, etag, lastModified };
    }
    if (REDIRECTS.has(answer.status)) return { type: "redirect" };
    return {
      type: "status",
      status: answer.status,
      retry: retryAfter(answer.headers.get("retry-after"), Date.now()) !== undefined,
    };
  } catch (error) {
    return failure(networkError(error, url.href));
  }
}

async function byFetch(driver: HttpDriver, url: URL): Promise<Outcome> {
  try {
    using answer = await driver.open({ url: url.href, headers: {}, maxRedirects: 0, signal: never });
    const { length, etag = "-", lastModified = "-" } = answer;
    return { type: "file", bytes: await bytesOf(answer), length, etag, lastModified };
  } catch (error) {
    // As the core does with what comes out of a body.
    return failure(networkError(error, url.href));
  }
}

const statusLine = fc.oneof(
  { weight: 6, arbitrary: fc.constant("HTTP/1.1 200 OK") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(404, 302, 307, 204, 206, 304, 416, 429, 500, 503).map((status) =>
      `HTTP/1.1 ${status} Such`
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 95, max: 620 }).map((status) => `HTTP/1.1 ${status} \xe9\t`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "HTTP/1.1 200",
      "HTTP/1.0 200 OK",
      "HTTP/1.1  200 OK",
      "http/1.1 200 OK",
      "HTTP/1.1 200 O\x01K",
      "HTTP/2 200 OK",
      "HTTP/1.1 2000 OK",
      "ICY 200 OK",
    ),
  },
);
const innocent = fc.constantFrom(
  "Server: x",
  'ETag: "abc"',
  'etag:W/"\xe9"\t',
  "Last-Modified: Mon, 23 Nov 2026 20:05:02 GMT",
  "Connection: close",
  "Connection: keep-alive",
  "Connection: Keep-Alive, X",
  "Content-Encoding: identity",
  "Retry-After: 7",
  "Location: /there",
  "Keep-Alive: timeout=5",
  "X-Text: \x80\xff a",
  "X-Empty:",
  "Content-Type:text/html",
  "Set-Cookie: a=b",
  "Trailer: x",
  "Upgrade: h2c",
);
const hostile = fc.constantFrom(
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding:\tChunked ",
  "Transfer-Encoding: xchunked",
  "transfer-encoding: gzip, chunked",
  "Content-Length: 3",
  "Content-Length : 3",
  "Content-Length: 3, 3",
  "Content-Length: +3",
  "Content-Length: -1",
  "Content-Length: 0003",
  "Content-Length:",
  "Content-Length: 18446744073709551617",
  "Content-Length: 3\xa0",
  "Content\xa0Length: 3",
  "Content-Encoding: gzip",
  "Content-Encoding: ",
  " folded: 1",
  "\tfolded",
  "X: a\rContent-Length: 3",
  "X: a\nContent-Length: 3",
  "X: a\x00b",
  "X: a\x0bb",
  "X\x00: a",
  "NoColon",
  ": empty",
  "X Y: 1",
  'ETag: "second"',
  "Last-Modified: twice",
  "\r",
);
const field = fc.oneof({ weight: 5, arbitrary: innocent }, { weight: 1, arbitrary: hostile });
const lineEnd = fc.oneof({ weight: 40, arbitrary: fc.constant("\r\n") }, {
  weight: 1,
  arbitrary: fc.constantFrom("\n", "\r\r\n", "\r", "\n\r"),
});
const interim = fc.oneof({ weight: 8, arbitrary: fc.constant("") }, {
  weight: 2,
  arbitrary: fc.constantFrom(
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n",
    'HTTP/1.1 102 Wait\r\nETag: "interim"\r\nConnection: close\r\n\r\n',
    "HTTP/1.1 100 Go\r\nContent-Length: 3\r\n\r\n",
    "HTTP/1.1 101 Now\r\nUpgrade: x\r\n\r\n",
    "\r\n",
  ),
});
const rest = fc.oneof(
  { weight: 5, arbitrary: fc.constant("") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("\r\n", "0\r\n\r\n", "x", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG"),
  },
);

/** An answer, and how it is sent. */
const exchange = fc.record({
  interim,
  statusLine,
  fields: fc.array(fc.tuple(field, lineEnd), { maxLength: 6 }),
  body: fc.string({ unit: fc.constantFrom("a", "5", "\r", "\n", "\x00", "\xff"), maxLength: 40 }),
  framing: fc.constantFrom("length", "length", "length", "length", "none", "chunked"),
  /** How far the announced length is from the true one. */
  lie: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) }),
  rest,
  cuts: fc.oneof(fc.constant([100_000]), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 })),
});

type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never;

function render({ interim, statusLine, fields, body, framing, lie, rest }: Exchange): string {
  const lines = fields.map(([line, end]) => line + end).join("");
  const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
  const tail = framing === "length"
    ? `Content-Length: ${Math.max(0, body.length + lie)}\r\n\r\n${body}`
    : framing === "chunked"
    ? `Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`
    : `\r\n${body}`;
  return `${interim}${statusLine}\r\n${lines}${tail}${rest}`;
}

/** True where the two may differ, and how. */
function excused({ body, lie, rest, fields, framing }: Exchange, ours: Outcome, fetched: Outcome): boolean {
  const lines = fields.map(([line]) => line.toLowerCase());
  const others = lines.flatMap((line) => line.includes("content-length") ? line.split(",") : []).length;
  const announced = others + (framing === "length" ? 1 : 0);
  const coded = framing === "chunked" || lines.some((line) => line.startsWith("transfer-encoding"));
  // A length that is no number, or several, beside a transfer coding: fetch looks at none of them.
  if (coded && announced > 0 && ours.type === "error") return true;
  // A length that is said several times is one for us.
  if (announced > 1 && ours.type === "file" && fetched.type === "file") {
    return `${ours.bytes}` === `${fetched.bytes}` && fetched.length === undefined;
  }
  // An empty encoding beside another one: the runtime forgets it when it copies fields.
  if (lines.includes("content-encoding: ") && lines.includes("content-encoding: identity")) return true;
  // Where the last line of a head ends without CR and the head comes in pieces, fetch waits for an end that was there.
  if (framing === "none" && fields.at(-1)?.[1] === "\n" && fetched.type === "error" && fetched.kind === "network") {
    return ours.type === "file" ? `${ours.bytes}` === `${latin1(body + rest)}` : ours.type !== "error";
  }
  // Bytes behind the body make fetch fail an answer that it has not handed over yet, if they come quickly enough. The file
  // is whole and right, and both close the connection.
  const bodiless = ours.type === "status" && [101, 204, 304].includes(ours.status);
  const surplus = rest !== "" || lie < 0 || bodiless || others > 0;
  if (!surplus || fetched.type !== "error" || fetched.kind !== "network") return false;
  if (ours.type !== "file") return ours.type !== "error";
  return `${ours.bytes}` === `${latin1((body + rest).slice(0, ours.bytes.length))}`;
}

Deno.test("HttpLane makes of every answer what fetch makes of it", async () => {
  let current: { wire: string; cuts: readonly number[] } = { wire: "", cuts: [1] };
  await using server = new RawServer(async (connection) => {
    if (await connection.request() !== undefined) await connection.trickle(current.wire, current.cuts);
  });
  // Nothing is kept: what one answer leaves behind must not reach the next, nor may fetch lose a kept connection.
  using lane = new HttpLane({ idlePerHost: 0 });
  using driver = new HttpDriver({ idlePerHost: 0, lane: false });
  const seen = { file: 0, status: 0, redirect: 0, error: 0 };
  await fc.assert(
    fc.asyncProperty(exchange, async (made) => {
      current = { wire: render(made), cuts: made.cuts };
      const ours = await byLane(lane, server.url());
      seen[ours.type]++;
      const fetched = await byFetch(driver, server.url());
      if (excused(made, ours, fetched)) return;
      assertEquals(ours, fetched, JSON.stringify(current.wire));
    }),
    { numRuns: 300 },
  );
  assert(seen.file > 0 && seen.status > 0 && seen.error > 0, JSON.stringify(seen));
});
