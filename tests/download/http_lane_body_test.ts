import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpLane } from "../../download/protocols/http_lane.ts";
import { LaneResponse } from "../../download/protocols/lane_response.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;

function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
  return bytes;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function bytesOf(response: LaneResponse): Promise<Uint8Array> {
  return response.whole((bytes) => bytes.slice());
}

/** Every way to read a body. */
const WAYS: Record<string, (response: LaneResponse) => Promise<Uint8Array>> = {
  whole: bytesOf,
  read: async (response) => {
    const chunks: Uint8Array[] = [];
    await response.read((chunk) => void chunks.push(chunk.slice()));
    return joined(chunks);
  },
};

async function open(lane: HttpLane, url: URL, signal: AbortSignal = never): Promise<LaneResponse> {
  const answer = await lane.open({ url, headers: {}, signal });
  assert(answer instanceof LaneResponse);
  return answer;
}

Deno.test("LaneResponse reads bodies of every size in every way, and the connection serves on", async () => {
  const sizes = [0, 1, 4999, 5000, 5001, 65_000, 65_400, 65_535, 65_536, 262_143, 262_144, 300_000, 2_000_000];
  await using server = new RawServer(async (connection) => {
    for (let head = await connection.request(); head !== undefined; head = await connection.request()) {
      const size = Number(head.split(" ")[1]!.slice(1));
      await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      await connection.send(pattern(size));
    }
  });
  for (const [way, read] of Object.entries(WAYS)) {
    using lane = new HttpLane({ idlePerHost: 2 });
    const before = server.accepted;
    for (const size of sizes) {
      const response = await open(lane, server.url(`/${size}`));
      assertEquals(response.length, size);
      const got = await read(response);
      const want = pattern(size);
      assert(got.length === size && got.every((byte, i) => byte === want[i]), `${way} ${size}`);
      await assertRejects(() => bytesOf(response), TypeError, "Cannot read the body as it was read before");
    }
    assertEquals([server.accepted - before, lane.connections], [1, 1], way);
  }
});

Deno.test("LaneResponse reads a body that comes in small packets", async () => {
  const body = String.fromCharCode(...pattern(1000));
  await using server = new RawServer(async (connection) => {
    while (await connection.request() !== undefined) await connection.trickle(reply(body), [41, 1, 333]);
  });
  using lane = new HttpLane({ idlePerHost: 2 });
  for (const [way, read] of Object.entries(WAYS)) {
    assertEquals(await read(await open(lane, server.url())), pattern(1000), way);
  }
  assertEquals(server.accepted, 1);
});

Deno.test("LaneResponse rejects a short body, ended or broken off, and closes the connection", async () => {
  for (const size of [100, 400_000]) {
    for (const end of ["ended", "reset"]) {
      for (const [way, read] of Object.entries(WAYS)) {
        const short = `HTTP/1.1 200 OK\r\nContent-Length: ${size + 1}\r\n\r\n${"a".repeat(size)}`;
        await using server = new RawServer(async (connection) => {
          if (end === "reset") return await connection.reset(short);
          await connection.request();
          await connection.send(short);
        });
        using lane = new HttpLane({ idlePerHost: 2 });
        // A reset may overtake what came before it.
        const error = await assertRejects(async () => read(await open(lane, server.url())), DownloadError);
        assertEquals([error.kind, error.retryable], ["network", true]);
        if (end === "ended") {
          assertEquals(error.message, `${server.url().host}: ${size} bytes came instead of ${size + 1}`, way);
        }
        assertEquals([server.accepted, lane.connections], [1, 0], way);
      }
    }
  }
});

Deno.test("LaneResponse gives exactly the announced bytes, and what follows them closes the connection", async () => {
  const smuggled = reply("WRONG");
  for (const size of [0, 5, 64_000, 65_536, 262_144, 524_288]) {
    for (const [way, read] of Object.entries(WAYS)) {
      await using server = new RawServer(async (connection) => {
        await connection.request();
        await connection.send(`${reply("a".repeat(size))}${smuggled}`);
        await connection.gone();
      });
      using lane = new HttpLane({ idlePerHost: 2 });
      for (let i = 0; i < 2; i++) {
        const got = await read(await open(lane, server.url()));
        assert(got.length === size && got.every((byte) => byte === 97), `${way} ${size}`);
        while (lane.connections > 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
  }
});

Deno.test("LaneResponse passes on what its reader throws", async () => {
  await using server = new RawServer(answering(reply("a".repeat(100_000))));
  using lane = new HttpLane({ idlePerHost: 2 });
  const full = new DownloadError("disk", "full");
  const fail = () => {
    throw full;
  };
  const first = await open(lane, server.url());
  assertEquals(await assertRejects(() => first.whole(fail)), full);
  assertEquals(lane.connections, 1);
  const second = await open(lane, server.url());
  assertEquals(await assertRejects(() => second.read(fail)), full);
  assertEquals(lane.connections, 0);
});

Deno.test("LaneResponse closes its connection when its body is not wanted", async () => {
  await using server = new RawServer(answering(reply("a".repeat(100_000))));
  using lane = new HttpLane({ idlePerHost: 2 });
  const unread = await open(lane, server.url());
  unread[Symbol.dispose]();
  unread[Symbol.dispose]();
  await assertRejects(() => bytesOf(unread), TypeError);
  await assertRejects(() => unread.read(() => undefined), TypeError);
  assertEquals(lane.connections, 0);
  const read = await open(lane, server.url());
  await bytesOf(read);
  read[Symbol.dispose]();
  assertEquals(lane.connections, 1);
});

Deno.test("HttpLane obeys an abort before, while connecting, in the head and in the body", async () => {
  const arrived = Promise.withResolvers<void>();
  let asked = arrived;
  await using server = new RawServer(async (connection) => {
    const head = await connection.request();
    if (head === undefined) return;
    const path = head.split(" ")[1];
    if (path === "/kept") {
      await connection.send(reply("kept"));
      await connection.request();
    }
    if (path === "/head") await connection.send("HTTP/1.1 200 OK\r\n");
    if (path === "/body") await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome");
    asked.resolve();
    await connection.gone();
  });
  const reason = new Error("enough");
  using lane = new HttpLane({ idlePerHost: 2 });

  const before = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => open(lane, server.url(), before)), reason);

  const connecting = new AbortController();
  const opening = open(lane, server.url("/silent"), connecting.signal);
  connecting.abort(reason);
  assertEquals(await assertRejects(() => opening), reason);

  for (const path of ["/silent", "/head", "/kept"]) {
    if (path === "/kept") await bytesOf(await open(lane, server.url(path)));
    asked = Promise.withResolvers<void>();
    const controller = new AbortController();
    const waiting = open(lane, server.url(path), controller.signal);
    waiting.catch(() => {});
    await asked.promise;
    controller.abort(reason);
    assertEquals(await assertRejects(() => waiting), reason, path);
    assertEquals(lane.connections, 0, path);
  }

  for (const [way, read] of Object.entries(WAYS)) {
    asked = Promise.withResolvers<void>();
    const controller = new AbortController();
    const response = await open(lane, server.url("/body"), controller.signal);
    const reading = read(response);
    reading.catch(() => {});
    await asked.promise;
    controller.abort(reason);
    assertEquals(await assertRejects(() => reading), reason, way);
    const idle = await open(lane, server.url("/body"), new AbortController().signal);
    idle[Symbol.dispose]();
    assertEquals(lane.connections, 0, way);
  }
});

Deno.test("HttpLane is deaf to the abort of a download that is over", async () => {
  await using server = new RawServer(answering(reply("hello")));
  using lane = new HttpLane({ idlePerHost: 2 });
  const over = new AbortController();
  await bytesOf(await open(lane, server.url(), over.signal));
  const response = await open(lane, server.url());
  over.abort();
  assertEquals((await bytesOf(response)).length, 5);
  assertEquals([server.accepted, lane.connections], [1, 1]);
});

Deno.test("HttpLane that is disposed of ends what is running", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = new RawServer(async (connection) => {
    await connection.request();
    asked.resolve();
    await connection.gone();
  });
  const lane = new HttpLane({ idlePerHost: 2 });
  const waiting = open(lane, server.url());
  waiting.catch(() => {});
  await asked.promise;
  const connecting = open(lane, server.url());
  connecting.catch(() => {});
  lane[Symbol.dispose]();
  for (const promise of [waiting, connecting]) {
    const error = await assertRejects(() => promise, DownloadError);
    assertEquals(error.kind, "network");
  }
  assertEquals(lane.connections, 0);
});
