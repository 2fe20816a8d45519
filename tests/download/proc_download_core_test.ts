import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { BudgetShare } from "../../download/body_budget.ts";
import { FileSpace } from "../../ffi/file_space.ts";
import { DiskSpace } from "../../download/disk_space.ts";
import { FinalNames } from "../../download/final_names.ts";
import { Manifest } from "../../download/manifest.ts";
import type { DownloadContext, DownloadTask } from "../../download/download_context.ts";
import { procDownloadCore } from "../../download/proc_download_core.ts";
import { retryOn } from "../../queue/retry_on.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { MirrorMemory } from "../../download/mirror_memory.ts";
import { RangeRefusals } from "../../download/range_refusals.ts";
import { SmallFiles } from "../../download/small_files.ts";
import { StoppedError } from "../../download/download_error.ts";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { connectProbe, Watchdog, type WatchLimits } from "../../download/watchdog.ts";

interface Bench {
  context: DownloadContext;
  root: string;
  origin: string;
  bytes: () => number;
  fetch: (path: string, task?: Partial<DownloadTask>) => ReturnType<typeof procDownloadCore>;
}

const LIMITS: WatchLimits = { connectTimeoutMs: 60_000, stallTimeoutMs: 60_000 };

/** Every test runs twice: with our own client in front, and with `fetch` alone. */
function test(name: string, run: (withServer: WithServer) => Promise<void>): void {
  for (const lane of [true, false]) {
    Deno.test(`procDownloadCore ${name}, ${lane ? "over the lane" : "over fetch"}`, () =>
      run((...args) => startServer(lane, ...args)));
  }
}

type WithServer = (
  handler: (request: Request) => Response | Promise<Response>,
  work: (bench: Bench) => Promise<void>,
  limits?: Partial<WatchLimits>,
) => Promise<void>;

async function startServer(
  lane: boolean,
  handler: (request: Request) => Response | Promise<Response>,
  work: (bench: Bench) => Promise<void>,
  limits: Partial<WatchLimits> = {},
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
  const root = await Deno.realPath(await Deno.makeTempDir());
  const driver = new HttpDriver({ idlePerHost: 4, lane });
  const watchdog = new Watchdog({ ...LIMITS, ...limits }, connectProbe);
  const manifest = new Manifest(root, "test-0");
  const names = new FinalNames(libcLibrary());
  const space = new DiskSpace(root, new FileSpace(libcLibrary()));
  let bytes = 0;
  const context: DownloadContext = {
    root,
    writer: "test-0",
    bootId: "boot-1",
    drivers: [driver],
    fresh: false,
    manifest,
    names,
    smallFiles: new SmallFiles(names, manifest),
    space,
    watchdog,
    retry: { retries: 2, retryWaitMs: 1000 },
    maxHostWaitMs: 3_600_000,
    maxRedirects: 5,
    contentEncoding: "auto",
    mirrors: new MirrorMemory(),
    rangeRefusals: new RangeRefusals(),
    retryOn: retryOn(),
    fsync: false,
    remoteTime: true,
    overwrite: "never",
    rename: () => Promise.reject(new Error("the names of these tasks are settled")),
    refresh: false,
    budgets: new BudgetShare(),
    coolHost: () => {},
    onBytes: (count) => bytes += count,
  };
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const fetch: Bench["fetch"] = (path, task = {}) =>
    procDownloadCore(
      {
        id: "t1",
        seq: 1,
        named: true,
        url: path.includes("://") ? path : origin + path,
        out: "file",
        attempts: 0,
        core: 0,
        fence: "1",
        ...task,
      },
      context,
    );
  try {
    await work({ context, root, origin, bytes: () => bytes, fetch });
  } finally {
    manifest[Symbol.dispose]();
    names[Symbol.dispose]();
    space[Symbol.dispose]();
    watchdog[Symbol.dispose]();
    driver[Symbol.dispose]();
    await server.shutdown();
    await Deno.remove(root, { recursive: true });
  }
}

function pattern(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
  return bytes;
}

const visible = (root: string) =>
  [...Deno.readDirSync(root)].map((entry) => entry.name).filter((name) => name[0] !== ".");

test("stores empty, small and large bodies whole, with and without a length", (withServer) =>
  withServer((request) => {
    const { pathname } = new URL(request.url);
    const body = pattern(Number(pathname.split("/")[2]));
    if (pathname.startsWith("/chunked")) return new Response(new Blob([body]).stream());
    return new Response(body, { headers: { etag: '"v1"', "last-modified": "Mon, 23 Nov 2026 00:00:00 GMT" } });
  }, async ({ fetch, root, bytes }) => {
    let total = 0;
    for (const kind of ["sized", "chunked"]) {
      for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
        const out = `${kind}/${size}`;
        const outcome = await fetch(`/${kind}/${size}`, { out });
        assertEquals(outcome.type, "done", JSON.stringify(outcome));
        assertEquals(Deno.readFileSync(join(root, out)), pattern(size), out);
        total += size;
        assertEquals(bytes(), total);
        if (outcome.type === "done" && kind === "sized") assertEquals(outcome.facts.etag, '"v1"');
      }
    }
    assertEquals([...Deno.readDirSync(join(root, "sized"))].length, 5);
  }));

test("asks for identity encoding, and stores an encoded answer decoded", (withServer) =>
  withServer(async (request) => {
    const asked = request.headers.get("accept-encoding");
    const zipped = new Blob(["hello"]).stream().pipeThrough(new CompressionStream("gzip"));
    const body = await new Response(zipped).bytes();
    return new Response(body, { headers: { "content-encoding": "gzip", "x-asked": asked ?? "" } });
  }, async ({ fetch, root }) => {
    assertEquals((await fetch("/a")).type, "done");
    assertEquals(Deno.readTextFileSync(join(root, "file")), "hello");
  }));

test("follows redirects, and reports where the file came from", (withServer) =>
  withServer((request) => {
    const { pathname } = new URL(request.url);
    const hop = Number(pathname.slice(1));
    return hop > 0
      ? new Response(null, { status: [301, 302, 303, 307, 308][hop % 5]!, headers: { location: `/${hop - 1}` } })
      : new Response("end");
  }, async ({ fetch, origin }) => {
    const outcome = await fetch("/5");
    assert(outcome.type === "done");
    assertEquals(outcome.facts.finalUrl, `${origin}/0`);
    const tooMany = await fetch("/6", { out: "b" });
    assert(tooMany.type === "failed");
    assertEquals(tooMany.error.kind, "redirect");
    assertStringIncludes(tooMany.error.message, "more than 5 redirects");
  }));

test("refuses a redirect to another scheme, or to nowhere", (withServer) =>
  withServer((request) => {
    const { pathname } = new URL(request.url);
    return new Response(null, { status: 302, headers: pathname === "/no" ? {} : { location: "file:///etc/passwd" } });
  }, async ({ fetch }) => {
    for (const path of ["/file", "/no"]) {
      const outcome = await fetch(path);
      assert(outcome.type === "failed");
      assertEquals([outcome.error.kind, outcome.error.retryable], ["redirect", false]);
    }
  }));

test("takes headers to the task's own origin only, also when the way leads back", async (withServer) => {
  const seen: [string, string | null][] = [];
  const other = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    seen.push(["other", request.headers.get("x-token")]);
    return new Response(null, { status: 302, headers: { location: new URL(request.url).searchParams.get("back")! } });
  });
  await withServer((request) => {
    const { pathname, origin } = new URL(request.url);
    seen.push([pathname, request.headers.get("x-token")]);
    if (pathname === "/end") return new Response("end");
    const location = pathname === "/start" ? "/same" : `http://127.0.0.1:${other.addr.port}/?back=${origin}/end`;
    return new Response(null, { status: 302, headers: { location } });
  }, async ({ fetch }) => {
    assertEquals((await fetch("/start", { headers: { "X-Token": "secret" } })).type, "done");
  });
  await other.shutdown();
  assertEquals(seen, [["/start", "secret"], ["/same", "secret"], ["other", null], ["/end", null]]);
});

test("repeats what time may cure, with the server's Retry-After, and nothing else", (withServer) =>
  withServer((request) => {
    const status = Number(new URL(request.url).pathname.slice(1));
    return new Response("no", { status, headers: { "retry-after": "30" } });
  }, async ({ fetch, root }) => {
    for (const status of [408, 425, 429, 500, 503, 599]) {
      const before = Date.now();
      const outcome = await fetch(`/${status}`);
      assert(outcome.type === "retry", `${status}`);
      assertEquals(outcome.error.status, status);
      assert(outcome.notBefore >= before + 30_000 && outcome.notBefore <= Date.now() + 30_000);
      assertEquals((await fetch(`/${status}`, { attempts: 2 })).type, "failed");
    }
    for (const status of [400, 401, 403, 404, 410, 416]) assertEquals((await fetch(`/${status}`)).type, "failed");
    assertEquals(visible(root), []);
  }));

test("leaves nothing of a body that breaks off, and repeats it", (withServer) =>
  withServer(() => {
    let sent = false;
    const body = new ReadableStream({
      pull(controller) {
        if (sent) controller.error(new Error("gone"));
        else controller.enqueue(pattern(200_000));
        sent = true;
      },
    });
    return new Response(body, { headers: { "content-length": "400000" } });
  }, async ({ fetch, root }) => {
    const outcome = await fetch("/");
    assert(outcome.type === "retry", JSON.stringify(outcome));
    assertEquals(outcome.error.kind, "network");
    assertEquals(visible(root), []);
  }));

test("ends a stalled body, a slow answer, and an attempt that takes too long", async (withServer) => {
  const stalled = () => {
    let timer: ReturnType<typeof setInterval> | undefined;
    return (request: Request) => {
      const { pathname } = new URL(request.url);
      const trickle = pathname === "/trickle";
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(pattern(100_000));
          if (trickle) timer = setInterval(() => controller.enqueue(pattern(10)), 30);
        },
        cancel: () => clearInterval(timer),
      });
      return new Response(body, { headers: { "content-length": "1000000" } });
    };
  };
  await withServer(stalled(), async ({ fetch, root }) => {
    const stall = await fetch("/stall");
    assert(stall.type === "retry");
    assertEquals(stall.error.kind, "timeout");
    assertStringIncludes(stall.error.message, "no byte for 0.4 s");
    assertEquals(visible(root), []);
  }, { stallTimeoutMs: 400 });
  await withServer(stalled(), async ({ fetch }) => {
    const trickle = await fetch("/trickle");
    assert(trickle.type === "retry");
    assertStringIncludes(trickle.error.message, "not finished after 0.5 s");
  }, { stallTimeoutMs: 5000, timeoutMs: 500 });
});

test("gives a stopped download back, uncounted", (withServer) =>
  withServer(
    () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(pattern(100_000)) })),
    async ({ fetch, context, root, bytes }) => {
      const outcome = fetch("/");
      while (bytes() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      context.watchdog.abortAll(new StoppedError("stop"));
      assertEquals(await outcome, { type: "released", begun: true });
      assertEquals(visible(root), []);
    },
  ));

test("leaves a foreign file alone without asking, and takes its own for done", async (withServer) => {
  let requests = 0;
  await withServer(() => {
    requests++;
    return new Response("ours");
  }, async ({ fetch, root }) => {
    Deno.writeTextFileSync(join(root, "foreign"), "mine");
    const foreign = await fetch("/", { out: "foreign" });
    assert(foreign.type === "failed");
    assertStringIncludes(foreign.error.message, join(root, "foreign"));
    assertEquals(requests, 0);
    const first = await fetch("/");
    const again = await fetch("/");
    assert(first.type === "done" && again.type === "done");
    assertEquals(again.facts, first.facts);
    assertEquals(requests, 1);
    assertEquals(Deno.readTextFileSync(join(root, "foreign")), "mine");
  });
});

test("fails a scheme without a driver, a name that leads out, and a host that is not there", (withServer) =>
  withServer(() => new Response("x"), async ({ fetch }) => {
    const cases: [string, Partial<DownloadTask>, string, string][] = [
      ["gopher://h/x", {}, "unsupported", "gopher:"],
      ["/", { out: "../x" }, "name", "../x"],
      ["http://127.0.0.1:9/x", {}, "network", "127.0.0.1:9"],
      ["http://user:hunter2@127.0.0.1:9/x", {}, "network", "127.0.0.1:9"],
      ["http://no-such-host.invalid/x", {}, "network", "no-such-host.invalid"],
    ];
    for (const [url, task, kind, part] of cases) {
      const outcome = await fetch(url, task);
      assert(outcome.type === "failed" || outcome.type === "retry");
      assertEquals(outcome.error.kind, kind, url);
      assertStringIncludes(outcome.error.message, part);
      assert(!JSON.stringify(outcome).includes("hunter2"));
    }
  }));

test("gives small and large files the time of their Last-Modified, if it makes sense and is wanted", (withServer) =>
  withServer((request) => {
    const [, size, date] = new URL(request.url).pathname.split("/");
    return new Response(pattern(Number(size)), { headers: { "last-modified": decodeURIComponent(date!) } });
  }, async ({ fetch, root, context }) => {
    const date = "Sun, 06 Nov 1994 08:49:37 GMT";
    const mtime = async (path: string) => {
      const out = crypto.randomUUID();
      assertEquals((await fetch(path, { out })).type, "done");
      return Deno.statSync(join(root, out)).mtime!.getTime();
    };
    const old = Date.parse(date);
    assertEquals([await mtime(`/10/${date}`), await mtime(`/200000/${date}`)], [old, old]);
    const before = Date.now() - 60_000;
    for (const odd of ["tomorrow", "0", new Date(Date.now() + 1e9).toUTCString()]) {
      assert(await mtime(`/10/${odd}`) > before, odd);
    }
    context.remoteTime = false;
    assert(await mtime(`/10/${date}`) > before && await mtime(`/200000/${date}`) > before);
  }));
