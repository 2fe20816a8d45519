/** Several connections for one file: all of it, of one version, whatever becomes of the connections. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hash } from "node:crypto";
import { StoppedError } from "../../download/download_error.ts";
import { extraPlace } from "../../download/extra_place.ts";
import { HostTable } from "../../download/host_table.ts";
import { RateLimiter } from "../../download/rate_limiter.ts";
import { Throttle } from "../../download/throttle.ts";
import { taskHost } from "../../queue/task_model.ts";
import type { FaultHandler, FaultRequest, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { until } from "../support/until.ts";
import { DownloadBench, type DownloadBenchOptions } from "./download_bench.ts";

const LENGTH = 3_000_000;
const QUARTER = LENGTH / 4;
const LEAST = 100_000;

function test(name: string, run: (options: DownloadBenchOptions) => Promise<void>): void {
  for (const lane of [true, false]) {
    const options = { lane, segments: { count: 4, bytes: LEAST } };
    Deno.test(`Segments ${name}, ${lane ? "lane" : "fetch"}`, () => run(options));
  }
}

/** The same answer, but its body comes in pieces. */
async function paced(answer: Response, server: FaultServer, pieces = 40, everyMs = 5): Promise<Response> {
  if (answer.body === null) return answer;
  const { body } = server.trickle(await answer.bytes(), pieces, everyMs);
  return new Response(body, { status: answer.status, headers: answer.headers });
}

const rangeOf = ({ headers }: Pick<FaultRequest, "headers">) => headers.get("range") ?? "all";

/** How many bytes a server was asked for by ranges. */
function bytesAsked(requests: readonly FaultRequest[]): number {
  let sum = 0;
  for (const request of requests) {
    const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(rangeOf(request)) ?? [];
    assert(from !== undefined, rangeOf(request));
    sum += (last === "" ? LENGTH : Number(last) + 1) - Number(from);
  }
  return sum;
}

async function assertDone(bench: DownloadBench, file: RemoteFile, version = "one"): Promise<void> {
  const outcome = await bench.fetch("/x");
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
  assertEquals(bench.names(), ["file"]);
  assert(hash("md5", bench.read()) === hash("md5", file.content(version)), "the bytes are those of the version");
}

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
  await using bench = await DownloadBench.start(async (request, server) => {
    const slow = rangeOf(request).startsWith(`bytes=${2 * QUARTER}-`);
    return slow ? await paced(file.answer(request), server, 75, 40) : await paced(file.answer(request), server, 8);
  }, options);
  await assertDone(bench, file);
  const stolen = bench.server.requests.map(rangeOf).filter((range) => {
    const from = Number(/\d+/.exec(range)?.[0]);
    return from > 2 * QUARTER && from < 3 * QUARTER;
  });
  assert(stolen.length > 0 && stolen.length < 10, stolen.join(" "));
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

/** Fetches a part over several connections, as a stop leaves it. */
async function begin(bench: DownloadBench, bytes = 1_000_000): Promise<void> {
  const running = bench.fetch("/x");
  await until("a part of it", () => bench.bytes >= bytes, { everyMs: 2 });
  bench.context.watchdog.abortAll(new StoppedError("stopped"));
  assertEquals((await running).type, "released");
  assertEquals(bench.names(), ["file.part", "file.part-info"]);
}

function readState(bench: DownloadBench): { written: [number, number][]; synced: [number, number][] } {
  return JSON.parse(Deno.readTextFileSync(bench.path("file.part-info")));
}

const written = (bench: DownloadBench) => readState(bench).written.reduce((sum, [from, to]) => sum + to - from, 0);

for (const count of [1, 3, 4] as const) {
  test(`continues only what is missing after a stop, over ${count}`, async (options) => {
    const file = new RemoteFile();
    await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
    await begin(bench);
    const there = written(bench);
    assert(there >= 900_000 && readState(bench).written.length > 1, JSON.stringify(readState(bench)));
    assertEquals(Deno.statSync(bench.path("file.part")).size, LENGTH);
    const before = bench.server.requests.length;
    await using next = bench.another({ ...options, segments: { count, bytes: LEAST } });
    const outcome = await next.fetch("/x");
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals(bench.read(), file.content());
    assertEquals(next.bytes, LENGTH - there, "nothing came twice");
    const requests = bench.server.requests.slice(before);
    if (count === 1) assertEquals(bytesAsked(requests), LENGTH - there);
    assert(requests.every(({ headers }) => headers.get("if-range") === '"one"'));
    assertEquals(bench.names(), ["file"]);
  });
}

test("continues over several connections what one has left", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
  bench.context.segments = 1;
  await begin(bench);
  const there = Deno.statSync(bench.path("file.part")).size;
  await using next = bench.another(options);
  assertEquals((await next.fetch("/x")).type, "done");
  assertEquals(bench.read(), file.content());
  assertEquals(next.bytes, LENGTH - there);
  const [, first, ...others] = bench.server.requests.map(rangeOf);
  assertEquals(first, `bytes=${there}-`);
  assert(others.length >= 3);
});

test("can be killed at any byte: the state names nothing that is not there", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server, 100), options);
  await using killed = await DownloadBench.start(({ headers }) => file.answer({ headers }), options);
  killed.context.overwrite = "always";
  const copies: { part: Uint8Array<ArrayBuffer>; info: string }[] = [];
  const { onBytes } = bench.context;
  let seen = "";
  bench.context.onBytes = (count) => {
    onBytes(count);
    // No other statement runs between these, as none does when a process is killed.
    const info = Deno.readTextFileSync(bench.path("file.part-info")).replaceAll(bench.server.url, killed.server.url);
    if (info === seen && copies.length > 0) return;
    seen = info;
    copies.push({ info, part: Deno.readFileSync(bench.path("file.part")) });
  };
  await assertDone(bench, file);
  assert(copies.length > 1);
  for (const { info, part } of copies) {
    Deno.writeFileSync(killed.path("file.part"), part);
    Deno.writeTextFileSync(killed.path("file.part-info"), info);
    const before = killed.bytes;
    await assertDone(killed, file);
    const there = JSON.parse(info).written.reduce((sum: number, [from, to]: number[]) => sum + to! - from!, 0);
    assertEquals(killed.bytes - before, LENGTH - there);
  }
});

/** A state of pieces, and a file whose other bytes are wrong. */
function leave(bench: DownloadBench, file: RemoteFile, state: Record<string, unknown>, good: [number, number][]): void {
  const part = new Uint8Array(LENGTH).fill(1);
  for (const [from, to] of good) part.set(file.content().subarray(from, to), from);
  Deno.writeFileSync(bench.path("file.part"), part);
  const whole = { version: 2, url: `${bench.server.url}/x`, length: LENGTH, etag: '"one"', bootId: "boot-1", ...state };
  Deno.writeTextFileSync(bench.path("file.part-info"), JSON.stringify(whole));
}

test("after another boot trusts only what was certainly on the disk", async (options) => {
  const file = new RemoteFile();
  const synced: [number, number][] = [[100_000, 700_000], [2_000_000, LENGTH]];
  for (const [boot, there] of [["boot-0", synced], ["", synced], ["boot-1", [[0, 1_500_000], synced[1]!]]] as const) {
    await using bench = await DownloadBench.start((request) => file.answer(request), options);
    const good = there as [number, number][];
    leave(bench, file, { bootId: boot, written: [[0, 1_500_000], [2_000_000, LENGTH]], synced }, good);
    await assertDone(bench, file);
    assertEquals(bench.bytes, LENGTH - good.reduce((sum, [from, to]) => sum + to - from, 0), boot);
  }
});

test("does not call synced what it finds written", async (options) => {
  const file = new RemoteFile();
  const found: [number, number][] = [[0, 500_000], [2_000_000, 2_100_000]];
  for (const version of [1, 2]) {
    await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
    const synced = version === 1 ? 400_000 : [[0, 400_000]];
    leave(bench, file, { version, synced, written: found }, found);
    if (version === 1) Deno.truncateSync(bench.path("file.part"), 500_000);
    await begin(bench, 100_000);
    assertEquals(readState(bench).synced, [[0, 400_000]]);
    assertEquals(readState(bench).written[0]![0], 0);
  }
});

const BROKEN: Record<string, Record<string, unknown>> = {
  "of pieces in disorder": { written: [[2_000_000, LENGTH], [0, 10]], synced: [] },
  "of pieces over each other": { written: [[0, 20], [10, LENGTH]], synced: [] },
  "of pieces behind the end": { written: [[0, LENGTH + 1]], synced: [] },
  "of an empty piece": { written: [[5, 5]], synced: [] },
  "of no pieces": { written: "all", synced: [] },
  "without what was synced": { written: [[0, LENGTH]], synced: undefined },
  "of another url": { url: "http://127.0.0.1/y", written: [[0, LENGTH]], synced: [] },
  "of a later form": { version: 3, written: [[0, LENGTH]], synced: [] },
  "that takes pieces for a beginning": { version: 1, written: [[0, LENGTH]], synced: [[0, LENGTH]] },
};
for (const [name, state] of Object.entries(BROKEN)) {
  test(`does not trust a state ${name}`, async (options) => {
    const file = new RemoteFile();
    await using bench = await DownloadBench.start((request) => file.answer(request), options);
    leave(bench, file, state, []);
    await assertDone(bench, file);
    assertEquals(rangeOf(bench.server.requests[0]!), "all");
  });
}

test("does not trust a state that outlived its bytes", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), options);
  leave(bench, file, { written: [[0, 10], [2_000_000, 2_500_000]], synced: [] }, []);
  Deno.truncateSync(bench.path("file.part"), 2_000_000);
  await assertDone(bench, file);
  assertEquals(rangeOf(bench.server.requests[0]!), "all");
});

test("starts over, with one connection or several, what has changed since it was left in pieces", async (options) => {
  for (const count of [1, 4]) {
    const file = new RemoteFile();
    await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server), options);
    await begin(bench);
    file.version = "two";
    await using next = bench.another({ ...options, segments: { count, bytes: LEAST } });
    assertEquals((await next.fetch("/x")).type, "done");
    assertEquals(bench.read(), file.content("two"));
    assertEquals(bench.names(), ["file"]);
  }
});

test("starts over at once when the file has changed and nobody has the rest of it any more", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => {
    if (request.nth > 1) file.version = "two";
    return file.answer(request);
  }, { ...options, segments: { count: 1 } });
  const there: [number, number][] = [[0, 500_000], [1_000_000, 2_000_000]];
  leave(bench, file, { written: there, synced: [] }, there);
  await assertDone(bench, file, "two");
  assertEquals(bench.server.requests.map(rangeOf), [
    "bytes=500000-999999",
    `bytes=2000000-${LENGTH - 1}`,
    "bytes=2000000-",
  ]);
});

test("finishes what was left whole in pieces", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), options);
  leave(bench, file, { written: [[0, LENGTH]], synced: [] }, [[0, LENGTH]]);
  await assertDone(bench, file);
  assertEquals([bench.server.requests.map(rangeOf), bench.bytes], [[`bytes=${LENGTH}-`], 0]);
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

test("does not take the digest of a piece for that of the file", async (options) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start(async (request) => {
    const answer = file.answer(request);
    const body = await answer.bytes();
    answer.headers.set("content-digest", `sha-256=:${hash("sha256", body, "base64")}:`);
    return new Response(body, { status: answer.status, headers: answer.headers });
  }, { ...options, segments: { count: 1 } });
  leave(bench, file, { written: [[1_000_000, LENGTH]], synced: [] }, [[1_000_000, LENGTH]]);
  await assertDone(bench, file);
  assertEquals([bench.bytes, bench.server.requests.length], [1_000_000, 1]);
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

Deno.test("Segments name what was brought to the disk, and nothing that was not", async () => {
  const file = new RemoteFile({ length: 100_000_000 });
  await using bench = await DownloadBench.start((request, server) => paced(file.answer(request), server, 50, 10), {
    segments: { count: 4 },
  });
  const running = bench.fetch("/x");
  const synced = await until("what is on the disk", () => {
    const state = bench.bytes > 64 * 1024 * 1024 ? readState(bench) : undefined;
    return state !== undefined && state.synced.length > 0 && state.synced;
  }, { everyMs: 2 });
  bench.context.watchdog.abortAll(new StoppedError("stopped"));
  assertEquals((await running).type, "released");
  // The machine goes down: what was not synced may be anything.
  const content = file.content();
  using part = Deno.openSync(bench.path("file.part"), { read: true, write: true });
  let at = 0;
  for (const [from, to] of [...readState(bench).synced, [100_000_000, 0]] as const) {
    part.seekSync(at, Deno.SeekMode.Start);
    for (let rest = from - at; rest > 0; rest -= 1_000_000) part.writeSync(new Uint8Array(Math.min(rest, 1_000_000)));
    at = to;
  }
  const sum = synced.reduce((bytes, [from, to]) => bytes + to - from, 0);
  assert(sum > 30_000_000, `${sum}`);
  await using next = bench.another({ bootId: "boot-2", segments: { count: 2 } });
  assertEquals((await next.fetch("/x")).type, "done");
  assertEquals(hash("md5", bench.read()), hash("md5", content));
  assert(next.bytes <= 100_000_000 - sum, `${next.bytes}`);
});
