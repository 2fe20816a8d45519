/** Several connections for one file: all of it, of one version, whatever becomes of the connections. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hash } from "node:crypto";
import { extraPlace } from "../../download/extra_place.ts";
import { HostTable } from "../../download/host_table.ts";
import { RateLimiter } from "../../download/rate_limiter.ts";
import { Throttle } from "../../download/throttle.ts";
import { taskHost } from "../../queue/task_model.ts";
import type { FaultHandler } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";
import { assertDone, bytesAsked, LEAST, LENGTH, paced, rangeOf, testSegments as test } from "./segments_kit.ts";

const QUARTER = LENGTH / 4;

/** Serves `others` to all requests but the first, whose body comes slowly. */
function afterFirst(file: RemoteFile, others: FaultHandler, pieces = 40): FaultHandler {
  return async (request, server) => {
    if (request.nth > 1) return await others(request, server);
    const answer = file.answer(request);
    return await paced(answer, server, pieces);
  };
}

test("fetches a file over several connections, all bound to the version of the first answer", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
  await assertDone(bench, file);
  const { requests, maxOpen } = bench.server;
  assertEquals(rangeOf(requests[0]!), "all");
  assert(maxOpen >= 3, `${maxOpen}`);
  const wanted = [1, 2, 3].map((i) => `bytes=${i * QUARTER}-${(i + 1) * QUARTER - 1}`);
  assertEquals(requests.map(rangeOf).filter((range) => wanted.includes(range)).sort(), wanted.sort());
  assert(requests.slice(1).every(({ headers }) => headers.get("if-range") === '"one"'));
});

test("asks once more for what is small, has no certain version, or is said to have no ranges", async (options) => {
  const files: RemoteFile[] = [
    new RemoteFile({ length: 2 * LEAST - 1 }),
    new RemoteFile({ etag: () => 'W/"one"', lastModified: undefined }),
    new RemoteFile({ headers: { "accept-ranges": "none" } }),
  ];
  for (const file of files) {
    await using bench = await DownloadBench.start((request) => file.answer(request), options);
    await assertDone(bench, file);
    assertEquals(bench.server.requests.map(rangeOf), ["all"]);
  }
});

test("opens as many connections as a task says itself", async (options) => {
  const file = new RemoteFile({ headers: { "accept-ranges": "bytes" } });
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
  assertEquals((await bench.fetch("/x", { segments: 1 })).type, "done");
  assertEquals(bench.server.requests.length, 1);
  bench.context.segments = 1;
  assertEquals((await bench.fetch("/x", { segments: 2, out: "other" })).type, "done");
  assertEquals(bench.server.requests.map(rangeOf).slice(1, 3), ["all", `bytes=${LENGTH / 2}-${LENGTH - 1}`]);
  // The server hears of a connection that was closed in the middle a moment later.
  assert(bench.server.maxOpen >= 2 && bench.server.maxOpen <= 3, `${bench.server.maxOpen}`);
  assertEquals(bench.read("other"), file.content());
});

for (const ifRange of ["standard", "ignored", "date-only"] as const) {
  test(`keeps to the first version when the file changes at once, If-Range ${ifRange}`, async (options) => {
    const file = new RemoteFile({ ifRange, lastModified: undefined });
    await using bench = await DownloadBench.start(
      afterFirst(file, (request) => {
        file.version = "two";
        return file.answer(request);
      }),
      options,
    );
    await assertDone(bench, file, "one");
    assertEquals(bench.server.requests.length, 2, "one refusal is enough");
  });
}

const changeRange = (headers: Headers, change: (from: number, last: number, length: number) => string) => {
  const [from, last, length] = headers.get("content-range")!.match(/\d+/g)!.map(Number) as [number, number, number];
  headers.set("content-range", `bytes ${change(from, last, length)}`);
};
const LIES: Record<string, (headers: Headers) => void> = {
  "is that of the whole file": (headers) => changeRange(headers, (_from, _last, length) => `0-${length - 1}/${length}`),
  "begins earlier": (headers) => changeRange(headers, (from, last, length) => `${from - 1}-${last}/${length}`),
  "begins later": (headers) => changeRange(headers, (from, last, length) => `${from + 1}-${last}/${length}`),
  "is of another length": (headers) => changeRange(headers, (from, last, length) => `${from}-${last}/${length + 1}`),
  "ends earlier": (headers) => changeRange(headers, (from, last, length) => `${from}-${last - 1}/${length}`),
  "ends later": (headers) => changeRange(headers, (from, last, length) => `${from}-${last + 1}/${length}`),
  "is missing": (headers) => headers.delete("content-range"),
  "makes no sense": (headers) => headers.set("content-range", "all of it"),
  "comes without the ETag": (headers) => headers.delete("etag"),
};
for (const [name, lie] of Object.entries(LIES)) {
  test(`does not believe a 206 whose Content-Range ${name}`, async (options) => {
    const file = new RemoteFile();
    const liar = new RemoteFile({ lie });
    await using bench = await DownloadBench.start(
      afterFirst(file, (request) => {
        const { body, headers, status } = liar.answer(request);
        // A length would give it away as well.
        headers.delete("content-length");
        return new Response(body?.pipeThrough(new TransformStream()), { status, headers });
      }),
      options,
    );
    await assertDone(bench, file);
    assertEquals(bench.server.requests.length, 2);
  });
}

for (const status of [200, 403, 416, 429, 503]) {
  test(`reads the first answer to its end when a range is answered ${status}`, async (options) => {
    const file = new RemoteFile({ headers: { "accept-ranges": "bytes" } });
    await using bench = await DownloadBench.start(
      afterFirst(
        file,
        () =>
          status === 200
            ? new RemoteFile({ ranges: false }).answer({ headers: new Headers() })
            : new Response("no", { status }),
      ),
      options,
    );
    await assertDone(bench, file);
    // Who promises ranges is asked for several at once, and then for none any more. A 200 may be the fault of the ETag.
    assertEquals(new Set(bench.server.requests.slice(1).map(rangeOf)).size, 3);
    assertEquals([...bench.cooled], []);
  });
}

test("keeps to the connections that a server allows for each client", async (options) => {
  const file = new RemoteFile({ headers: { "accept-ranges": "bytes" } });
  await using bench = await DownloadBench.start(async (request, server) => {
    if (server.open > 2) return new Response("too many", { status: 429 });
    return await paced(file.answer(request), server);
  }, options);
  await assertDone(bench, file);
  const refused = bench.server.requests.length - new Set(bench.server.requests.map(rangeOf)).size;
  assert(refused <= 4, `${refused}`);
  assertEquals([...bench.cooled], []);
});

test("lets others fetch what a connection leaves that is reset, short or silent", async (options) => {
  const file = new RemoteFile();
  const faults: FaultHandler[] = [
    (request) => {
      file.breaks.push(10_000);
      return file.answer(request);
    },
    async (request) => {
      const answer = file.answer(request);
      const body = (await answer.bytes()).slice(0, 20_000);
      answer.headers.delete("content-length");
      return new Response(new Blob([body]).stream(), { status: 206, headers: answer.headers });
    },
    async (request, server) => {
      const answer = file.answer(request);
      const body = (await answer.bytes()).slice(0, 30_000);
      const stream = new ReadableStream({
        async pull(controller) {
          controller.enqueue(body.slice());
          await server.hold(() => over);
          controller.close();
        },
      }, { highWaterMark: 0 });
      return new Response(stream, { status: 206, headers: answer.headers });
    },
  ];
  let over = false;
  await using bench = await DownloadBench.start(async (request, server) => {
    const fault = faults[request.nth - 2];
    return fault === undefined ? await paced(file.answer(request), server) : await fault(request, server);
  }, { ...options, limits: { stallTimeoutMs: 400 } });
  try {
    await assertDone(bench, file);
  } finally {
    over = true;
  }
  assert(bench.server.requests.length > 4);
});

test("does not ask again and again for what comes empty", async (options) => {
  const file = new RemoteFile({ headers: { "accept-ranges": "bytes" } });
  await using bench = await DownloadBench.start(
    afterFirst(file, (request) => {
      const { headers } = file.answer(request);
      headers.delete("content-length");
      return new Response(new Blob([]).stream(), { status: 206, headers });
    }),
    options,
  );
  await assertDone(bench, file);
  assertEquals(bench.server.requests.length, 4);
});

test("reads the first answer through what is there already, once ranges are refused", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start(
    afterFirst(file, ({ nth, headers }) => {
      if (nth > 2) return new Response("the link is no longer good", { status: 403 });
      file.breaks.push(20_000);
      return file.answer({ headers });
    }),
    options,
  );
  await assertDone(bench, file);
  assert(bench.server.requests.length <= 5, `${bench.server.requests.length}`);
});

test("goes on without the first connection, too", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start(async (request, server) => {
    if (request.nth === 1) {
      file.breaks.push(300_000);
      return file.answer(request);
    }
    return await paced(file.answer(request), server, 10);
  }, options);
  await assertDone(bench, file);
  assert(bytesAsked(bench.server.requests.slice(1)) >= LENGTH - 300_000);
});

test("lets who is done take over half of what the slowest still has to do", async (options) => {
  const file = new RemoteFile();
  const stolen = () =>
    bench.server.requests.map(rangeOf).filter((range) => {
      const from = Number(/\d+/.exec(range)?.[0]);
      return from > 2 * QUARTER && from < 3 * QUARTER;
    });
  await using bench: DownloadBench = await DownloadBench.start(async (request, server) => {
    const answer = await paced(file.answer(request), server, 8);
    const slowest = rangeOf(request).startsWith(`bytes=${2 * QUARTER}-`);
    const held = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: async (piece, controller) => {
        controller.enqueue(piece);
        // Whoever is early would go on with what a connection has that is not there yet.
        await server.hold(() => server.requests.length >= 4);
        // It goes on only when somebody has taken over a part.
        if (slowest) await server.hold(() => stolen().length > 0);
      },
    });
    return new Response(answer.body!.pipeThrough(held), { status: answer.status, headers: answer.headers });
  }, options);
  await assertDone(bench, file);
  assert(stolen().length > 0 && stolen().length < 10, stolen().join(" "));
});

test("takes further places at the host only if they are free", async (options) => {
  for (const perHost of [1, 2]) {
    const file = new RemoteFile({ headers: { "accept-ranges": "bytes" } });
    await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
    const hosts = HostTable.create({ perHost });
    const host = taskHost(bench.server.url);
    hosts.tryAcquire(host);
    bench.context.extraPlace = extraPlace(hosts, true);
    await assertDone(bench, file);
    assertEquals([bench.server.requests.length > 1, hosts.inUse(host)], [perHost > 1, 1]);
    // A connection that is closed in the middle is seen by the server a moment later.
    assert(bench.server.maxOpen <= perHost + 1);
  }
  const cool = HostTable.create();
  cool.coolDown(taskHost("http://h/x"), Date.now() + 60_000);
  assertEquals(extraPlace(cool, false)("http://h/x"), undefined);
  assert(extraPlace(cool, false)("http://other/x") !== undefined);
});

test("holds all connections of a file together to the rate, and none is stalled meanwhile", async (options) => {
  const file = new RemoteFile({ length: 1_000_000 });
  await using bench = await DownloadBench.start((request) => file.answer(request), {
    ...options,
    limits: { stallTimeoutMs: 300, minSpeed: 100_000_000 },
  });
  bench.context.throttle = new Throttle(RateLimiter.create(1_000_000));
  const before = performance.now();
  await assertDone(bench, file);
  assert(performance.now() - before > 400, `${performance.now() - before} ms`);
});

test("refuses a file that is too large", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), options);
  bench.context.maxSize = LENGTH - 1;
  const outcome = await bench.fetch("/x");
  assert(outcome.type === "failed" && outcome.error.kind === "size", JSON.stringify(outcome));
  assertEquals([bench.names(), bench.server.requests.length], [[], 1]);
});

test("gives up when all connections are silent, or too slow together", async (options) => {
  const file = new RemoteFile();
  for (const [minSpeed, message] of [[0, "no byte for 0.4 s"], [100_000_000, "are fewer than"]] as const) {
    await using bench = await DownloadBench.start(async (request, server) => {
      const answer = file.answer(request);
      if (minSpeed > 0) return await paced(answer, server, 100, 40);
      const body = (await answer.bytes()).slice(0, 50_000);
      const stream = new ReadableStream({
        async pull(controller) {
          controller.enqueue(body.slice());
          await server.hold(() => false);
          controller.error(new Error("the server ends"));
        },
      }, { highWaterMark: 0 });
      return new Response(stream, { status: answer.status, headers: answer.headers });
    }, { ...options, limits: { stallTimeoutMs: 400, minSpeed } });
    const outcome = await bench.fetch("/x");
    assert(outcome.type === "retry", JSON.stringify(outcome));
    assertEquals(outcome.error.kind, "timeout");
    assertStringIncludes(outcome.error.message, message);
    assertEquals(bench.names(), ["file.part", "file.part-info"]);
  }
});
test("checks what came in pieces against the checksum of the task, and of the server", async (options) => {
  const file = new RemoteFile();
  const sum = (version: string, encoding: "hex" | "base64" = "hex") => hash("sha256", file.content(version), encoding);
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server, 4), options);
  const good = await bench.fetch("/x", { checksum: `sha-256:${sum("one")}` });
  assertEquals(good.type, "done", JSON.stringify(good));
  const before = bench.server.hits("/y");
  const bad = await bench.fetch("/y", { out: "other", checksum: `sha-256:${sum("two")}` });
  assert(bad.type === "failed" && bad.error.kind === "integrity", JSON.stringify(bad));
  assertEquals(bench.server.requests.slice(before).filter((request) => rangeOf(request) === "all").length, 3);
  assertEquals(bench.names(), ["file"]);

  const digest = `sha-256=:${sum("two", "base64")}:`;
  const proud = new RemoteFile({ headers: { "repr-digest": digest } });
  await using server = await DownloadBench.start((request, server) => paced(proud.answer(request), server, 4), options);
  const outcome = await server.fetch("/x");
  assert(outcome.type === "failed" && outcome.error.kind === "integrity", JSON.stringify(outcome));
  assertEquals(server.names(), []);
  proud.version = "two";
  assertEquals((await server.fetch("/x")).type, "done");
});

test("looks at the type of a file before the rest of it comes", async (options) => {
  const page = new RemoteFile({ headers: { "content-type": "text/html" } });
  await using bench = await DownloadBench.start((request, server) => paced(page.answer(request), server), {
    ...options,
    expectType: "image/*",
  });
  const outcome = await bench.fetch("/x");
  assert(outcome.type === "failed" && outcome.error.kind === "integrity", JSON.stringify(outcome));
  assert(bench.bytes < LENGTH, `${bench.bytes}`);
  assertEquals(bench.names(), []);
});
