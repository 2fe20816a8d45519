import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { DownloadError } from "../../download/download_error.ts";
import { startCustomDriver, type TestedDriver } from "../support/custom_driver.ts";
import { drive } from "../support/drive.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

/** What ends its thread is loaded once more: its folder has to stay as long as the test does. */
async function start(
  text: string,
  options: Parameters<typeof startCustomDriver>[1] = {},
  place?: TempDir,
): Promise<TestedDriver> {
  await using home = place === undefined ? await TempDir.create() : undefined;
  return await startCustomDriver(toFileUrl(await (place ?? home!).write("driver.ts", text)).href, options);
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const { kind, message } = await assertRejects(() => promise, DownloadError);
  return `${kind}: ${message}`;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a driver of the user that ends its thread fails what it was asked for, and is started anew", async () => {
  await using home = await TempDir.create();
  const deaths: string[] = [];
  await using driver = await start(
    `
    import process from "node:process";
    const ends = {
      exit: () => Deno.exit(),
      node: () => process.exit(1),
      close: () => self.close(),
      error: () => setTimeout(() => { throw new Error("an accident"); }),
      promise: () => void Promise.reject(new Error("a broken promise")),
      nonsense: () => self.postMessage(null),
      more: () => self.postMessage({ type: "full" }),
    };
    export default {
      open({ url }) {
        const how = url.slice(4);
        if (ends[how] === undefined) return { body: [new TextEncoder().encode(how)] };
        ends[how]();
        return new Promise(() => {});
      },
    };`,
    { died: (reason) => deaths.push(reason) },
    home,
  );
  const said = {
    exit: /^network: the driver of mem: urls has died: it has ended its thread$/,
    node: /ended its thread$/,
    close: /ended its thread$/,
    error: /Uncaught Error: an accident$/,
    promise: /Error: a broken promise$/,
    nonsense: /it has sent what means nothing/,
    more: /it has used NaN of NaN MiB of memory$/,
  };
  for (const [how, message] of Object.entries(said)) {
    assertMatch(await failure(drive(driver, `mem:${how}`)), message);
    assertEquals(text((await drive(driver, "mem:again")).bytes), "again");
  }
  assertEquals(deaths.length, Object.keys(said).length);
});

Deno.test("a module of the user that ends its thread while it loads is no driver", async () => {
  const died = () => {
    throw new Error("nobody asked it for anything");
  };
  assertEquals(
    await failure(start("Deno.exit(); export default { open() {} };", { died })),
    "unsupported: Cannot load the driver of mem: urls: it has ended its thread",
  );
});

Deno.test("DriverThreads says that a driver hangs, and ends it all the same", async () => {
  await using driver = await start(`
    export default { open() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); } };`);
  await until("the thread to beat", () => driver.threads.turned());
  const controller = new AbortController();
  const driving = failure(drive(driver, "mem:x", { signal: controller.signal }));
  await until("the thread to hang", () => !driver.threads.turned(), { everyMs: 600 });
  controller.abort(new DownloadError("timeout", "enough"));
  assertEquals(await driving, "timeout: enough");
});

Deno.test("a driver of the user may go on to use its buffers, and give pieces of any size", async () => {
  await using driver = await start(`
    import { Buffer } from "node:buffer";
    const SHARED = new Uint8Array(new SharedArrayBuffer(3)).fill(115);
    export default {
      open({ url }) {
        const part = new Uint8Array(3);
        if (url === "mem:same") return { body: (async function* () { for (const c of [97, 98, 99]) yield part.fill(c); })() };
        if (url === "mem:large") return { body: [new Uint8Array(2_500_000).fill(1)], length: 2_500_000 };
        if (url === "mem:shared") return { body: [SHARED] };
        return { body: [Buffer.from("a buffer"), Buffer.from(" of node")] };
      },
    };`);
  for (let i = 0; i < 2; i++) {
    assertEquals(text((await drive(driver, "mem:same")).bytes), "aaabbbccc");
    assertEquals(text((await drive(driver, "mem:shared")).bytes), "sss");
    assertEquals(text((await drive(driver, "mem:node")).bytes), "a buffer of node");
    const { bytes } = await drive(driver, "mem:large");
    assert(bytes.length === 2_500_000 && bytes.every((byte) => byte === 1));
  }
});

Deno.test("what a driver of the user says of a file must be what it is", async () => {
  await using driver = await start(`
    export default { open: ({ url }) => ({ body: [], ...JSON.parse(decodeURIComponent(url.slice(4))) }) };`);
  const said = (facts: object) => failure(drive(driver, `mem:${encodeURIComponent(JSON.stringify(facts))}`));
  const says = "protocol: the driver of mem: urls said that";
  assertEquals(await said({ length: -1 }), `${says} length is -1: it must be a whole number from 0 on`);
  assertEquals(await said({ length: "5" }), `${says} length is 5: it must be a whole number from 0 on`);
  assertEquals(await said({ offset: 0.5 }), `${says} offset is 0.5: it must be a whole number from 0 on`);
  assertEquals(await said({ etag: 7 }), `${says} etag is 7: it must be a text`);
  assertEquals(await said({ filename: ["a"] }), `${says} filename is a: it must be a text`);
});

Deno.test("a driver of the user that answers out of turn fails the attempt", async () => {
  await using driver = await start(`
    let calls = 0;
    export default {
      open({ url }) {
        calls++;
        if (url === "mem:shared") {
          const bytes = new Uint8Array(new SharedArrayBuffer(3));
          setTimeout(() => self.postMessage({ type: "piece", call: calls, bytes }));
          return { body: (async function* () { await new Promise(() => {}); })() };
        }
        self.postMessage({ type: "entries", call: calls, entries: 5 });
        return new Promise(() => {});
      },
    };`);
  assertEquals(await failure(drive(driver, "mem:open")), "protocol: the driver of mem: urls has answered out of turn");
  assertEquals(await failure(drive(driver, "mem:shared")), "protocol: the driver has answered out of turn");
});

Deno.test("the folder of a driver of the user comes as it is found, however slowly", async () => {
  await using driver = await start(`
    export default {
      open() {},
      async *list({ url, signal }) {
        for (let i = 0; i < 1200; i++) yield { url: url + i, path: String(i) };
        // The rest comes only when somebody has seen these.
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    };`);
  const controller = new AbortController();
  const seen: string[] = [];
  const listing = async () => {
    for await (const { path } of driver.list!({ url: "mem://x/", signal: controller.signal })) {
      if (seen.push(path) === 1200) controller.abort(new DownloadError("timeout", "seen"));
    }
  };
  assertEquals(await failure(listing()), "timeout: seen");
  assertEquals(seen, Array.from({ length: 1200 }, (_, i) => String(i)));
});
