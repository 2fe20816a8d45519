/** Links whose time is over. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { hash } from "node:crypto";
import { StoppedError } from "../../download/download_error.ts";
import type { ExpiredLink, RenewedLink } from "../../download/expired_link.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`procDownloadCore ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

/** Lets the bench renew links; gives the links that it was asked about. */
function renewWith(bench: DownloadBench, answer: (link: ExpiredLink) => RenewedLink): ExpiredLink[] {
  const asked: ExpiredLink[] = [];
  bench.context.renewLink = (link) => {
    asked.push(link);
    return Promise.resolve(answer(link));
  };
  return asked;
}

test("goes on with a new link when the old one has expired, and keeps no key of it", async (lane) => {
  for (const status of [401, 403, 410]) {
    await using bench = await DownloadBench.start(
      ({ path }) => path === "/new" ? new Response(bytesFor("x", 1000)) : new Response("", { status }),
      { lane },
    );
    const asked = renewWith(bench, () => ({ type: "url", url: `${bench.server.url}/new?key=secret` }));
    const outcome = await bench.fetch("/old", { attempts: 2 });
    assert(outcome.type === "done", JSON.stringify(outcome));
    assertEquals(outcome.facts.finalUrl, `${bench.server.url}/new`);
    assertEquals(asked, [{ url: `${bench.server.url}/old`, id: "t1", out: "file", attempt: 3, status }]);
    assertEquals(bench.read(), bytesFor("x", 1000));
    const [line] = (await Deno.readTextFile(bench.path(`.corehaul/manifest/${bench.context.writer}.jsonl`))).split(
      "\n",
    );
    assertEquals(JSON.parse(line!).url, `${bench.server.url}/old`);
    assert(!line!.includes("secret"));
  }
});

test("asks for no new link after any other failure, nor without a way to get one", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => new Response("", { status: Number(path.slice(1)) }), {
    lane,
  });
  assertEquals((await bench.fetch("/403")).type, "failed");
  const asked = renewWith(bench, () => ({ type: "problem", message: "nothing" }));
  for (const status of [400, 404, 407, 429, 500]) await bench.fetch(`/${status}`);
  assertEquals(asked, []);
});

test("asks once in an attempt, and fails as the new link does", async (lane) => {
  await using bench = await DownloadBench.start(
    ({ path }) => new Response("", { status: path === "/old" ? 403 : 410 }),
    {
      lane,
    },
  );
  const asked = renewWith(bench, () => ({ type: "url", url: `${bench.server.url}/new` }));
  const outcome = await bench.fetch("/old");
  assert(outcome.type === "failed" && outcome.error.status === 410, JSON.stringify(outcome));
  assertEquals([asked.length, bench.server.requests.length], [1, 2]);
});

test("says what is wrong with the command, and tries the mirrors", async (lane) => {
  await using bench = await DownloadBench.start(
    ({ path }) => path === "/mirror" ? new Response("here") : new Response("", { status: 403 }),
    { lane },
  );
  const asked = renewWith(bench, () => ({ type: "problem", message: "--refresh-cmd (x) ended with code 1" }));
  const failed = await bench.fetch("/old");
  assert(failed.type === "failed" && failed.error.status === 403);
  assertMatch(failed.error.message, /HTTP status 403; --refresh-cmd \(x\) ended with code 1$/);
  assertEquals(failed.error.retryable, false);
  // A mirror is not renewed.
  const mirrors = [`${bench.server.url}/other`, `${bench.server.url}/mirror`];
  assertEquals((await bench.fetch("/old", { mirrors })).type, "done");
  assertEquals(asked.length, 2);
});

test("continues at its byte what another link began, and starts over another version", async (lane) => {
  const file = new RemoteFile();
  let valid = "/old";
  await using other = FaultServer.start((request) => file.answer(request));
  await using bench = await DownloadBench.start(
    (request) => request.path === valid ? file.answer(request) : new Response("", { status: 403 }),
    { lane },
  );
  // Old link, new link, and a link at another host: each brings a part.
  file.breaks.push(1_200_000);
  assertEquals((await bench.fetch("/old")).type, "retry");
  valid = "/new";
  renewWith(bench, () => ({ type: "url", url: `${bench.server.url}/new?key=2` }));
  file.breaks.push(800_000);
  assertEquals((await bench.fetch("/old", { attempts: 1 })).type, "retry");
  const state = JSON.parse(await Deno.readTextFile(bench.path("file.part-info")));
  assertEquals(state.url, `${bench.server.url}/old`);
  valid = "";
  renewWith(bench, () => ({ type: "url", url: `${other.url}/x` }));
  assertEquals((await bench.fetch("/old", { attempts: 2 })).type, "done");
  assertEquals(bench.read(), file.content());
  assertEquals([...bench.server.requests, ...other.requests].filter(({ headers }) => headers.has("range")).length, 4);
  assert(bench.bytes < 3_000_000 + 300_000, `${bench.bytes}`);
  assertEquals(bench.names(), ["file"]);

  valid = "/old";
  file.breaks.push(1_200_000);
  assertEquals((await bench.fetch("/old", { out: "b" })).type, "retry");
  valid = "";
  file.version = "two";
  assertEquals((await bench.fetch("/old", { out: "b", attempts: 1 })).type, "done");
  assertEquals(bench.read("b"), file.content("two"));
});

test("takes the headers of the task only to the origin of its own url", async (lane) => {
  await using other = FaultServer.start(() => new Response("x"));
  await using bench = await DownloadBench.start(
    ({ path }) => new Response("x", { status: path === "/old" ? 403 : 200 }),
    {
      lane,
    },
  );
  for (const to of [`${bench.server.url}/new`, `${other.url}/new`]) {
    renewWith(bench, () => ({ type: "url", url: to }));
    assertEquals((await bench.fetch("/old", { out: to.slice(-8, -4), headers: { "x-key": "secret" } })).type, "done");
  }
  assertEquals(bench.server.requests.map(({ headers }) => headers.get("x-key")), ["secret", "secret", "secret"]);
  assertEquals(other.requests.map(({ headers }) => headers.get("x-key")), [null]);
});

test("uses the new link once more when it brought the wrong bytes", async (lane) => {
  await using bench = await DownloadBench.start(
    ({ path, nth }) =>
      path === "/old" ? new Response("", { status: 403 }) : new Response(bytesFor(nth === 1 ? "wrong" : "right", 1000)),
    {
      lane,
    },
  );
  const asked = renewWith(bench, () => ({ type: "url", url: `${bench.server.url}/new` }));
  const checksum = `sha-256:${hash("sha256", bytesFor("right", 1000), "hex")}`;
  assertEquals((await bench.fetch("/old", { checksum })).type, "done");
  assertEquals([asked.length, bench.server.hits("/old"), bench.server.hits("/new")], [1, 1, 2]);
});

test("goes back to the list, uncounted, when it is stopped while it waits for the link", async (lane) => {
  await using bench = await DownloadBench.start(() => new Response("", { status: 403 }), { lane });
  bench.context.renewLink = () => Promise.reject(new StoppedError("Stopped"));
  assertEquals(await bench.fetch("/old"), { type: "released", begun: true });
});
