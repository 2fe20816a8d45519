/** Unfinished files are continued where it is certain that they are still the same, and started over where it is not. */
import { assert, assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import type { TaskOutcome } from "../../queue/task_model.ts";
import { RemoteFile, type RemoteFileOptions, YESTERDAY } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const BROKEN_AT = 1_500_000;

/** Every test runs twice: with our own client in front, and with `fetch` alone. */
function test(name: string, run: (lane: boolean) => Promise<void>): void {
  for (const lane of [true, false]) Deno.test(`Attempt ${name}, ${lane ? "lane" : "fetch"}`, () => run(lane));
}

/** A download that breaks in the middle, and the one after it; `between` happens in between. */
async function twice(
  lane: boolean,
  options: RemoteFileOptions,
  between: (file: RemoteFile, bench: DownloadBench) => void,
  check: (seen: { outcome: TaskOutcome; asked: string[]; file: RemoteFile; bench: DownloadBench }) => void,
): Promise<void> {
  const file = new RemoteFile(options);
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  file.breaks.push(BROKEN_AT);
  const first = await bench.fetch("/x");
  assertEquals(first.type, "retry", JSON.stringify(first));
  between(file, bench);
  const outcome = await bench.fetch("/x", { attempts: 1 });
  const asked = bench.server.requests.slice(1).map(({ headers }) =>
    `${headers.get("range") ?? "all"} ${headers.get("if-range") ?? ""}`.trim()
  );
  check({ outcome, asked, file, bench });
  assertEquals(bench.read(), file.content());
  assertEquals(bench.names(), ["file"]);
}

test("continues a broken download at its byte", (lane) =>
  twice(lane, {}, (_, bench) => {
    assertEquals(bench.names(), ["file.part", "file.part-info"]);
  }, ({ outcome, asked, file, bench }) => {
    assert(outcome.type === "done", JSON.stringify(outcome));
    const from = Number(/^bytes=(\d+)- "one"$/.exec(asked.join())?.[1]);
    assert(from > 1_000_000 && from <= BROKEN_AT, asked.join());
    assertEquals(bench.bytes, file.content().length);
    assertEquals([outcome.facts.bytes, outcome.facts.etag], [3_000_000, '"one"']);
  }));

test("starts over when the file has changed, even to one of the same length and date", (lane) =>
  twice(lane, {}, (file) => file.version = "two", ({ outcome, asked }) => {
    assertEquals(outcome.type, "done");
    // The server answers the range with all of the new version.
    assertEquals(asked.length, 1);
    assert(asked[0]?.endsWith('"one"'), asked.join());
  }));

test("starts over when a server answers the range of another version", (lane) =>
  twice(lane, { ifRange: "ignored" }, (file) => file.version = "two", ({ outcome, asked }) => {
    assertEquals(outcome.type, "done");
    assertEquals(asked.at(-1), "all");
  }));

for (
  const [what, lie] of [
    ["begins elsewhere", (headers: Headers) => headers.set("content-range", "bytes 0-2999999/3000000")],
    ["is of another length", (headers: Headers) => headers.set("content-range", "bytes 1500000-3000000/3000001")],
    ["does not reach the end", (headers: Headers) => headers.set("content-range", "bytes 1500000-1500009/3000000")],
    ["makes no sense", (headers: Headers) => headers.set("content-range", "bytes some")],
    ["says nothing", (headers: Headers) => headers.delete("content-range")],
    ["has lost its ETag", (headers: Headers) => headers.delete("etag")],
    ["is encoded", (headers: Headers) => headers.set("content-encoding", "gzip")],
  ] as const
) {
  test(`starts over when the range ${what}`, (lane) =>
    twice(lane, { lie }, () => {}, ({ outcome, asked }) => {
      assertEquals(outcome.type, "done", JSON.stringify(outcome));
      assertEquals(asked.at(-1), "all");
    }));
}

test("starts over when the server knows no ranges", (lane) =>
  twice(lane, { ranges: false }, () => {}, ({ outcome, asked }) => {
    assertEquals(outcome.type, "done");
    // The second question, with the date, is worth it: only the ETag may have been the trouble.
    assertEquals(asked.map((each) => each.replace(/\d+-/, "N-")), ['bytes=N- "one"', `bytes=N- ${YESTERDAY}`]);
  }));

test("asks by the date when a server answers all to an ETag that still holds", (lane) =>
  twice(lane, { ifRange: "date-only" }, () => {}, ({ outcome, asked, bench }) => {
    assertEquals(outcome.type, "done");
    assertEquals(asked.length, 2);
    assert(asked[1]?.endsWith(YESTERDAY), asked.join());
    assert(bench.bytes < 3_000_000 + 1_000_000, `${bench.bytes}`);
  }));

test("continues by the date alone where there is no ETag", (lane) =>
  twice(lane, { etag: () => undefined }, () => {}, ({ outcome, asked }) => {
    assertEquals(outcome.type, "done");
    assert(asked.join().endsWith(YESTERDAY) && asked.length === 1, asked.join());
  }));

for (
  const [what, options] of [
    ["a weak ETag", { etag: (version: string) => `W/"${version}"`, lastModified: undefined }],
    ["no validator", { etag: () => undefined, lastModified: undefined }],
    ["a date that is not yet past", {
      etag: () => undefined,
      lastModified: new Date(Date.now() + 3_600_000).toUTCString(),
    }],
  ] as const
) {
  test(`keeps nothing of a version with ${what}`, (lane) =>
    twice(lane, options, (_, bench) => assertEquals(bench.names(), []), ({ outcome, asked }) => {
      assertEquals([outcome.type, asked], ["done", ["all"]]);
    }));
}

test("keeps nothing of a short file", async (lane) => {
  const file = new RemoteFile({ length: 900_000 });
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  file.breaks.push(500_000);
  assertEquals((await bench.fetch("/x")).type, "retry");
  assertEquals(bench.names(), []);
});

for (
  const [what, change] of [
    ["is torn", (text: string) => text.slice(0, -5)],
    ["is empty", () => ""],
    ["is of another url", (text: string) => text.replace(/\/x"/, '/y"')],
    ["has a weak ETag", (text: string) => text.replace('"\\"one\\""', '"W/\\"one\\""')],
    ["is longer than the file", (text: string) => text.replace('"length":3000000', '"length":1000')],
    ["is of another form", (text: string) => text.replace('"version":1', '"version":2')],
    ["is not of this boot", (text: string) => text.replace("boot-1", "boot-0")],
  ] as const
) {
  test(`does not trust a state that ${what}`, (lane) =>
    twice(lane, {}, (_, bench) => {
      const path = bench.path("file.part-info");
      const text = Deno.readTextFileSync(path);
      const changed = change(text);
      assert(changed !== text);
      Deno.writeTextFileSync(path, changed);
    }, ({ outcome, asked }) => assertEquals([outcome.type, asked], ["done", ["all"]])));
}

test("after another boot goes on from what was certainly on the disk", (lane) =>
  twice(lane, {}, (_, bench) => {
    const path = bench.path("file.part-info");
    const text = Deno.readTextFileSync(path).replace("boot-1", "boot-0").replace('"synced":0', '"synced":1000000');
    Deno.writeTextFileSync(path, text);
    // What was not synced may be anything.
    const part = Deno.readFileSync(bench.path("file.part"));
    part.fill(0, 1_000_000);
    Deno.writeFileSync(bench.path("file.part"), part);
  }, ({ outcome, asked }) => {
    assertEquals(outcome.type, "done");
    assertEquals(asked, ['bytes=1000000- "one"']);
  }));

test("after another boot notes what it wrote as of this one", async (lane) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  const url = `${bench.server.url}/x`;
  const state = { version: 1, url, length: 3_000_000, etag: '"one"', bootId: "boot-0", synced: 500_000 };
  Deno.writeTextFileSync(bench.path("file.part-info"), JSON.stringify(state));
  Deno.writeFileSync(bench.path("file.part"), file.content().subarray(0, 900_000));
  file.breaks.push(1_000_000);
  assertEquals((await bench.fetch("/x")).type, "retry");
  const { bootId, synced } = JSON.parse(Deno.readTextFileSync(bench.path("file.part-info")));
  assertEquals([bootId, synced], ["boot-1", 500_000]);
  assertEquals((await bench.fetch("/x", { attempts: 1 })).type, "done");
  assertEquals(bench.server.requests.map(({ headers }) => headers.get("range")?.replace(/\d{7}/, "N")), [
    "bytes=500000-",
    "bytes=N-",
  ]);
  assertEquals(bench.read(), file.content());
});

/** The state of another process, whose own download may have come between in a folder that was empty when this one began. */
for (const fresh of [false, true]) {
  test(`never takes a state that outlived its bytes for that of other bytes, fresh ${fresh}`, async (lane) => {
    const one = new RemoteFile();
    const nameless = new RemoteFile({ etag: () => undefined, lastModified: undefined });
    nameless.version = "two";
    let current = nameless;
    await using bench = await DownloadBench.start((request) => current.answer(request), { lane });
    bench.context.fresh = fresh;
    // A crash came between the state and the first byte of version one.
    const state = {
      version: 1,
      url: `${bench.server.url}/x`,
      length: 3_000_000,
      etag: '"one"',
      bootId: "boot-1",
      synced: 0,
    };
    Deno.writeTextFileSync(bench.path("file.part-info"), JSON.stringify(state));
    let seen: string[] = [];
    const onBytes = bench.context.onBytes;
    bench.context.onBytes = (count) => {
      onBytes(count);
      seen = bench.names();
    };
    nameless.breaks.push(BROKEN_AT);
    assertEquals((await bench.fetch("/x")).type, "retry");
    // What a kill would have left behind at that moment.
    assertEquals(seen, ["file.part"]);
    current = one;
    assertEquals((await bench.fetch("/x", { attempts: 1 })).type, "done");
    assertEquals(bench.read(), one.content());
  });
}

test("finishes what was left whole, when the server gives its last byte", (lane) =>
  twice(
    lane,
    {},
    (file, bench) => Deno.writeFileSync(bench.path("file.part"), file.content()),
    ({ outcome, asked, bench }) => {
      assert(outcome.type === "done", JSON.stringify(outcome));
      assertEquals(asked, ['bytes=2999999- "one"']);
      assertEquals(outcome.facts.bytes, 3_000_000);
      assert(bench.bytes < 3_000_000, "nothing of it comes again");
    },
  ));

test("starts over when nothing follows, but the file has another length now", async (lane) => {
  const long = new RemoteFile();
  const short = new RemoteFile({ length: 1_200_000, ifRange: "ignored" });
  let current = long;
  await using bench = await DownloadBench.start((request) => current.answer(request), { lane });
  long.breaks.push(BROKEN_AT);
  assertEquals((await bench.fetch("/x")).type, "retry");
  current = short;
  assertEquals((await bench.fetch("/x")).type, "done");
  assertEquals(bench.read(), short.content());
  assertEquals(bench.names(), ["file"]);
});

test("starts over when what was left whole is of another version, or the server gives no last byte of it", async (lane) => {
  const refuse = (headers: HeadersInit) => () => new Response(null, { status: 416, headers });
  const cases: [RemoteFileOptions, refuse?: () => Response][] = [
    [{}],
    [{ ifRange: "ignored" }],
    [{
      ifRange: "ignored",
      etag: () => undefined,
      lie: (headers) => headers.set("last-modified", new Date(0).toUTCString()),
    }],
    [{ ifRange: "ignored", lie: (headers) => headers.set("etag", 'W/"one"') }],
    [{}, refuse({})],
    [{}, refuse({ "content-range": "bytes */1000" })],
    [{}, refuse({ "content-range": "bytes */3000000", etag: '"two"' })],
  ];
  for (const [options, refuses] of cases) {
    const file = new RemoteFile(options);
    await using bench = await DownloadBench.start((request) => {
      return request.headers.has("range") && refuses !== undefined ? refuses() : file.answer(request);
    }, { lane });
    file.breaks.push(BROKEN_AT);
    assertEquals((await bench.fetch("/x")).type, "retry");
    Deno.writeFileSync(bench.path("file.part"), file.content());
    file.version = "two";
    const outcome = await bench.fetch("/x", { attempts: 1 });
    assertEquals(outcome.type, "done", JSON.stringify(outcome));
    assertEquals(bench.read(), file.content("two"));
    assertEquals(bench.server.requests[1]?.headers.get("range"), "bytes=2999999-");
    assertEquals(bench.names(), ["file"]);
  }
});

test("reads what is kept of a file with a checksum only when the rest has come", async (lane) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  const checksum = `sha-256:${hash("sha256", file.content(), "hex")}`;
  file.breaks.push(BROKEN_AT);
  assertEquals((await bench.fetch("/x", { checksum })).type, "retry");
  // Whoever reads it before the answer finds it wrong: it is right only from the first byte of the answer on.
  const kept = bench.read("file.part");
  Deno.writeFileSync(bench.path("file.part"), kept.map((byte) => byte ^ 1));
  const onBytes = bench.context.onBytes;
  bench.context.onBytes = (count) => {
    onBytes(count);
    using part = Deno.openSync(bench.path("file.part"), { write: true });
    part.writeSync(kept);
    bench.context.onBytes = onBytes;
  };
  const outcome = await bench.fetch("/x", { checksum, attempts: 1 });
  assertEquals(outcome.type, "done", JSON.stringify(outcome));
  assertEquals(bench.server.requests.length, 2);
  assertEquals(bench.read(), file.content());
});

test("throws a long start away when the file is small now", async (lane) => {
  let current = new RemoteFile();
  await using bench = await DownloadBench.start((request) => current.answer(request), { lane });
  current.breaks.push(BROKEN_AT);
  assertEquals((await bench.fetch("/x")).type, "retry");
  current = new RemoteFile({ length: 1000, etag: () => '"small"' });
  assertEquals((await bench.fetch("/x")).type, "done");
  assertEquals(bench.read(), current.content());
  assertEquals(bench.names(), ["file"]);
});

test("leaves the start of another writer alone while it is held, and removes its own", async (lane) => {
  const file = new RemoteFile();
  await using frozen = await DownloadBench.start(async (request, server) => {
    if (request.nth === 1) await server.hold(() => thawed);
    return file.answer(request);
  }, { lane });
  let thawed = false;
  const late = frozen.fetch("/x");
  while (frozen.server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  file.version = "two";
  await using quick = frozen.another({ lane });
  assertEquals((await quick.fetch("/x")).type, "done");
  assertEquals(quick.read(), file.content("two"));
  thawed = true;
  // It comes too late with the same url and length: what is there counts.
  assertEquals((await late).type, "done");
  assertEquals(quick.read(), file.content("two"));
  assertEquals(quick.names(), ["file"]);
});

test("continues what another worker began in a folder that was empty before", async (lane) => {
  const file = new RemoteFile();
  await using bench = await DownloadBench.start((request) => file.answer(request), { lane });
  await using other = bench.another({ lane });
  bench.context.fresh = other.context.fresh = true;
  file.breaks.push(BROKEN_AT);
  assertEquals((await bench.fetch("/x")).type, "retry");
  assertEquals((await other.fetch("/x", { attempts: 1 })).type, "done");
  assertEquals(bench.read(), file.content());
  assert(bench.server.requests[1]!.headers.has("range"));
});

test("removes what others left of a small file that they had before, however it came about", async (lane) => {
  await using bench = await DownloadBench.start(() => new Response("small"), { lane });
  for (const left of [["file.part", "file.part-info"], ["file.part"], ["file.part-info"]]) {
    for (const name of left) await Deno.writeTextFile(`${bench.root}/${name}`, "left of a larger version");
    assertEquals((await bench.fetch("/x", { begun: true })).type, "done");
    assertEquals(bench.names(), ["file"]);
    // It is there now, and nobody is asked.
    for (const name of left) await Deno.writeTextFile(`${bench.root}/${name}`, "left");
    assertEquals((await bench.fetch("/x", { begun: true })).type, "done");
    assertEquals(bench.names(), ["file"]);
    await Deno.remove(`${bench.root}/file`);
  }
});
