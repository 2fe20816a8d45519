import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpLane, type LaneAnswer } from "../../download/protocols/http_lane.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;
const OK = reply("hello");

async function text(answer: LaneAnswer | undefined): Promise<string> {
  assert(answer?.ok === true);
  return new TextDecoder("latin1").decode(await answer.whole((bytes) => bytes.slice(), () => {}));
}

Deno.test("HttpLane sends one plain request with the headers of the task", async () => {
  const heads: string[] = [];
  await using server = new RawServer(answering((head) => (heads.push(head), OK)));
  using lane = new HttpLane({ idlePerHost: 4 });
  const url = server.url("/a b/%7e?q=ü&x#part");
  assertEquals(await text(await lane.open({ url, headers: {}, signal: never })), "hello");
  const headers = { "X-One": " 1\t", "user-AGENT": "mine", "Accept-Encoding": "gzip" };
  assertEquals(await text(await lane.open({ url, headers, signal: never })), "hello");
  const host = `Host: 127.0.0.1:${server.port}`;
  const first = `GET /a%20b/%7e?q=%C3%BC&x HTTP/1.1`;
  const last = ["Accept-Encoding: identity", "Connection: keep-alive", "", ""];
  assertEquals(heads, [
    [first, host, "User-Agent: corehaul/0.1.0", "Accept: */*", ...last].join("\r\n"),
    [first, host, "user-AGENT: mine", "Accept: */*", "X-One: 1", ...last].join("\r\n"),
  ]);
  assertEquals(server.accepted, 1);
});

Deno.test("HttpLane leaves requests that it cannot send as they are meant to fetch", async () => {
  await using server = new RawServer(answering(OK));
  using lane = new HttpLane({ idlePerHost: 4 });
  using off = new HttpLane({ idlePerHost: 4, enabled: false });
  const url = server.url();
  const refused: Record<string, string>[] = [{ Host: "other" }, { CONNECTION: "close" }, { "Content-Length": "0" }];
  refused.push({ "transfer-encoding": "chunked" }, { TE: "trailers" }, { Expect: "100-continue" }, { Upgrade: "h2c" });
  refused.push({ "x-a": "1", "X-A": "2" }, { "x-a": "1\r\nx-b: 2" }, { "x-a": "ü" }, { "x a": "1" }, { "": "1" });
  refused.push({ "x-a": "1".repeat(9000) });
  for (const headers of refused) {
    assertEquals(await lane.open({ url, headers, signal: never }), undefined, JSON.stringify(headers));
  }
  const userinfo = server.url();
  userinfo.username = "user";
  const odd = [userinfo, new URL("ftp://127.0.0.1/"), new URL("data:,x"), new URL("https://example.org./")];
  for (const other of odd) assertEquals(await lane.open({ url: other, headers: {}, signal: never }), undefined);
  assertEquals(await off.open({ url, headers: {}, signal: never }), undefined);
  off[Symbol.dispose]();
  assertEquals(await off.open({ url, headers: {}, signal: never }), undefined);
  assertEquals(server.accepted, 0);
});

Deno.test("HttpLane gives length, validators and the url that answered", async () => {
  await using server = new RawServer(
    answering((head) =>
      head.startsWith("GET /bare ") ? reply("") : reply("abc", "200 Fine", 'ETAG:"e\xfc"', "Last-Modified:\t then ")
    ),
  );
  using lane = new HttpLane({ idlePerHost: 4 });
  const rich = await lane.open({ url: server.url("/rich#x"), headers: {}, signal: never });
  assert(rich?.ok);
  assertEquals([rich.length, rich.etag, rich.lastModified], [3, '"e\xfc"', "then"]);
  assertEquals(rich.finalUrl, server.url("/rich#x").href);
  rich[Symbol.dispose]();
  const bare = await lane.open({ url: server.url("/bare"), headers: {}, signal: never });
  assert(bare?.ok);
  assert(!("etag" in bare) && !("lastModified" in bare));
  assertEquals([bare.length, await bare.whole((bytes) => bytes.length, () => {})], [0, 0]);
  assertEquals(server.accepted, 2);
  assertEquals(lane.connections, 1);
});

Deno.test("HttpLane gives other statuses with their fields and keeps the connection if the body is there", async () => {
  const replies: Record<string, string> = {
    "/404": reply("no such thing", "404 Not Found", "X-Two: a", "x-two: b"),
    "/302": "HTTP/1.1 302 \r\nContent-Length: 0\r\nLocation: /else\xfcwhere\r\n\r\n",
    "/429": reply("", "429 Too Many", "Retry-After: 7"),
    "/503": "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "/500": "HTTP/1.1 500 Oh\r\n\r\nall the rest",
    "/410": "HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\nnot all of it",
    "/304": "HTTP/1.1 304 Same\r\nETag: x\r\n\r\n",
    "/304?": "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n",
    "/204": "HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n",
    "/500?": "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nx",
    "/999": reply("", "999 Denied", "Connection: close"),
    "/206": reply("bytes", "206 Partial Content"),
    "/403": reply("", "403 No", "Connection: close"),
  };
  await using server = new RawServer(answering((head) => replies[head.split(" ")[1]!]!));
  using lane = new HttpLane({ idlePerHost: 4 });
  const kept: string[] = [];
  for (const path of Object.keys(replies)) {
    const answer = await lane.open({ url: server.url(path), headers: {}, signal: never });
    assert(answer?.ok === false);
    assertEquals(`/${answer.status}`, path.replace("?", ""));
    if (path === "/404") assertEquals(answer.headers.get("x-two"), "a, b");
    if (path === "/302") assertEquals(answer.headers.get("location"), "/else\xfcwhere");
    if (path === "/429") assertEquals(answer.headers.get("retry-after"), "7");
    if (lane.connections === 1) kept.push(path);
  }
  assertEquals(kept, ["/404", "/302", "/429", "/503", "/304", "/206"]);
});

Deno.test("HttpLane uses the connection that was used last, and keeps no more idle ones than it may", async () => {
  const asked: number[] = [];
  await using server = new RawServer(async (connection) => {
    for (let head = await connection.request(); head !== undefined; head = await connection.request()) {
      asked.push(connection.index);
      await connection.send(OK);
    }
  });
  using lane = new HttpLane({ idlePerHost: 2 });
  const request = { url: server.url(), headers: {}, signal: never };
  const open = await Promise.all([lane.open(request), lane.open(request), lane.open(request)]);
  assertEquals(server.accepted, 3);
  for (const answer of open) assertEquals(await text(answer), "hello");
  assertEquals(lane.connections, 2);
  asked.length = 0;
  for (let i = 0; i < 3; i++) await text(await lane.open(request));
  assertEquals(new Set(asked).size, 1);
  assertEquals([server.accepted, lane.connections], [3, 2]);
});

Deno.test("HttpLane keeps connections of different origins apart", async () => {
  await using one = new RawServer(answering(reply("one")));
  await using two = new RawServer(answering(reply("two")));
  using lane = new HttpLane({ idlePerHost: 2 });
  for (let i = 0; i < 3; i++) {
    assertEquals(await text(await lane.open({ url: one.url(), headers: {}, signal: never })), "one");
    assertEquals(await text(await lane.open({ url: two.url(), headers: {}, signal: never })), "two");
    assertEquals(await text(await lane.open({ url: one.url("/", "localhost"), headers: {}, signal: never })), "one");
  }
  assertEquals([one.accepted, two.accepted, lane.connections], [2, 1, 3]);
});

Deno.test("HttpLane asks once more, on a fresh connection, when a kept one died", async () => {
  for (const death of ["end", "reset"]) {
    const paths: string[] = [];
    await using server = new RawServer(async (connection) => {
      await connection.request();
      await connection.send(OK);
      if (connection.index > 1) return void await connection.gone();
      if (death === "reset") return await connection.reset();
      const head = await connection.request();
      if (head !== undefined) paths.push(head.split(" ")[1]!);
    });
    using lane = new HttpLane({ idlePerHost: 2 });
    const ask = (path: string) => lane.open({ url: server.url(path), headers: {}, signal: never });
    const both = await Promise.all([ask("/0"), ask("/0")]);
    for (const answer of both) await text(answer);
    assertEquals(await text(await ask("/again")), "hello", death);
    assertEquals(server.accepted, 3, death);
    if (death === "end") assertEquals(paths, ["/again"]);
  }
});

Deno.test("HttpLane does not ask again when a fresh connection dies, or when an answer was begun", async () => {
  const scripts = {
    "ended at once": () => {},
    "ended after the request": async (connection) => void await connection.request(),
    "reset": (connection) => connection.reset(),
    "ended in the head": async (connection) => {
      await connection.request();
      await connection.send("HTTP/1.1 200 OK\r\nContent-Le");
    },
    "reset in the head": (connection) => connection.reset("HTTP/1.1 200 OK\r\n"),
    "kept, then ended in the head": async (connection) => {
      await connection.request();
      await connection.send(OK);
      await connection.request();
      await connection.send("H");
    },
  } satisfies Record<string, ConstructorParameters<typeof RawServer>[0]>;
  for (const [name, script] of Object.entries(scripts)) {
    await using server = new RawServer(script);
    using lane = new HttpLane({ idlePerHost: 2 });
    const request = { url: server.url(), headers: {}, signal: never };
    if (name.startsWith("kept")) await text(await lane.open(request));
    const error = await assertRejects(() => lane.open(request), DownloadError, `127.0.0.1:${server.port}: `, name);
    assertEquals([error.kind, error.retryable], ["network", true], name);
    assertEquals([server.accepted, lane.connections], [1, 0], name);
  }
});

Deno.test("HttpLane maps a refused connection and an unknown name as fetch's are", async () => {
  using lane = new HttpLane({ idlePerHost: 2 });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  for (const url of [`http://127.0.0.1:${port}/`, "http://name.invalid/", "http://127.0.0.1:0/"]) {
    const opening = () => lane.open({ url: new URL(url), headers: {}, signal: never });
    const error = await assertRejects(opening, DownloadError, new URL(url).host);
    assertEquals([error.kind, error.retryable], ["network", true]);
  }
});

Deno.test("HttpLane closes an idle connection that its server speaks on or ends, and never uses what came", async () => {
  for (const stray of [reply("wrong"), "x", ""]) {
    const gone: number[] = [];
    await using server = new RawServer(async (connection) => {
      await connection.request();
      await connection.send(reply(`right ${connection.index}`));
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (stray === "") connection.close();
      else await connection.send(stray);
      await connection.gone();
      gone.push(connection.index);
    });
    using lane = new HttpLane({ idlePerHost: 2 });
    for (let i = 0; i < 3; i++) {
      assertEquals(await text(await lane.open({ url: server.url(), headers: {}, signal: never })), `right ${i}`);
      while (lane.connections > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    while (gone.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  }
});

Deno.test("HttpLane lets the process end while connections are idle", async () => {
  await using server = new RawServer(answering(OK));
  const module = new URL("../../download/protocols/http_lane.ts", import.meta.url).href;
  const code = `import { HttpLane } from ${JSON.stringify(module)};
    const lane = new HttpLane({ idlePerHost: 2 });
    const url = new URL(${JSON.stringify(server.url().href)});
    for (let i = 0; i < 2; i++) {
      const answer = await lane.open({ url, headers: {}, signal: new AbortController().signal });
      console.log((await answer.whole((bytes) => bytes.slice(), () => {})).length, lane.connections);
    }`;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", code], env: { NO_COLOR: "1" } });
  const { success, stdout } = await child.output();
  assert(success);
  assertEquals(new TextDecoder().decode(stdout), "5 1\n5 1\n");
  assertEquals(server.accepted, 1);
});
