/** Names that the answer gives: where the file goes, what was there before, and what servers may not do. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { StoppedError } from "../../download/download_error.ts";
import { fallbackOut } from "../../download/task_names.ts";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { bytesFor, type FaultRequest } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const SMALL = 100;
const LARGE = 3_000_000;

/** A task as it is before an answer has named its file. */
const OPEN = { out: "get", named: false };
const DISPOSITION = { "content-disposition": 'attachment; filename="report.pdf"' };

/** Every test runs twice: with our own client in front, and with `fetch` alone. */
function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`Attempt ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

function assertDone(outcome: TaskOutcome): void {
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
}

/** The paths of the manifest, oldest first. */
function manifestOuts(bench: DownloadBench): string[] {
  const folder = bench.path(".corehaul/manifest");
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => Deno.readTextFileSync(`${folder}/${name}`).split("\n"))
    .filter((line) => line !== "").map((line) => JSON.parse(line).out);
}

/** A server with one file, called `report.pdf`. */
function named(file: RemoteFile): (request: FaultRequest) => Response {
  return (request) => file.answer(request);
}

for (const length of [SMALL, LARGE]) {
  test(`calls a file of ${length} bytes as its Content-Disposition says, in one request`, async (lane) => {
    const file = new RemoteFile({ length, headers: DISPOSITION });
    await using bench = await DownloadBench.start(named(file), { lane });
    assertDone(await bench.fetch("/get", OPEN));
    assertEquals(bench.names(), ["report.pdf"]);
    assertEquals(bench.read("report.pdf"), file.content());
    assertEquals(manifestOuts(bench), ["report.pdf"]);
    assertEquals(bench.server.requests.length, 1);
    assertEquals(bench.asked, [["report.pdf", fallbackOut("report.pdf", `${bench.server.url}/get`)]]);
  });
}

test("calls a file as the url says that redirects lead to, unless its Content-Disposition does", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => {
    if (path === "/get") return new Response(null, { status: 302, headers: { location: "/v2/the%20tool.zip?x=1" } });
    if (path === "/both") return new Response(null, { status: 301, headers: { location: "/given" } });
    return new Response(bytesFor("x", SMALL), { headers: path === "/given" ? DISPOSITION : {} });
  }, { lane });
  assertDone(await bench.fetch("/get", { ...OPEN, id: "one" }));
  assertDone(await bench.fetch("/both", { ...OPEN, id: "two", out: "both" }));
  assertEquals(bench.names(), ["report.pdf", "the tool.zip"]);
});

test("asks nobody where the answer gives the name that the file has, or none", async (lane) => {
  const fields: Record<string, string> = {
    "/a.txt": "attachment; filename=a.txt",
    "/b.txt": "attachment",
    "/c.txt": "attachment; filename*=UTF-8''%ff",
    "/d.txt": 'inline; filename=".."',
  };
  const moved: Record<string, string> = { "/e.txt": "/sub/e.txt?token=1", "/f.txt": "/folder/" };
  await using bench = await DownloadBench.start(({ path }) => {
    const location = moved[path];
    if (location !== undefined) return new Response(null, { status: 302, headers: { location } });
    const field = fields[path];
    return new Response(bytesFor("x", SMALL), field === undefined ? {} : { headers: { "content-disposition": field } });
  }, { lane });
  const names = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "f.txt"];
  for (const out of names) assertDone(await bench.fetch(`/${out}`, { out, named: false }));
  // The other name of the same name, which the list has given already.
  const other = fallbackOut("a.txt", `${bench.server.url}/a.txt`);
  assertDone(await bench.fetch("/a.txt", { out: other, named: false }));
  assertEquals(bench.names(), [...names, other].sort());
  assertEquals(bench.asked, []);
});

test("leaves a name alone that the user chose, whatever the server says", async (lane) => {
  await using bench = await DownloadBench.start(
    ({ path }) =>
      path === "/get"
        ? new Response(null, { status: 302, headers: { location: "/other.zip" } })
        : new Response(bytesFor("x", SMALL), { headers: DISPOSITION }),
    { lane },
  );
  assertDone(await bench.fetch("/get", { out: "get", named: true }));
  assertEquals([bench.names(), bench.asked], [["get"], []]);
});

test("takes the other name where the first is another task's", async (lane) => {
  const file = new RemoteFile({ length: SMALL, headers: DISPOSITION });
  await using bench = await DownloadBench.start(named(file), { lane });
  const other = fallbackOut("report.pdf", `${bench.server.url}/2`);
  assertDone(await bench.fetch("/1", { ...OPEN, id: "one" }));
  bench.context.fresh = true;
  assertDone(await bench.fetch("/2", { ...OPEN, id: "two" }));
  assertEquals(bench.names(), [other, "report.pdf"].sort());
});

test("lets the urls of mirrors name nothing, but their Content-Disposition", async (lane) => {
  await using bench = await DownloadBench.start(({ path }) => {
    if (path === "/get") return new Response("no", { status: 404 });
    if (path === "/hop") return new Response(null, { status: 302, headers: { location: "/else.bin" } });
    return new Response(bytesFor("x", SMALL), { headers: path === "/named" ? DISPOSITION : {} });
  }, { lane });
  const { url } = bench.server;
  assertDone(await bench.fetch("/get", { ...OPEN, id: "one", mirrors: [`${url}/m1.bin`] }));
  assertDone(await bench.fetch("/get", { out: "second", named: false, id: "two", mirrors: [`${url}/hop`] }));
  assertDone(await bench.fetch("/get", { out: "third", named: false, id: "three", mirrors: [`${url}/named`] }));
  assertEquals(bench.names(), ["get", "report.pdf", "second"]);
});

test("continues under the learned name, with the task that has it or with one that has yet to learn it", async (lane) => {
  for (const knows of [true, false]) {
    const file = new RemoteFile({ headers: DISPOSITION });
    await using bench = await DownloadBench.start(named(file), { lane });
    file.breaks.push(1_500_000);
    assertEquals((await bench.fetch("/get", OPEN)).type, "retry");
    assertEquals(bench.names(), ["report.pdf.part", "report.pdf.part-info"]);
    await using other = bench.another({ lane });
    assertDone(await other.fetch("/get", knows ? { out: "report.pdf", named: true } : OPEN));
    assertEquals(other.names(), ["report.pdf"]);
    assertEquals(other.read("report.pdf"), file.content());
    const asked = bench.server.requests.slice(1).map(({ headers }) => headers.get("range") ?? "all");
    // The name must be asked for first, where it is not known.
    assertEquals(asked.length, knows ? 1 : 2, asked.join());
    assertMatch(asked.at(-1)!, /^bytes=1\d{6}-$/);
    assert(knows || asked[0] === "all");
    assertEquals(other.asked.length, knows ? 0 : 1);
  }
});

test("keeps the name of what is continued, even if the server has another one now", async (lane) => {
  const headers: Record<string, string> = {};
  const file = new RemoteFile({ headers });
  await using bench = await DownloadBench.start(named(file), { lane });
  file.breaks.push(1_500_000);
  assertEquals((await bench.fetch("/get", OPEN)).type, "retry");
  assertEquals(bench.names(), ["get.part", "get.part-info"]);
  headers["content-disposition"] = DISPOSITION["content-disposition"];
  assertDone(await bench.fetch("/get", { ...OPEN, attempts: 1 }));
  assertEquals([bench.names(), bench.asked], [["get"], []]);
  assertEquals(bench.read("get"), file.content());
});

test("throws away what was left under the old name when it starts over under another", async (lane) => {
  const headers: Record<string, string> = {};
  const file = new RemoteFile({ headers });
  await using bench = await DownloadBench.start(named(file), { lane });
  file.breaks.push(1_500_000);
  assertEquals((await bench.fetch("/get", OPEN)).type, "retry");
  headers["content-disposition"] = DISPOSITION["content-disposition"];
  file.version = "two";
  assertDone(await bench.fetch("/get", { ...OPEN, attempts: 1 }));
  assertEquals(bench.names(), ["report.pdf"]);
  assertEquals(bench.read("report.pdf"), file.content("two"));
});

for (const length of [SMALL, LARGE]) {
  test(`takes a finished file of ${length} bytes for done that the manifest knows by its learned name`, async (lane) => {
    const file = new RemoteFile({ length, headers: DISPOSITION });
    await using bench = await DownloadBench.start(named(file), { lane });
    assertDone(await bench.fetch("/get", OPEN));
    const { ino } = Deno.statSync(bench.path("report.pdf"));
    await using later = bench.another({ lane });
    const again = await later.fetch("/get", OPEN);
    assert(again.type === "done", JSON.stringify(again));
    assertEquals(again.facts.bytes, length);
    assertEquals([later.bytes, later.names()], [0, ["report.pdf"]]);
    assertEquals(Deno.statSync(bench.path("report.pdf")).ino, ino);
    // One more question, for the name.
    assertEquals(bench.server.requests.length, 2);
  });
}

test("gives the same list the same names again, whoever is first", async (lane) => {
  const content = (path: string) => bytesFor(path, SMALL);
  await using bench = await DownloadBench.start(({ path }) => new Response(content(path), { headers: DISPOSITION }), {
    lane,
  });
  const other = fallbackOut("report.pdf", `${bench.server.url}/2`);
  const state = () => bench.names().map((name) => [name, Deno.statSync(bench.path(name)).ino]);
  for (const path of ["/1", "/2"]) assertDone(await bench.fetch(path, { ...OPEN, id: path }));
  assertEquals(bench.names(), [other, "report.pdf"].sort());
  assertEquals(bench.read("report.pdf"), content("/1"));
  const before = state();
  await using later = bench.another({ lane });
  for (const path of ["/2", "/1"]) assertDone(await later.fetch(path, { ...OPEN, id: path }));
  assertEquals([later.bytes, state()], [0, before]);
  // And where the second had not even begun.
  Deno.removeSync(bench.path(other));
  await using third = bench.another({ lane });
  for (const path of ["/2", "/1"]) assertDone(await third.fetch(path, { ...OPEN, id: path }));
  assertEquals([third.bytes, bench.names()], [SMALL, [other, "report.pdf"].sort()]);
  assertEquals(bench.read(other), content("/2"));
});

test("leaves to another url what that has begun under the name", async (lane) => {
  const files = new Map(["/1", "/2"].map((path) => [path, new RemoteFile({ headers: DISPOSITION })]));
  await using bench = await DownloadBench.start((request) => files.get(request.path)!.answer(request), { lane });
  files.get("/1")!.breaks.push(1_500_000);
  assertEquals((await bench.fetch("/1", { ...OPEN, id: "/1" })).type, "retry");
  await using later = bench.another({ lane });
  for (const path of ["/2", "/1"]) assertDone(await later.fetch(path, { ...OPEN, id: path }));
  const other = fallbackOut("report.pdf", `${bench.server.url}/2`);
  assertEquals(later.names(), [other, "report.pdf"].sort());
  assertMatch(bench.server.requests.at(-1)!.headers.get("range") ?? "all", /^bytes=1\d{6}-$/);
});

test("replaces nobody's file: it fails naming it, and takes its bytes nowhere", async (lane) => {
  for (const length of [SMALL, LARGE]) {
    const file = new RemoteFile({ length, headers: DISPOSITION });
    await using bench = await DownloadBench.start(named(file), { lane });
    Deno.writeTextFileSync(bench.path("report.pdf"), "mine");
    // With --overwrite neither: a server would choose among all that is in the folder.
    for (const overwrite of ["never", "changed", "always"] as const) {
      bench.context.overwrite = overwrite;
      const outcome = await bench.fetch("/get", OPEN);
      assert(outcome.type === "failed", JSON.stringify(outcome));
      assertMatch(outcome.error.message, /report\.pdf: a file that Corehaul did not write is there already/);
      assertEquals([bench.names(), Deno.readTextFileSync(bench.path("report.pdf"))], [["report.pdf"], "mine"]);
    }
    // Nor does the task have the name then, by which it could be asked for once more.
    assertEquals(bench.asked, []);
    Deno.removeSync(bench.path("report.pdf"));
    Deno.symlinkSync(bench.path("nowhere"), bench.path("report.pdf"));
    assertEquals((await bench.fetch("/get", OPEN)).type, "failed");
    assertEquals(bench.names(), ["report.pdf"]);
  }
});

test("lets nothing under the preliminary name stand in its way, unless it stays", async (lane) => {
  const headers: Record<string, string> = { ...DISPOSITION };
  const file = new RemoteFile({ length: SMALL, headers });
  await using bench = await DownloadBench.start(named(file), { lane });
  Deno.writeTextFileSync(bench.path("get"), "mine");
  assertDone(await bench.fetch("/get", OPEN));
  assertEquals(bench.names(), ["get", "report.pdf"]);
  delete headers["content-disposition"];
  const outcome = await bench.fetch("/get", { ...OPEN, id: "two" });
  assert(outcome.type === "failed", JSON.stringify(outcome));
  assertMatch(outcome.error.message, /get: a file that Corehaul did not write/);
  assertEquals(Deno.readTextFileSync(bench.path("get")), "mine");
});

test("keeps to --overwrite under the learned name", async (lane) => {
  const file = new RemoteFile({ length: SMALL, headers: DISPOSITION });
  await using bench = await DownloadBench.start((request) => {
    const same = request.headers.get("if-none-match") === `"${file.version}"`;
    return same ? new Response(null, { status: 304 }) : file.answer(request);
  }, { lane });
  assertDone(await bench.fetch("/get", OPEN));
  for (
    const [overwrite, version, bytes] of [["changed", "one", 0], ["changed", "two", SMALL], [
      "always",
      "two",
      SMALL,
    ]] as const
  ) {
    file.version = version;
    await using later = bench.another({ lane });
    later.context.overwrite = overwrite;
    assertDone(await later.fetch("/get", OPEN));
    assertEquals([later.bytes, later.names()], [bytes, ["report.pdf"]], `${overwrite} ${version}`);
    assertEquals(later.read("report.pdf"), file.content());
  }
  // What another url has left is not its to replace.
  await using later = bench.another({ lane });
  later.context.overwrite = "always";
  assertDone(await later.fetch("/else", OPEN));
  assertEquals(later.names(), [fallbackOut("report.pdf", `${bench.server.url}/else`), "report.pdf"].sort());
});

test("checks the type of a file by the name that it gets", async (lane) => {
  await using bench = await DownloadBench.start(() =>
    new Response("<!doctype html><title>sorry</title>", {
      headers: { "content-type": "text/html", "content-disposition": "attachment; filename=a.png" },
    }), { lane, expectType: "auto" });
  const outcome = await bench.fetch("/get", OPEN);
  assert(outcome.type === "failed" && outcome.error.kind === "integrity", JSON.stringify(outcome));
  assertEquals(bench.names(), []);
});

test("writes nothing while the list has not answered, and nothing if the claim is lost", async (lane) => {
  for (const length of [SMALL, LARGE]) {
    const file = new RemoteFile({ length, headers: DISPOSITION });
    await using bench = await DownloadBench.start(named(file), { lane });
    const asked = Promise.withResolvers<void>();
    bench.context.rename = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const running = bench.fetch("/get", OPEN);
    await asked.promise;
    assertEquals(bench.names(), []);
    bench.context.watchdog.abortAll(new StoppedError("Stopped"));
    assertEquals(await running, { type: "released", begun: true });
    bench.context.rename = () => Promise.reject(new StoppedError("The claim is lost"));
    assertEquals(await bench.fetch("/get", OPEN), { type: "released", begun: true });
    assertEquals([bench.names(), bench.bytes], [[], 0]);
  }
});

test("replaces nobody's file under the other name of a task either, whatever --overwrite says", async (lane) => {
  for (const length of [SMALL, LARGE]) {
    const file = new RemoteFile({ length, headers: DISPOSITION });
    await using bench = await DownloadBench.start(named(file), { lane });
    assertDone(await bench.fetch("/another", { out: "report.pdf" }));
    const other = fallbackOut("report.pdf", `${bench.server.url}/get`);
    Deno.writeTextFileSync(bench.path(other), "mine");
    for (const overwrite of ["never", "changed", "always"] as const) {
      bench.context.overwrite = overwrite;
      const outcome = await bench.fetch("/get", OPEN);
      assert(outcome.type === "failed", JSON.stringify(outcome));
      assertEquals(Deno.readTextFileSync(bench.path(other)), "mine");
      assertEquals(bench.names(), [other, "report.pdf"].sort());
    }
  }
});
