/** Cookies that servers set on the way to a file, where the user asked for none to be kept. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

/** Every test runs twice: with our own client in front, and with `fetch` alone. */
function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`Attempt ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

function redirect(location: string, ...cookies: string[]): Response {
  const headers = new Headers({ location });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 302, headers });
}

function cookiesOf({ requests }: FaultServer): string[] {
  return requests.map(({ path, headers }) => `${path} ${headers.get("cookie") ?? "none"}`);
}

test("takes the cookie along that a site sets before it redirects to itself", async (lane) => {
  await using bench = await DownloadBench.start(
    ({ path, headers }) => headers.has("cookie") ? new Response("file") : redirect(path, "seen=1; Path=/"),
    { lane },
  );
  for (const [out, id] of [["file", "t1"], ["other", "t2"]]) {
    const outcome = await bench.fetch("/x", { out: out!, id: id! });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
  }
  // What one task was given is not another one's.
  assertEquals(cookiesOf(bench.server), ["/x none", "/x seen=1", "/x none", "/x seen=1"]);
  assertEquals(bench.names(), ["file", "other"]);
});

test("sends cookies of a redirect chain by the rules of Domain and Path", async (lane) => {
  await using other = FaultServer.start(() => redirect(`${bench.server.url}/end`, "away=1; Path=/"));
  await using bench = await DownloadBench.start(({ path }) => {
    if (path === "/x") {
      return redirect(
        "/deep/login",
        ...["all=1; Path=/", "deep=2; Path=/deep", "foreign=4; Path=/; Domain=e.org"],
        ...["suffix=5; Path=/; Domain=com", "over=6; Path=/; Max-Age=0", "=", "novalue"],
      );
    }
    if (path === "/deep/login") return redirect(`${other.url.replace("127.0.0.1", "localhost")}/hop`);
    return new Response("file");
  }, { lane });
  assertEquals((await bench.fetch("/x")).type, "done");
  assertEquals(cookiesOf(bench.server), ["/x none", "/deep/login deep=2; all=1", "/end all=1"]);
  assertEquals(cookiesOf(other), ["/hop none"]);
});

test("sends them with the requests for segments, and those of the file's own answer too", async (lane) => {
  const file = new RemoteFile({ length: 3_000_000, headers: { "set-cookie": "own=2; Path=/" } });
  const isRange = ({ headers }: { headers: Headers }) => headers.has("range");
  await using bench = await DownloadBench.start((request, server) => {
    if (!request.headers.has("cookie")) return redirect("/x", "seen=1; Path=/");
    const answer = file.answer(request);
    if (isRange(request)) return answer;
    answer.body?.cancel();
    // The whole file waits for the others to begin.
    return server.flow(file.content(), 65_536, () => server.requests.some(isRange), { headers: answer.headers });
  }, { lane, segments: { count: 3, bytes: 100_000 } });
  assertEquals((await bench.fetch("/x")).type, "done");
  assertEquals(bench.read(), file.content());
  const ranges = bench.server.requests.filter(isRange);
  assert(ranges.length > 0);
  for (const { headers } of ranges) assertEquals(headers.get("cookie"), "seen=1; own=2");
  assertEquals(bench.server.requests.length, ranges.length + 2);
});

test("takes none of them to a mirror", async (lane) => {
  await using bench = await DownloadBench.start(
    ({ path }) =>
      path === "/mirror"
        ? new Response("file")
        : new Response(null, { status: 404, headers: { "set-cookie": "a=1; Path=/" } }),
    { lane },
  );
  assertEquals((await bench.fetch("/x", { mirrors: [`${bench.server.url}/mirror`] })).type, "done");
  assertEquals(cookiesOf(bench.server), ["/x none", "/mirror none"]);
});

test("lets a Cookie header of the task win at its origin, and go nowhere else", async (lane) => {
  await using other = FaultServer.start(({ headers }) =>
    headers.has("cookie") ? new Response("file") : redirect("/back", "theirs=1; Path=/")
  );
  await using bench = await DownloadBench.start(({ path }) => {
    return path === "/x"
      ? redirect("/y", "ours=1; Path=/")
      : redirect(`${other.url.replace("127.0.0.1", "localhost")}/hop`);
  }, { lane });
  assertEquals((await bench.fetch("/x", { headers: { Cookie: "own=1" } })).type, "done");
  assertEquals(cookiesOf(bench.server), ["/x own=1", "/y own=1"]);
  assertEquals(cookiesOf(other), ["/hop none", "/back theirs=1"]);
});

test("says of a chain without end that the task's own Cookie keeps those away that the server sets", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => redirect(path, "seen=1; Path=/"), { lane });
  const loop = async (headers: Record<string, string>) => {
    const outcome = await bench.fetch("/x", { headers });
    assert(outcome.type === "failed", JSON.stringify(outcome));
    assertStringIncludes(outcome.error.message, "more than 5 redirects");
    return outcome.error.message;
  };
  assertStringIncludes(await loop({ cookie: "own=1" }), "the Cookie header of the task takes their place");
  assert(!(await loop({})).includes("Cookie"));
});
