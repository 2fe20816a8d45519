/** Asking again for what is done already. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hash } from "node:crypto";
import { Manifest } from "../../download/manifest.ts";
import type { TaskDoneFacts } from "../../queue/task_model.ts";
import { bytesFor, type FaultRequest, FaultServer } from "../support/fault_server.ts";
import { RemoteFile, YESTERDAY } from "../support/remote_file.ts";
import { DownloadBench } from "./download_bench.ts";

const SIZES = [100, 2_000_000];

type Run = (lane: boolean, length: number) => Promise<void>;

function test(name: string, run: Run): void {
  for (const lane of [true, false]) {
    for (const length of SIZES) {
      Deno.test(`Attempt with refresh ${name}, ${length} bytes over ${lane ? "lane" : "fetch"}`, () =>
        run(lane, length));
    }
  }
}

/** A server that knows conditions. */
function conditional(file: RemoteFile): (request: Pick<FaultRequest, "headers">) => Response {
  return (request) => {
    // A look at what it would say breaks nothing.
    const breaks = file.breaks.splice(0);
    const whole = file.answer({ headers: new Headers() });
    file.breaks.push(...breaks);
    const tag = request.headers.get("if-none-match");
    const date = request.headers.get("if-modified-since");
    const same = tag === null
      ? date !== null && date === whole.headers.get("last-modified")
      : tag === whole.headers.get("etag");
    if (!same) return file.answer(request);
    whole.body?.cancel();
    return new Response(null, { status: 304 });
  };
}

async function start(
  lane: boolean,
  handler: (request: FaultRequest) => Response | Promise<Response>,
): Promise<DownloadBench> {
  const bench = await DownloadBench.start(handler, { lane });
  bench.context.refresh = true;
  return bench;
}

const conditions = (server: FaultServer) =>
  server.requests.map(({ headers }) => [headers.get("if-none-match"), headers.get("if-modified-since")]);

test("leaves an unchanged file untouched, and says so", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await start(lane, conditional(file));
  const first = await bench.fetch("/x");
  const before = Deno.statSync(bench.path("file"));
  const again = await bench.fetch("/x");
  assert(first.type === "done" && again.type === "done", JSON.stringify(again));
  assertEquals([first.unchanged, again.unchanged], [undefined, true]);
  assertEquals(again.facts, first.facts);
  const after = Deno.statSync(bench.path("file"));
  assertEquals([after.ino, after.mtime], [before.ino, before.mtime]);
  assertEquals(conditions(bench.server), [[null, null], ['"one"', YESTERDAY]]);
  assertEquals(bench.names(), ["file"]);
});

test("puts another version in the place of the old one, and asks by that next time", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await start(lane, conditional(file));
  for (const version of ["one", "two", "two", "three"]) {
    file.version = version;
    const outcome = await bench.fetch("/x");
    assert(outcome.type === "done" && outcome.facts.etag === `"${version}"`, JSON.stringify(outcome));
    assertEquals(bench.read(), file.content());
  }
  assertEquals(conditions(bench.server).map(([tag]) => tag), [null, '"one"', '"two"', '"two"']);
  assertEquals(bench.names(), ["file"]);
});

test("takes a 200 with the same strong ETag for unchanged, and no other", async (lane, length) => {
  for (const [etag, unchanged] of [['"same"', true], ['W/"same"', undefined], [undefined, undefined]] as const) {
    const file = new RemoteFile({ length, etag: () => etag, lastModified: undefined });
    await using bench = await start(lane, (request) => file.answer(request));
    assertEquals((await bench.fetch("/x")).type, "done");
    file.version = "two";
    const again = await bench.fetch("/x");
    assert(again.type === "done" && again.unchanged === unchanged, JSON.stringify(again));
    assertEquals(bench.read(), file.content(unchanged === true ? "one" : "two"));
    assertEquals(bench.server.requests.length, 2);
  }
});

test("leaves the old file where it is until the new one is whole and right", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await start(lane, conditional(file));
  assertEquals((await bench.fetch("/x")).type, "done");
  const inode = Deno.statSync(bench.path("file")).ino;
  file.version = "two";
  file.breaks.push(Math.floor(length / 2));
  const broken = await bench.fetch("/x");
  assert(broken.type === "retry", JSON.stringify(broken));
  assertStringIncludes(broken.error.message, "the file that is there stays");
  const wrong = await bench.fetch("/x", { checksum: `md5:${"0".repeat(32)}` });
  assert(wrong.type === "failed" && wrong.error.kind === "integrity", JSON.stringify(wrong));
  assertEquals([bench.read(), Deno.statSync(bench.path("file")).ino], [file.content("one"), inode]);
  assertEquals((await bench.fetch("/x")).type, "done");
  assertEquals(bench.read(), file.content("two"));
  assertEquals(bench.names(), ["file"]);
});

test("says of an answer that fails that the old file stays", async (lane, length) => {
  await using bench = await start(
    lane,
    ({ nth }) => nth === 1 ? new Response(bytesFor("x", length)) : new Response("", { status: nth === 2 ? 404 : 500 }),
  );
  assertEquals((await bench.fetch("/x")).type, "done");
  const gone = await bench.fetch("/x");
  assert(gone.type === "failed" && gone.error.status === 404);
  assertStringIncludes(gone.error.message, "HTTP status 404; the file that is there stays");
  assertEquals((await bench.fetch("/x")).type, "retry");
  assertEquals(bench.read(), bytesFor("x", length));
});

test("fetches a file that was deleted, all of it", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await start(lane, conditional(file));
  const first = await bench.fetch("/x");
  assert(first.type === "done");
  Deno.removeSync(bench.path("file"));
  const again = await bench.fetch("/x", { facts: first.facts });
  assert(again.type === "done" && again.unchanged === undefined);
  assertEquals(bench.read(), file.content());
  assertEquals(conditions(bench.server), [[null, null], [null, null]]);
});

test("leaves a file of somebody else alone, or does with it what --overwrite says", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await start(lane, conditional(file));
  const foreign = bytesFor("foreign", 10);
  Deno.writeFileSync(bench.path("file"), foreign);
  const refused = await bench.fetch("/x");
  assert(refused.type === "failed" && refused.error.kind === "disk", JSON.stringify(refused));
  assertEquals([bench.read(), bench.server.requests.length], [foreign, 0]);
  for (const overwrite of ["changed", "always"] as const) {
    bench.context.overwrite = overwrite;
    Deno.writeFileSync(bench.path("file"), foreign);
    const outcome = await bench.fetch("/x");
    assert(outcome.type === "done" && outcome.unchanged === undefined, JSON.stringify(outcome));
    assertEquals(bench.read(), file.content());
  }
  // What is known is asked for with "changed" and fetched with "always".
  bench.context.overwrite = "changed";
  const same = await bench.fetch("/x");
  assert(same.type === "done" && same.unchanged === true);
  bench.context.overwrite = "always";
  const fetched = await bench.fetch("/x");
  assert(fetched.type === "done" && fetched.unchanged === undefined);
});

test("believes the list enough to ask, but replaces only what the manifest knows", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await start(lane, conditional(file));
  const facts: TaskDoneFacts = { bytes: length, finalUrl: `${bench.server.url}/x`, etag: '"one"' };
  Deno.writeFileSync(bench.path("file"), file.content());
  const same = await bench.fetch("/x", { facts });
  assert(same.type === "done" && same.unchanged === true, JSON.stringify(same));
  assertEquals(conditions(bench.server), [['"one"', null]]);
  file.version = "two";
  const changed = await bench.fetch("/x", { facts });
  assert(changed.type === "failed" && changed.error.kind === "disk", JSON.stringify(changed));
  assertEquals(bench.read(), file.content("one"));
  // Of another size, it is certainly another file.
  const other = await bench.fetch("/x", { facts: { ...facts, bytes: length + 1 } });
  assertEquals([other.type, bench.server.requests.length], ["failed", 2]);
  assertEquals(bench.names(), ["file"]);
});

test("asks by condition for a file with a checksum only if the task was done with it", async (lane, length) => {
  const file = new RemoteFile({ length });
  await using bench = await start(lane, conditional(file));
  const checksum = `sha-256:${hash("sha256", file.content(), "hex")}`;
  const first = await bench.fetch("/x");
  assert(first.type === "done");
  const checked = await bench.fetch("/x", { checksum });
  assert(checked.type === "done" && checked.unchanged === undefined);
  const again = await bench.fetch("/x", { checksum, facts: checked.facts });
  assert(again.type === "done" && again.unchanged === true, JSON.stringify(again));
  assertEquals(conditions(bench.server).map(([tag]) => tag), [null, null, '"one"']);
});

test("asks a mirror by condition only if it brought the file", async (lane, length) => {
  const other = new RemoteFile({ length, etag: () => '"one"' });
  other.version = "other";
  await using mirror = FaultServer.start(conditional(other));
  const file = new RemoteFile({ length });
  let down = false;
  await using bench = await start(
    lane,
    (request) => down ? new Response("", { status: 404 }) : conditional(file)(request),
  );
  const mirrors = [`${mirror.url}/x`];
  assertEquals((await bench.fetch("/x", { mirrors })).type, "done");
  down = true;
  // The same ETag on another server says nothing.
  const moved = await bench.fetch("/x", { mirrors });
  assert(moved.type === "done" && moved.unchanged === undefined, JSON.stringify(moved));
  assertEquals(bench.read(), other.content());
  down = false;
  bench.context.mirrors.worked(`${bench.server.url}/x`);
  const same = await bench.fetch("/x", { mirrors });
  assert(same.type === "done" && same.unchanged === undefined, JSON.stringify(same));
  assertEquals(bench.read(), file.content());
  assertEquals(conditions(mirror).map(([tag]) => tag), [null]);
  assertEquals(conditions(bench.server).map(([tag]) => tag), [null, '"one"', null]);
});

for (const lane of [true, false]) {
  Deno.test(`Attempt with refresh goes on with a new version that was broken off, ${lane}`, async () => {
    const file = new RemoteFile({ length: 3_000_000 });
    await using bench = await start(lane, conditional(file));
    assertEquals((await bench.fetch("/x")).type, "done");
    file.version = "two";
    file.breaks.push(2_000_000);
    assertEquals((await bench.fetch("/x")).type, "retry");
    const { bytes } = bench;
    assertEquals((await bench.fetch("/x", { attempts: 1 })).type, "done");
    assertEquals(bench.read(), file.content("two"));
    assert(bench.bytes - bytes < 2_000_000, `${bench.bytes - bytes} bytes came`);
    // A version that is taken back leaves nothing of its beginning.
    file.version = "three";
    file.breaks.push(2_000_000);
    assertEquals((await bench.fetch("/x")).type, "retry");
    assertEquals(bench.names(), ["file", "file.part", "file.part-info"]);
    file.version = "two";
    const back = await bench.fetch("/x", { attempts: 1 });
    assert(back.type === "done" && back.unchanged === true, JSON.stringify(back));
    assertEquals([bench.names(), bench.read()], [["file"], file.content("two")]);
  });
}

test("leaves a file alone that somebody puts in the place of the old one meanwhile", async (lane, length) => {
  const file = new RemoteFile({ length });
  let arrive = () => {};
  await using bench = await start(lane, (request) => {
    arrive();
    return conditional(file)(request);
  });
  assertEquals((await bench.fetch("/x")).type, "done");
  file.version = "two";
  // Of the same size as the old one, which only its inode and its time tell apart from it.
  const mine = bytesFor("mine", length);
  arrive = () => {
    Deno.writeFileSync(bench.path("mine"), mine);
    Deno.renameSync(bench.path("mine"), bench.path("file"));
  };
  const outcome = await bench.fetch("/x");
  assert(outcome.type === "failed" && outcome.error.kind === "disk", JSON.stringify(outcome));
  assertEquals([bench.read(), bench.names()], [mine, ["file"]]);
  // What was taken back does not vouch for it, neither here nor for another process.
  using manifest = new Manifest(bench.root, "reader");
  const { ino } = Deno.statSync(bench.path("file"));
  const line = await manifest.find(`${bench.server.url}/x`, "file", length, ino ?? 0);
  assertEquals(line?.etag, '"one"');
});

test("finds the file done that another writer has replaced meanwhile", async (lane, length) => {
  const file = new RemoteFile({ length });
  let meanwhile: (() => Promise<unknown>) | undefined;
  await using bench = await start(lane, async (request) => {
    const run = meanwhile;
    meanwhile = undefined;
    await run?.();
    return conditional(file)(request);
  });
  await using other = bench.another({ lane });
  other.context.refresh = true;
  assertEquals((await bench.fetch("/x")).type, "done");
  file.version = "two";
  let first: unknown;
  meanwhile = async () => first = (await other.fetch("/x")).type;
  const second = await bench.fetch("/x");
  assertEquals([first, second.type], ["done", "done"], JSON.stringify(second));
  assertEquals([bench.read(), bench.names()], [file.content("two"), ["file"]]);
});
