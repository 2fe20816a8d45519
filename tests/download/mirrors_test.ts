/** Other urls of the same file. */
import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import { DownloadError } from "../../download/download_error.ts";
import { MirrorMemory } from "../../download/mirror_memory.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`procDownloadCore ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

test("tries the mirrors in turn, and says which one it was", async (lane) => {
  await using other = FaultServer.start(({ path }) =>
    path === "/good" ? new Response(bytesFor("x", 100)) : new Response("no", { status: 500 })
  );
  await using bench = await DownloadBench.start(() => new Response("no", { status: 404 }), { lane });
  const mirrors = [`${other.url}/bad`, `${other.url}/good`];
  const outcome = await bench.fetch("/x", { mirrors, headers: { "x-key": "secret" } });
  assert(outcome.type === "done", JSON.stringify(outcome));
  assertEquals(outcome.facts.finalUrl, `${other.url}/good`);
  assertEquals(bench.read(), bytesFor("x", 100));
  assertEquals(bench.server.requests.map(({ headers }) => headers.get("x-key")), ["secret"]);
  // Another origin gets no headers.
  assertEquals(other.requests.map(({ path, headers }) => [path, headers.get("x-key")]), [["/bad", null], [
    "/good",
    null,
  ]]);
});

test("begins the next task with a host that has not failed", async (lane) => {
  await using other = FaultServer.start(() => new Response(bytesFor("x", 100)));
  await using bench = await DownloadBench.start(() => new Response("no", { status: 404 }), { lane });
  for (let i = 0; i < 3; i++) {
    assertEquals((await bench.fetch(`/${i}`, { out: `${i}`, mirrors: [`${other.url}/${i}`] })).type, "done");
  }
  assertEquals([bench.server.requests.length, other.requests.length], [1, 3]);
});

test("comes back if one of the urls may be cured by time, else fails as the first one did", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => new Response("", { status: Number(path.slice(1)) }), {
    lane,
  });
  const { url } = bench.server;
  const later = await bench.fetch("/404", { mirrors: [`${url}/503`, `${url}/410`] });
  assert(later.type === "retry" && later.error.status === 503, JSON.stringify(later));
  assert(bench.cooled.size === 1);
  const never = await bench.fetch("/404", { mirrors: [`${url}/410`] });
  assert(never.type === "failed" && never.error.status === 404, JSON.stringify(never));
});

test("takes a mirror when the first url brings the wrong bytes", async (lane) => {
  const right = bytesFor("right", 2_000_000);
  await using bench = await DownloadBench.start(({ path }) => new Response(bytesFor(path.slice(1), 2_000_000)), {
    lane,
  });
  const task = { checksum: `sha-256:${hash("sha256", right, "hex")}`, mirrors: [`${bench.server.url}/right`] };
  const outcome = await bench.fetch("/wrong", task);
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
  assertEquals(bench.read(), right);
  assertEquals(bench.names(), ["file"]);
  assertEquals(bench.server.requests.map(({ path }) => path), ["/wrong", "/right"]);
});

test("asks the first source of wrong bytes once more when the mirrors are no better, then fails", async (lane) => {
  for (const size of [1000, 2_000_000]) {
    const right = bytesFor("right", size);
    const task = { checksum: `sha-256:${hash("sha256", right, "hex")}` };
    let good = Infinity;
    await using other = FaultServer.start(({ path }) =>
      path === "/404" ? new Response("", { status: 404 }) : new Response(bytesFor("other", size))
    );
    await using bench = await DownloadBench.start(({ path, nth }) => {
      if (path === "/gone") return new Response("", { status: 404 });
      return new Response(nth >= good ? right : bytesFor(path, size), { headers: { etag: '"x"' } });
    }, { lane });
    const mirrors = [`${other.url}/1`, `${other.url}/404`, `${other.url}/2`];
    const seen: string[] = [];
    const note = () => {
      const requests = [...bench.server.requests, ...other.requests].sort((a, b) => a.at - b.at);
      return requests.map(({ path }) => path).slice(seen.length);
    };
    const never = await bench.fetch("/first", { ...task, mirrors });
    assert(never.type === "failed" && never.error.kind === "integrity", JSON.stringify(never));
    const first = note();
    assertEquals(first, ["/first", "/1", "/404", "/2", "/first"]);
    seen.push(...first);
    assertEquals(bench.names(), []);
    // The second time it brings the right ones.
    bench.context.mirrors.worked(bench.server.url);
    good = 4;
    const second = await bench.fetch("/first", { ...task, mirrors });
    assertEquals(second.type, "done", JSON.stringify(second));
    assertEquals(bench.read(), right);
    const again = note();
    assertEquals(again, ["/first", "/1", "/404", "/2", "/first"]);
    seen.push(...again);
    // It is the source of the wrong bytes that is asked again, not one that failed otherwise.
    bench.context.mirrors.worked(bench.server.url);
    const third = await bench.fetch("/gone", { ...task, out: "b", mirrors: [`${other.url}/1`] });
    assert(third.type === "failed", JSON.stringify(third));
    assertEquals(note(), ["/gone", "/1", "/1"]);
  }
});

test("deletes wrong bytes that were left before it goes on with a mirror", async (lane) => {
  const file = new RemoteFile();
  await using other = FaultServer.start((request) => file.answer(request));
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  const checksum = `sha-256:${hash("sha256", file.content(), "hex")}`;
  file.breaks.push(1_500_000);
  assertEquals((await bench.fetch("/x", { checksum })).type, "retry");
  const part = bench.read("file.part");
  part[5]! ^= 1;
  Deno.writeFileSync(bench.path("file.part"), part);
  assertEquals((await bench.fetch("/x", { checksum, attempts: 1, mirrors: [`${other.url}/x`] })).type, "done");
  assertEquals(bench.read(), file.content());
  assertEquals([bench.server.requests.length, other.requests.length], [2, 1]);
  assertEquals(other.requests[0]!.headers.get("range"), null);
  assertEquals(bench.names(), ["file"]);
});

test("takes the size, the digest and the type of a file for wrong bytes, too", async (lane) => {
  const right = bytesFor("right", 1000);
  const digest = `sha-256=:${hash("sha256", right, "base64")}:`;
  await using other = FaultServer.start(() => new Response(right, { headers: { "content-type": "image/png" } }));
  await using bench = await DownloadBench.start(({ path }) => {
    const headers = { "content-type": path === "/type" ? "text/html" : "image/png" };
    if (path === "/size") return new Response(right.subarray(1), { headers });
    if (path === "/digest") {
      return new Response(bytesFor("bad", 1000), { headers: { ...headers, "repr-digest": digest } });
    }
    return new Response("<html>", { headers });
  }, { lane, expectType: "image/*" });
  for (const out of ["size", "digest", "type"]) {
    bench.context.mirrors.worked(bench.server.url);
    const size = out === "size" ? { size: 1000 } : {};
    const outcome = await bench.fetch(`/${out}`, { out, ...size, mirrors: [`${other.url}/x`] });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals([bench.server.hits(`/${out}`), bench.read(out)], [1, right]);
  }
});

test("does not continue with a mirror what another url began", async (lane) => {
  const one = new RemoteFile();
  const two = new RemoteFile();
  two.version = "two";
  await using other = FaultServer.start((request) => {
    const answer = two.answer(request);
    // The same ETag on another server says nothing.
    answer.headers.set("etag", '"one"');
    return answer;
  });
  await using bench = await DownloadBench.start((request) => one.answer(request), { lane });
  one.breaks.push(1_500_000);
  // With its last attempt, as before that the url itself is gone on with.
  assertEquals((await bench.fetch("/x", { mirrors: [`${other.url}/x`], attempts: 2 })).type, "done");
  assertEquals(bench.read(), two.content());
  assertEquals(other.requests.map(({ headers }) => headers.get("range")), [null]);
  assertEquals(bench.names(), ["file"]);
});

test("does not try mirrors for trouble that is ours", async (lane) => {
  await using bench = await DownloadBench.start(() => new Response("x"), { lane });
  Deno.writeTextFileSync(bench.path("file"), "mine");
  const outcome = await bench.fetch("/x", { mirrors: [`${bench.server.url}/y`] });
  assert(outcome.type === "failed" && outcome.error.kind === "disk");
  assertEquals(bench.server.requests, []);
});

Deno.test("MirrorMemory puts hosts that failed lately last, forgives in time and at once when they work", () => {
  const memory = new MirrorMemory();
  const urls = ["http://a/1", "http://b/1", "http://c/1"];
  assertEquals(memory.order(urls, 0), urls);
  memory.failed("http://a/other", 0);
  memory.failed("http://b/other", 50_000);
  assertEquals(memory.order(urls, 55_000), ["http://c/1", "http://a/1", "http://b/1"]);
  assertEquals(memory.order(urls, 61_000), ["http://a/1", "http://c/1", "http://b/1"]);
  memory.worked("http://b/x");
  assertEquals(memory.order(urls, 61_000), urls);
});

/** A url of the loopback at which nobody listens. */
function nobodysUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}/x`;
}

test("goes on at its byte where it has begun, though a mirror cannot be reached", async (lane) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  const mirrors = [nobodysUrl()];
  file.breaks.push(1_500_000);
  const broken = await bench.fetch("/x", { mirrors });
  assertEquals(broken.type, "retry", JSON.stringify(broken));
  assertEquals(bench.names(), ["file.part", "file.part-info"]);
  assertEquals((await bench.fetch("/x", { mirrors, attempts: 1 })).type, "done");
  assertEquals(bench.server.requests.map(({ headers }) => headers.get("range")), [null, "bytes=1500000-"]);
  assert(hash("md5", bench.read()) === hash("md5", file.content()));
  assertEquals(bench.names(), ["file"]);
});

test("comes to its end with sources that all break off, as it does with one", async (lane) => {
  const [file, twin] = [new RemoteFile(), new RemoteFile()];
  await using other = FaultServer.start((request) => {
    twin.breaks.push(1_200_000);
    return twin.answer(request);
  });
  await using bench = await DownloadBench.start((request) => {
    file.breaks.push(1_200_000);
    return file.answer(request);
  }, { lane });
  const outcomes: string[] = [];
  for (let attempts = 0; attempts < 3; attempts++) {
    outcomes.push((await bench.fetch("/x", { mirrors: [`${other.url}/x`], attempts })).type);
  }
  assertEquals(outcomes, ["retry", "retry", "done"]);
  assert(hash("md5", bench.read()) === hash("md5", file.content()));
  assertEquals(bench.names(), ["file"]);
});

test("goes on with what a source brought before it asks a mirror, unless that was the last attempt", async (lane) => {
  for (const attempts of [0, 2]) {
    const file = new RemoteFile();
    await using other = FaultServer.start(() => new Response(bytesFor("twin", 1000)));
    await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
    file.breaks.push(1_200_000);
    const outcome = await bench.fetch("/x", { mirrors: [`${other.url}/x`], attempts });
    assertEquals([outcome.type, other.requests.length], attempts === 0 ? ["retry", 0] : ["done", 1]);
    assertEquals(bench.names(), attempts === 0 ? ["file.part", "file.part-info"] : ["file"]);
  }
});

test("gives up for a mirror what a source left that cannot be reached any more", async (lane) => {
  const [file, twin] = [new RemoteFile(), new RemoteFile()];
  await using other = FaultServer.start((request) => twin.answer(request));
  const gone = FaultServer.start((request) => file.answer(request));
  await using bench = await DownloadBench.start(() => new Response("", { status: 404 }), { lane });
  const task = { url: `${gone.url}/x`, mirrors: [`${other.url}/x`] };
  file.breaks.push(1_200_000);
  assertEquals((await bench.fetch("/x", task)).type, "retry");
  assertEquals(bench.names(), ["file.part", "file.part-info"]);
  await gone[Symbol.asyncDispose]();
  twin.breaks.push(1_300_000);
  assertEquals((await bench.fetch("/x", { ...task, attempts: 1 })).type, "retry");
  assertEquals((await bench.fetch("/x", { ...task, attempts: 2 })).type, "done");
  assertEquals(other.requests.map(({ headers }) => headers.get("range")), [null, "bytes=1300000-"]);
  assertEquals(bench.names(), ["file"]);
});

test("leaves nothing of a url that is not one of the task, nor of its own that is of no use", async (lane) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start(
    ({ path, headers }) => path === "/gone" ? new Response("", { status: 404 }) : file.answer({ headers }),
    { lane },
  );
  const mirrors = [`${bench.server.url}/gone`];
  file.breaks.push(1_200_000);
  assertEquals((await bench.fetch("/x")).type, "retry");
  assertEquals((await bench.fetch("/gone", { mirrors, attempts: 1 })).type, "failed");
  assertEquals(bench.names(), []);
  file.breaks.push(1_200_000);
  assertEquals((await bench.fetch("/x", { mirrors })).type, "retry");
  // After another boot nobody knows what of it came to the disk.
  await using rebooted = bench.another({ lane, bootId: "boot-2" });
  file.version = "two";
  file.breaks.push(0);
  await rebooted.fetch("/x", { mirrors, attempts: 1 });
  assertEquals(bench.names(), []);
});

test("gives the headers of a task to no mirror of another host, whatever the scheme", async (lane) => {
  const asked: [string, Record<string, string>][] = [];
  await using bench = await DownloadBench.start(() => new Response("", { status: 404 }), { lane });
  bench.context.drivers = [{
    schemes: ["kept:", "other:"],
    open({ url, headers }) {
      asked.push([url, headers]);
      return Promise.reject(new DownloadError("not-found", "it is not there", { retryable: false }));
    },
    [Symbol.dispose]: () => {},
  }];
  const headers = { "x-key": "secret" };
  const mirrors = ["kept://second/x", "other://first/x", "kept://first/y"];
  const outcome = await bench.fetch("/x", { url: "kept://first/x", mirrors, headers });
  assertEquals(outcome.type, "failed", JSON.stringify(outcome));
  assertEquals(asked, [
    ["kept://first/x", headers],
    ["kept://second/x", {}],
    ["other://first/x", {}],
    ["kept://first/y", headers],
  ]);
});
