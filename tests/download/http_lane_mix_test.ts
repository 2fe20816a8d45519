import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DownloadError } from "../../download/download_error.ts";
import { HttpLane } from "../../download/protocols/http_lane.ts";
import { answering, type RawConnection, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;
const WRONG = reply("WRONG", "200 OK", 'ETag: "wrong"');

/** What a server does with one request; `false` if the connection is to be closed then. */
const DEEDS = {
  good: async (connection, body) => {
    await connection.send(reply(body));
    return true;
  },
  "good, in pieces": async (connection, body) => {
    await connection.trickle(reply(body), [17, 900]);
    return true;
  },
  "good, the last": async (connection, body) => {
    await connection.send(reply(body, "200 OK", "Connection: close"));
    return false;
  },
  "good, then gone": async (connection, body) => {
    await connection.send(reply(body));
    return false;
  },
  "another answer behind it": async (connection, body) => {
    await connection.send(reply(body) + WRONG);
    return true;
  },
  "half an answer behind it": async (connection, body) => {
    await connection.send(reply(body) + WRONG.slice(0, 30));
    return true;
  },
  "error with a body": async (connection, body) => {
    await connection.send(reply(body, "404 Not Found"));
    return true;
  },
  "error without a length": async (connection) => {
    await connection.send(`HTTP/1.1 500 Oh\r\n\r\n${WRONG}`);
    return false;
  },
  "short": async (connection, body) => {
    await connection.send(reply(`${body}x`).slice(0, -1));
    return false;
  },
  "half a head": async (connection) => {
    await connection.send("HTTP/1.1 200 OK\r\nContent-Len");
    return false;
  },
  "nothing": () => Promise.resolve(false),
  "good, in chunks": async (connection, body) => {
    await connection.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(body)}0\r\n\r\n`);
    return true;
  },
  "good, in chunks and pieces": async (connection, body) => {
    const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(body)}0\r\nX: y\r\n\r\n`;
    await connection.trickle(text, [60, 400]);
    return true;
  },
  "good, until the end": async (connection, body) => {
    await connection.send(`HTTP/1.0 200 OK\r\n\r\n${body}`);
    return false;
  },
  "chunks, and another answer behind it": async (connection, body) => {
    await connection.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(body)}0\r\n\r\n${WRONG}`);
    return true;
  },
  "error in chunks": async (connection) => {
    await connection.send("HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nWRONG\r\n0\r\n\r\n");
    return true;
  },
  "chunks that end early": async (connection, body) => {
    await connection.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(body)}`);
    return false;
  },
  "two lengths": async (connection, body) => {
    await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: ${body.length + 2}\r\n\r\n${body}`);
    return true;
  },
} satisfies Record<string, (connection: RawConnection, body: string) => Promise<boolean>>;

/** A body in chunks, without the last one. */
function chunked(body: string): string {
  return body.replace(/.{1,777}/gs, (chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
}

type Deed = keyof typeof DEEDS;

/** What may come of each deed. */
function allowed(deed: Deed): string[] {
  if (deed.startsWith("good") || deed.endsWith("behind it")) return ["file"];
  if (deed.startsWith("error")) return ["status"];
  // What cannot be read fails, too. Only a connection that was used before may have died on its own, and is replaced once.
  return ["network"];
}

Deno.test("HttpLane gives every download its own answer, whatever the server does to the ones before", async () => {
  const deed = fc.oneof(
    { weight: 2, arbitrary: fc.constant<Deed>("good") },
    { weight: 3, arbitrary: fc.constantFrom(...(Object.keys(DEEDS) as Deed[])) },
  );
  const tasks = fc.array(fc.record({ deed, size: fc.oneof(fc.nat(50), fc.nat(9000)) }), {
    minLength: 1,
    maxLength: 24,
  });
  const seen = new Map<string, number>();
  let plan: readonly { deed: Deed; size: number }[] = [];
  const body = (index: number) => `${index},`.repeat(plan[index]!.size).slice(0, plan[index]!.size);
  await using server = new RawServer(async (connection) => {
    for (let head = await connection.request(); head !== undefined; head = await connection.request()) {
      const index = Number(head.split(" ")[1]!.slice(1));
      const planned = plan[index];
      // A run that failed may leave a request behind.
      if (planned === undefined || !await DEEDS[planned.deed](connection, body(index))) return;
    }
  });
  await fc.assert(
    fc.asyncProperty(tasks, fc.integer({ min: 1, max: 5 }), async (made, width) => {
      plan = made;
      using lane = new HttpLane({ idlePerHost: 3 });
      let next = 0;
      await Promise.all(Array.from({ length: width }, async () => {
        for (let i = next++; i < made.length; i = next++) {
          const outcome = await download(lane, server.url(`/${i}`), body(i));
          const { deed } = made[i]!;
          assert(allowed(deed).includes(outcome), `${i}: ${deed} -> ${outcome}`);
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        }
      }));
      assert(lane.connections <= 3);
    }),
    { numRuns: 150 },
  );
  assertEquals([...seen.keys()].sort(), ["file", "network", "status"]);
});

Deno.test("HttpLane carries many downloads over few connections, each its own bytes", async () => {
  const body = (path: string) => `${path} `.repeat(1 + (Number(path.slice(1)) * 7919) % 3000);
  await using server = new RawServer(answering((head) => {
    const path = head.split(" ")[1]!;
    return reply(body(path));
  }));
  using lane = new HttpLane({ idlePerHost: 8 });
  let next = 0;
  const ways = [0, 0, 0];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let i = next++; i < 600; i = next++) {
      const answer = await lane.open({ url: server.url(`/${i}`), headers: {}, signal: never });
      assert(answer?.ok);
      let got = "";
      if (i % 2 === 0) got = await answer.whole((bytes) => new TextDecoder().decode(bytes), () => {});
      else await answer.read((chunk) => void (got += new TextDecoder().decode(chunk)));
      assert(got === body(`/${i}`), `${i}: ${got.slice(0, 20)}`);
      ways[i % 3]!++;
    }
  }));
  assertEquals(ways, [200, 200, 200]);
  assertEquals([server.accepted, lane.connections], [8, 8]);
});

async function download(lane: HttpLane, url: URL, want: string): Promise<string> {
  try {
    const answer = await lane.open({ url, headers: {}, signal: never });
    assert(answer !== undefined);
    if (!answer.ok) return "status";
    let got = "";
    const take = (bytes: Uint8Array) => void (got += String.fromCharCode(...bytes));
    await (want.length % 2 === 0 && answer.length !== undefined ? answer.whole(take, () => {}) : answer.read(take));
    assertEquals(got, want);
    assertEquals(answer.etag, undefined);
    return "file";
  } catch (error) {
    if (error instanceof DownloadError) return error.kind;
    throw error;
  }
}
