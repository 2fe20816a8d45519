import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HEAD_LIMIT, type HeadState, HttpHead } from "../../download/protocols/http_head.ts";
import { HttpLane } from "../../download/protocols/http_lane.ts";
import { answering, latin1, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;
const HELLO = "Content-Length: 5\r\n\r\nhello";

/** Reads a head that comes in packets of `size` bytes. */
function read(text: string, size = text.length): { head: HttpHead; state: HeadState } {
  const head = new HttpHead();
  const bytes = new Uint8Array(HEAD_LIMIT + 64 * 1024);
  let state: HeadState = "more";
  for (let filled = 0; filled < text.length && state === "more";) {
    bytes.set(latin1(text.slice(filled, filled + size)), filled);
    filled = Math.min(text.length, filled + size);
    state = head.read(bytes, filled);
  }
  return { head, state };
}

Deno.test("HttpHead reads the same however the bytes are cut", () => {
  const text = 'HTTP/1.1 103 Early\r\nLink: <x>\r\nEtag: "no"\r\n\r\n' +
    `HTTP/1.1 200 O\xe9 K\t\r\nX-Empty:\r\nCONTENT-length:\t0042 \r\nConnection: Keep-Alive\r\netag: W/"1"\r\n\r\nbody`;
  for (const size of [1, 2, 3, 7, 50, text.length]) {
    const { head, state } = read(text, size);
    assertEquals(state, "done");
    assertEquals(head.end, text.length - 4);
    assertEquals([head.status, head.length, head.etag, head.lastModified], [200, 42, 'W/"1"', undefined]);
    assertEquals([head.keepAlive, head.chunked, head.encoded], [true, false, false]);
    assertEquals([...head.headers(latin1(text))], [
      ["connection", "Keep-Alive"],
      ["content-length", "0042"],
      ["etag", 'W/"1"'],
      ["x-empty", ""],
    ]);
  }
});

Deno.test("HttpHead notes the Content-Disposition of the final answer, and joins several as Headers does", () => {
  const disposition = (fields: string) =>
    read(`HTTP/1.1 103 Early\r\nContent-Disposition: early\r\n\r\nHTTP/1.1 200 OK\r\n${fields}${HELLO}`).head
      .disposition;
  assertEquals(disposition(""), undefined);
  assertEquals(
    disposition('content-DISPOSITION:  attachment; filename="\xc3\xa9" \r\n'),
    'attachment; filename="\xc3\xa9"',
  );
  assertEquals(disposition("Content-Disposition: a\r\nX: y\r\nContent-Disposition: b\r\n"), "a, b");
  // Another field whose name is as long.
  assertEquals(disposition("Content-Disposition-: a\r\nProxy-Authenticates: b\r\n"), undefined);
});

const BAD: Record<string, string> = {
  "another protocol": "SSH-2.0-x\r\n",
  "another protocol, before the line ends": "HTTP/2",
  "another version": `HTTP/1.2 200 OK\r\n${HELLO}`,
  "HTTP/0.9": "hello",
  "a small version": `http/1.1 200 OK\r\n${HELLO}`,
  "two blanks before the status": `HTTP/1.1  200 OK\r\n${HELLO}`,
  "a short status": `HTTP/1.1 20 OK\r\n${HELLO}`,
  "a long status": `HTTP/1.1 2000 OK\r\n${HELLO}`,
  "a signed status": `HTTP/1.1 +20 OK\r\n${HELLO}`,
  "a status below 100": `HTTP/1.1 099 OK\r\n${HELLO}`,
  "a control byte in the reason": `HTTP/1.1 200 O\x00K\r\n${HELLO}`,
  "CR alone in a value": `HTTP/1.1 200 OK\r\nX: a\rb\r\n${HELLO}`,
  "CR before CRLF": `HTTP/1.1 200 OK\r\nX: a\r\r\n${HELLO}`,
  "a folded line": `HTTP/1.1 200 OK\r\nX: a\r\n b\r\n${HELLO}`,
  "a folded line, by tab": `HTTP/1.1 200 OK\r\nX: a\r\n\tContent-Length: 9\r\n${HELLO}`,
  "a blank before the colon": `HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello`,
  "no colon": `HTTP/1.1 200 OK\r\nContent-Length\r\n${HELLO}`,
  "no name": `HTTP/1.1 200 OK\r\n: a\r\n${HELLO}`,
  "a name that is no token": `HTTP/1.1 200 OK\r\nX(y): a\r\n${HELLO}`,
  "a name beyond ASCII": `HTTP/1.1 200 OK\r\n\xe9: a\r\n${HELLO}`,
  "NUL in a value": `HTTP/1.1 200 OK\r\nX: a\x00b\r\n${HELLO}`,
  "DEL in a value": `HTTP/1.1 200 OK\r\nX: a\x7fb\r\n${HELLO}`,
  "two lengths": `HTTP/1.1 200 OK\r\nContent-Length: 6\r\n${HELLO}`,
  "a list of two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
  "a list with nothing in it": "HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\nhello",
  "an empty length": "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello",
  "a signed length": "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
  "a negative length": "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
  "a hexadecimal length": "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
  "a length with a point": "HTTP/1.1 200 OK\r\nContent-Length: 5.0\r\n\r\nhello",
  "an endless length": `HTTP/1.1 200 OK\r\nContent-Length: ${"9".repeat(16)}\r\n\r\nhello`,
  "a length that is none, and chunks":
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n0\r\n\r\n`,
  "chunks in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a huge head": `HTTP/1.1 200 OK\r\nX: ${"a".repeat(HEAD_LIMIT)}\r\n${HELLO}`,
  "a head that never ends": `HTTP/1.1 200 OK\r\nX: ${"a".repeat(HEAD_LIMIT)}`,
  "interim answers that never end": "HTTP/1.1 103 Early\r\n\r\n".repeat(12_000),
};

/** The name of a case whose head is long: it is not read byte by byte. */
const LONG = /^(?:a huge head|a head that never|interim answers)/;

Deno.test("HttpHead takes nothing that could be read in two ways", () => {
  for (const [name, text] of Object.entries(BAD)) {
    for (const size of [text.length, 1000, ...LONG.test(name) ? [] : [1]]) {
      const { state, head } = read(text, size);
      assertEquals([state, head.problem !== ""], ["bad", true], `${name} / ${size}`);
    }
  }
});

/** Answers of `hello` that are against the rules, but have one meaning. */
const ODD: Record<string, string> = {
  "HTTP/1.0": `HTTP/1.0 200 OK\r\n${HELLO}`,
  "an empty line first": `\r\nHTTP/1.1 200 OK\r\n${HELLO}`,
  "LF alone": `HTTP/1.1 200 OK\nContent-Length: 5\n\nhello`,
  "LF alone before the body": `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello`,
  "the same length twice": `HTTP/1.1 200 OK\r\nContent-Length: 05\r\n${HELLO}`,
  "a list of lengths that are the same": "HTTP/1.1 200 OK\r\nContent-Length: 5 , 5\r\n\r\nhello",
  "length and chunks":
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  "an interim answer with a length": `HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n${HELLO}`,
  "an interim answer in chunks": `HTTP/1.1 100 Go\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n${HELLO}`,
  "an interim answer of HTTP/1.0": `HTTP/1.0 100 Go\r\n\r\nHTTP/1.1 200 OK\r\n${HELLO}`,
};

Deno.test("HttpHead takes what is against the rules but clear, for the last answer of a connection", () => {
  for (const [name, text] of Object.entries(ODD)) {
    for (const size of [text.length, 1]) {
      const { head, state } = read(text, size);
      assertEquals([state, head.status, head.length, head.keepAlive], ["done", 200, 5, false], `${name} / ${size}`);
    }
  }
});

Deno.test("HttpHead takes what is odd but clear", () => {
  const clear: Record<string, string> = {
    "no reason": `HTTP/1.1 200 \r\n${HELLO}`,
    "no blank behind the status": `HTTP/1.1 200\r\n${HELLO}`,
    "1500 other fields": `HTTP/1.1 200 OK\r\n${"X: a\r\n".repeat(1500)}${HELLO}`,
    "any token as a name": `HTTP/1.1 200 OK\r\n!#$%&'*+-.^_\`|~09azAZ: a\r\n${HELLO}`,
    "values beyond ASCII": `HTTP/1.1 200 OK\r\nX: \x80\xff\t \r\n${HELLO}`,
    "no blank behind the colon": `HTTP/1.1 200 OK\r\nX:a\r\n${HELLO}`,
    "identity": `HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\n${HELLO}`,
  };
  for (const [name, text] of Object.entries(clear)) {
    for (const size of [text.length, 1]) {
      const { head, state } = read(text, size);
      assertEquals([state, head.length, head.encoded, head.keepAlive], ["done", 5, false, true], name);
    }
  }
});

Deno.test("HttpHead joins the fields that come twice, and notes every transfer coding", () => {
  const fields = 'ETag: "a"\r\netag: "b"\r\nLast-Modified: a\r\nLast-Modified: b\r\n';
  const { head } = read(`HTTP/1.1 200 OK\r\n${fields}${HELLO}`);
  assertEquals([head.etag, head.lastModified], ['"a", "b"', "a, b"]);
  const codings: [string, boolean][] = [["chunked", true], ["Chunked", true], ["gzip, chunked", true]];
  codings.push(["chunked\r\nTransfer-Encoding: chunked", true], ["chunked, identity", false], ["xchunked", false]);
  for (const [coding, chunked] of codings) {
    const { head } = read(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n`);
    assertEquals([head.transfer, head.chunked], [coding.replace("\r\nTransfer-Encoding:", ","), chunked], coding);
  }
});

Deno.test("HttpHead reuses a connection only if nothing speaks against it", () => {
  const cases: [string, boolean][] = [["keep-alive", true], ["KEEP-ALIVE", true], ["close", false], ["Close", false]];
  cases.push(["keep-alive, close", false], ["upgrade", false], ["", false]);
  for (const [value, keepAlive] of cases) {
    assertEquals(read(`HTTP/1.1 200 OK\r\nConnection: ${value}\r\n${HELLO}`).head.keepAlive, keepAlive, value);
  }
});

/** Answers one request of each connection, with what `answer` says then. */
function answeringOnce(answer: () => string): RawServer {
  return new RawServer(async (connection) => {
    if (await connection.request() === undefined) return;
    await connection.send(answer());
    await connection.gone();
  });
}

Deno.test("HttpLane fails over an answer that it cannot read, says why, and asks once", async () => {
  let answer = "";
  await using server = answeringOnce(() => answer);
  using lane = new HttpLane({ idlePerHost: 2 });
  let asked = 0;
  for (const [name, text] of Object.entries(BAD)) {
    answer = text;
    const opening = () => lane.open({ url: server.url(), headers: {}, signal: never });
    const error = await assertRejects(opening, DownloadError, ": the answer cannot be read: ", name);
    assertEquals([error.kind, error.retryable, lane.connections], ["network", true, 0], name);
    assertEquals(server.accepted, ++asked, name);
  }
});

Deno.test("HttpLane reads an answer that is against the rules but clear, and closes its connection", async () => {
  let answer = "";
  await using server = answeringOnce(() => answer);
  using lane = new HttpLane({ idlePerHost: 2 });
  let asked = 0;
  for (const [name, text] of Object.entries(ODD)) {
    answer = text;
    const response = await lane.open({ url: server.url(), headers: {}, signal: never });
    assert(response?.ok, name);
    assertEquals(await response.whole((bytes) => new TextDecoder().decode(bytes), () => {}), "hello", name);
    assertEquals([lane.connections, server.accepted], [0, ++asked], name);
  }
});

Deno.test("HttpLane asks anew where a kept connection brings something that is no answer", async () => {
  for (const stray of ["x", "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]) {
    await using server = new RawServer(async (connection) => {
      for (let asked = 0; await connection.request() !== undefined; asked++) {
        await connection.send((asked === 0 ? "" : stray) + reply(`right ${connection.index}`));
      }
    });
    using lane = new HttpLane({ idlePerHost: 2 });
    for (const index of [0, 1]) {
      const answer = await lane.open({ url: server.url(), headers: {}, signal: never });
      assert(answer?.ok);
      assertEquals(await answer.whole((bytes) => new TextDecoder().decode(bytes), () => {}), `right ${index}`);
    }
  }
});

Deno.test("HttpLane reads answers that come byte by byte, all at once, or after interim ones", async () => {
  const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  const text = interim + reply("hello", "200 OK", "X-Long: " + "a".repeat(100));
  const cuts = [[1], [text.length], [text.length - 5, 5], [interim.length, 1000], [25, 3, 40]];
  await using server = new RawServer(async (connection) => {
    for (const sizes of cuts) {
      await connection.request();
      await connection.trickle(text, sizes);
    }
    await connection.gone();
  });
  using lane = new HttpLane({ idlePerHost: 2 });
  for (const _ of cuts) {
    const answer = await lane.open({ url: server.url(), headers: {}, signal: never });
    assert(answer?.ok);
    assertEquals(new TextDecoder().decode(await answer.whole((bytes) => bytes.slice(), () => {})), "hello");
  }
  assertEquals([server.accepted, lane.connections], [1, 1]);
});

Deno.test("HttpLane reads a head of nearly the limit", async () => {
  const line = "HTTP/1.1 200 OK\r\n";
  const field = "a".repeat(HEAD_LIMIT - line.length - "X: \r\n".length - "Content-Length: 5\r\n\r\n".length);
  await using server = new RawServer(answering(`${line}X: ${field}\r\n${HELLO}`));
  using lane = new HttpLane({ idlePerHost: 2 });
  const answer = await lane.open({ url: server.url(), headers: {}, signal: never });
  assert(answer?.ok);
  assertEquals(await answer.whole((bytes) => bytes.length, () => {}), 5);
  assertEquals(lane.connections, 1);
});
