/** Servers that give whole files, and refuse parts of them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { FaultRequest } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench, type DownloadBenchOptions } from "./download_bench.ts";

const BROKEN_AT = 1_500_000;
const REFUSALS = [400, 403, 404, 405, 409, 412, 422, 500, 501];

/** Every test runs twice: with our own client in front, and with `fetch` alone. */
function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`Attempt ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

/** A server that refuses ranges by a status. */
async function refusing(
  status: number,
  file: RemoteFile,
  options: DownloadBenchOptions,
): Promise<DownloadBench> {
  const answer = (request: FaultRequest) =>
    request.headers.has("range") ? new Response("no", { status }) : file.answer(request);
  return await DownloadBench.start(answer, options);
}

function asked(bench: DownloadBench): string[] {
  return bench.server.requests.map(({ headers }) => headers.has("range") ? "range" : "all");
}

test("asks for all of a file, in the same attempt, where the server refuses a range of it", async (lane) => {
  for (const status of REFUSALS) {
    const file = new RemoteFile();
    await using bench = await refusing(status, file, { lane });
    file.breaks.push(BROKEN_AT);
    assertEquals((await bench.fetch("/x")).type, "retry");
    const outcome = await bench.fetch("/x", { attempts: 1 });
    assertEquals(outcome.type, "done", `${status}: ${JSON.stringify(outcome)}`);
    assertEquals(asked(bench), ["all", "range", "all"]);
    assertEquals(bench.read(), file.content());
    assertEquals(bench.names(), ["file"]);
  }
});

test("asks a host that has refused a range for no other, nor for segments", async (lane) => {
  const file = new RemoteFile();
  await using bench = await refusing(403, file, { lane, segments: { count: 4, bytes: 100_000 } });
  file.breaks.push(BROKEN_AT);
  const first = await bench.fetch("/x");
  assertEquals(first.type, "retry");
  const before = asked(bench).length;
  file.breaks.push(BROKEN_AT);
  assertEquals((await bench.fetch("/x", { attempts: 1 })).type, "retry");
  assertEquals((await bench.fetch("/x", { attempts: 2 })).type, "done");
  assertEquals((await bench.fetch("/y", { id: "t2", out: "other" })).type, "done");
  assertEquals(asked(bench).slice(before), ["all", "all", "all"]);
  assertEquals(bench.read("other"), file.content());
});

test("keeps what is there until all of the file is answered", async (lane) => {
  const file = new RemoteFile();
  let whole = 503;
  await using bench = await DownloadBench.start((request) => {
    if (request.headers.has("range")) return new Response("no", { status: 403 });
    return request.nth > 1 && whole !== 200 ? new Response("later", { status: whole }) : file.answer(request);
  }, { lane });
  file.breaks.push(BROKEN_AT);
  assertEquals((await bench.fetch("/x")).type, "retry");
  const kept = bench.read("file.part");
  assertEquals((await bench.fetch("/x", { attempts: 1 })).type, "retry");
  assertEquals(bench.read("file.part"), kept);
  assertEquals(bench.names(), ["file.part", "file.part-info"]);
  // Nothing was given after the refusal: it may have been about anything.
  whole = 404;
  const outcome = await bench.fetch("/x", { attempts: 2 });
  assert(outcome.type === "failed" && outcome.error.status === 404, JSON.stringify(outcome));
  assertEquals(asked(bench), ["all", "range", "all", "range", "all"]);
});

test("lets a file begin anew twice, says why, and then fails", async (lane) => {
  const file = new RemoteFile();
  await using bench = await refusing(403, file, { lane });
  bench.context.retry = { retries: 10, retryWaitMs: 1 };
  file.breaks.push(...Array(3).fill(BROKEN_AT));
  assertEquals((await bench.fetch("/x")).type, "retry");
  for (const attempts of [1, 2]) {
    const outcome = await bench.fetch("/x", { attempts });
    assert(outcome.type === "retry", JSON.stringify(outcome));
    assertStringIncludes(
      outcome.error.message,
      "; the server refuses ranges (HTTP status 403), so the file began anew",
    );
  }
  const outcome = await bench.fetch("/x", { attempts: 3 });
  assert(outcome.type === "failed", JSON.stringify(outcome));
  assertStringIncludes(
    outcome.error.message,
    "the server refuses ranges (HTTP status 403), and the file broke off 3 times",
  );
  assertEquals(asked(bench), ["all", "range", "all", "all"]);
  // Another run may find another server.
  await using later = bench.another({ lane });
  assertEquals((await later.fetch("/x")).type, "done");
});

test("does not take for a refusal of ranges what is about the client, or passes", async (lane) => {
  for (const status of [401, 407, 408, 425, 429, 502, 503, 504]) {
    const file = new RemoteFile();
    await using bench = await refusing(status, file, { lane });
    file.breaks.push(BROKEN_AT);
    assertEquals((await bench.fetch("/x")).type, "retry");
    const outcome = await bench.fetch("/x", { attempts: 1 });
    assert(outcome.type === "retry" || outcome.type === "failed", JSON.stringify(outcome));
    assertEquals(outcome.error.status, status);
    assertEquals(asked(bench), ["all", "range"]);
    assertEquals(bench.names(), ["file.part", "file.part-info"]);
  }
});

test("asks for a new link first where a range is refused as if the link had expired", async (lane) => {
  for (const status of [403, 410]) {
    const file = new RemoteFile();
    await using bench = await refusing(status, file, { lane });
    const renewed: string[] = [];
    bench.context.renewLink = ({ url }) => {
      renewed.push(url);
      return Promise.resolve({ type: "url", url: `${bench.server.url}/new` });
    };
    file.breaks.push(BROKEN_AT);
    assertEquals((await bench.fetch("/x")).type, "retry");
    const outcome = await bench.fetch("/x", { attempts: 1 });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals(renewed.length, 1);
    assertEquals(
      bench.server.requests.map(({ path, headers }) => `${path} ${headers.has("range") ? "range" : "all"}`),
      ["/x all", "/x range", "/new range", "/new all"],
    );
    assertEquals(bench.read(), file.content());
  }
});
