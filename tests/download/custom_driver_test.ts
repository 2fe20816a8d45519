import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { DataDriver } from "../../download/protocols/data_driver.ts";
import { FileDriver } from "../../download/protocols/file_driver.ts";
import { LazyDriver } from "../../download/protocols/lazy_driver.ts";
import { startCustomDriver, type TestedDriver } from "../support/custom_driver.ts";
import { drive, request } from "../support/drive.ts";
import { TempDir } from "../support/temp_dir.ts";
import { toFileUrl } from "@std/path";

/** The driver in a module with this text. */
async function load(text: string): Promise<TestedDriver> {
  await using home = await TempDir.create();
  await home.write("driver.ts", text);
  return await startCustomDriver(toFileUrl(home.join("driver.ts")).href);
}

async function failure(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

/** What a driver says while it works, and what it is told. */
class Events implements Disposable {
  readonly name = crypto.randomUUID();
  readonly #channel = new BroadcastChannel(this.name);
  readonly #said = new Map<string, PromiseWithResolvers<void>>();

  constructor() {
    this.#channel.onmessage = ({ data }) => this.#of(data).resolve();
  }

  seen(what: string): Promise<void> {
    return this.#of(what).promise;
  }

  post(what: string): void {
    this.#channel.postMessage(what);
  }

  #of(what: string): PromiseWithResolvers<void> {
    const known = this.#said.get(what) ?? Promise.withResolvers<void>();
    this.#said.set(what, known);
    return known;
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a driver of the user is asked for a file, for the rest of one, and for its version", async () => {
  await using driver = await load(`
    export default () => ({
      open({ url, offset, ifVersion, headers }) {
        const all = new TextEncoder().encode(url + " " + (headers["x-say"] ?? "") + ("x-none" in headers ? "?" : ""));
        const same = ifVersion === '"1"';
        const from = same ? offset : 0;
        return {
          body: ReadableStream.from([all.subarray(from)]), offset: from, length: all.length, etag: '"1"', filename: "ä.txt",
        };
      },
    });`);
  const whole = await drive(driver, "mem://x/a", { headers: { "x-say": "hey", "x-none": "" } });
  assertEquals([text(whole.bytes), whole.response.length, whole.response.etag], ["mem://x/a hey", 13, '"1"']);
  assertEquals(whole.response.disposition, "attachment; filename*=UTF-8''%C3%A4.txt");
  const rest = await drive(driver, "mem://x/a", { range: { from: 4, ifRange: '"1"' } });
  assertEquals([rest.response.offset, text(rest.bytes)], [4, "//x/a "]);
  const other = await drive(driver, "mem://x/a", { range: { from: 4, ifRange: '"2"' } });
  assertEquals([other.response.offset, text(other.bytes)], [0, "mem://x/a "]);
  // A part with an end is answered with all of it: the core then knows that there are no parts.
  const part = await drive(driver, "mem://x/a", { range: { from: 4, to: 6, ifRange: '"1"' } });
  assertEquals([part.response.offset, part.response.end], [0, undefined]);
});

Deno.test("what a driver of the user throws is of the kind that it says", async () => {
  await using driver = await load(`
    export default { open({ url }) { throw Object.assign(new Error("said " + url), JSON.parse(decodeURIComponent(url.slice(4)))); } };`);
  const said = async (what: object) => {
    const error = await failure(drive(driver, `mem:${encodeURIComponent(JSON.stringify(what))}`));
    assertMatch(error.message, /^said mem:/);
    return [error.kind, error.retryable];
  };
  assertEquals(await said({}), ["network", true]);
  assertEquals(await said({ kind: "not-found" }), ["not-found", false]);
  assertEquals(await said({ kind: "auth", retryable: true }), ["auth", true]);
  assertEquals(await said({ kind: "timeout" }), ["timeout", true]);
  assertEquals(await said({ kind: "internal" }), ["network", true]);
  assertEquals(await said({ kind: "__proto__" }), ["network", true]);
});

Deno.test("a driver of the user that does what it must not fails the attempt", async () => {
  await using odd = await load(`
    export default { open({ url }) {
      if (url.endsWith("offset")) return { body: [], offset: 7 };
      if (url.endsWith("strings")) return { body: ReadableStream.from(["text"]) };
      return undefined;
    } };`);
  assertEquals((await failure(drive(odd, "mem://x/offset"))).kind, "protocol");
  assertMatch((await failure(drive(odd, "mem://x/strings"))).message, /no Uint8Array/);
  await assertRejects(() => drive(odd, "mem://x/nothing"));
  const unloaded = await failure(load("export const open = 1;"));
  assertEquals([unloaded.kind, unloaded.message], [
    "unsupported",
    "Cannot load the driver of mem: urls as its default export has no open()",
  ]);
  assertMatch(
    (await failure(load("throw new Error('broken');"))).message,
    /^Cannot load the driver of mem: urls: broken$/,
  );
  assertMatch((await failure(startCustomDriver("file:///none.ts"))).message, /^Cannot load the driver/);
});

Deno.test("a driver of the user is told when a file is not wanted any more, and at the end", async () => {
  await using home = await TempDir.create();
  const said = home.join("seen.json");
  const driver = await load(`
    const seen = [];
    export default {
      open({ signal }) {
        signal.addEventListener("abort", () => seen.push("aborted"));
        return { body: new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(10)); }, cancel() { seen.push("canceled"); } }) };
      },
      close() { Deno.writeTextFileSync(${JSON.stringify(said)}, JSON.stringify([...seen, "closed"])); },
    };`);
  (await driver.open(request("mem://x/1")))[Symbol.dispose]();
  const controller = new AbortController();
  using response = await driver.open(request("mem://x/2", { signal: controller.signal }));
  const gone = new Error("gone");
  await assertRejects(
    () =>
      response.read(() => {
        controller.abort(gone);
        return undefined;
      }),
    Error,
    "gone",
  );
  await driver[Symbol.asyncDispose]();
  assertEquals(JSON.parse(await Deno.readTextFile(said)), ["canceled", "aborted", "canceled", "closed"]);
});

Deno.test("a driver of the user that never answers ends with the signal, and what comes too late is let go", async () => {
  using events = new Events();
  await using driver = await load(`
    const channel = new BroadcastChannel(${JSON.stringify(events.name)});
    const say = (what) => channel.postMessage(what);
    const late = new Promise((resolve) => channel.onmessage = resolve);
    const stream = (name) => new ReadableStream({
      pull() { say("begun " + name); return new Promise(() => {}); },
      cancel() { say("canceled " + name); },
    }, { highWaterMark: 0 });
    export default {
      open({ url }) {
        if (url === "mem:stream") return { body: stream("stream") };
        if (url === "mem:pieces") {
          return { body: (async function* () { say("begun pieces"); await new Promise(() => {}); })() };
        }
        say("begun open");
        return late.then(() => ({ body: stream("open") }));
      },
    };`);
  for (const name of ["open", "stream", "pieces"]) {
    const controller = new AbortController();
    const driving = drive(driver, `mem:${name}`, { signal: controller.signal });
    driving.catch(() => {});
    await events.seen(`begun ${name}`);
    controller.abort(new Error(`enough of ${name}`));
    await assertRejects(() => driving, Error, `enough of ${name}`);
  }
  await events.seen("canceled stream");
  events.post("go on");
  await events.seen("canceled open");
});

Deno.test("a driver of the user may give its pieces as they are, and let go of them unread", async () => {
  await using driver = await load(`
    export default { open: () => ({ body: [new Uint8Array([104]), new Uint8Array(), new Uint8Array([105])] }) };`);
  assertEquals(text((await drive(driver, "mem:x")).bytes), "hi");
  (await driver.open(request("mem:x")))[Symbol.dispose]();
});

Deno.test("DataDriver takes the file out of the url", async () => {
  using driver = new DataDriver();
  const read = async (url: string) => text((await drive(driver, url)).bytes);
  assertEquals(await read("data:,hello"), "hello");
  assertEquals(await read("data:text/plain;charset=utf-8,%C3%A4%20b"), "ä b");
  assertEquals(await read("data:;base64,aGVsbG8="), "hello");
  assertEquals(await read("data:,"), "");
  assertEquals((await failure(drive(driver, "data:nonsense"))).kind, "unsupported");
});

Deno.test("FileDriver copies files only if that is allowed, and opens no pipe", async () => {
  await using home = await TempDir.create();
  const url = toFileUrl(await home.write("a b", "0123456789")).href;
  using forbidden = new FileDriver(false);
  assertMatch((await failure(drive(forbidden, url))).message, /--allow-file$/);
  using driver = new FileDriver(true);
  assertEquals(text((await drive(driver, url)).bytes), "0123456789");
  await new Deno.Command("mkfifo", { args: [home.join("pipe")] }).output();
  assertEquals((await failure(drive(driver, toFileUrl(home.join("pipe")).href))).kind, "not-found");
});

Deno.test("LazyDriver loads its driver once, with the first url, and again after a failure", async () => {
  let loads = 0;
  const lazy = new LazyDriver(["data:"], () => {
    if (++loads === 1) return Promise.reject(new Error("not now"));
    return Promise.resolve(new DataDriver());
  });
  assertEquals([loads, lazy.list], [0, undefined]);
  await assertRejects(() => drive(lazy, "data:,a"), Error, "not now");
  const both = await Promise.all([drive(lazy, "data:,a"), drive(lazy, "data:,b")]);
  assertEquals(both.map(({ bytes }) => text(bytes)), ["a", "b"]);
  assertEquals(loads, 2);
  lazy[Symbol.dispose]();
  assert(true);
});

Deno.test("LazyDriver waits no longer for its driver than the signal allows", async () => {
  const asked = Promise.withResolvers<void>();
  using lazy = new LazyDriver(["data:"], () => {
    asked.resolve();
    return new Promise(() => {});
  });
  const controller = new AbortController();
  const driving = drive(lazy, "data:,a", { signal: controller.signal });
  driving.catch(() => {});
  await asked.promise;
  controller.abort(new Error("enough"));
  await assertRejects(() => driving, Error, "enough");
});
