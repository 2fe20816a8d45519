/** Corehaul as a module of another program. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Downloader, type Logger } from "../../mod.ts";
import { commonEnv, PROJECT_ROOT } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const MODULE = new URL("mod.ts", PROJECT_ROOT).href;

async function deno(args: string[], cwd: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    clearEnv: true,
    env: commonEnv(),
    stdin: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("mod.ts runs the example of the README", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 70_000)));
  const readme = await Deno.readTextFile(new URL("README.md", PROJECT_ROOT));
  const example = [...readme.matchAll(/^```ts[^\n]*\n(.*?)^```$/gms)].map(([, code]) => code!)
    .find((code) => code.includes("Downloader.open"));
  assert(example !== undefined, "README.md has no example with Downloader.open");
  assert(example.trimEnd().split("\n").length <= 12);
  const urls = example.match(/https:\/\/[^"]+/g) ?? [];
  const program = example.replaceAll("jsr:@corehaul/corehaul", MODULE).replace(/https:\/\/[^/"]+/g, server.url);
  await home.write("program.ts", program);
  const config = new URL("deno.json", PROJECT_ROOT).pathname;
  const { code, stdout, stderr } = await deno(
    ["run", "-A", "--unstable-kv", "--config", config, "program.ts"],
    home.path,
  );
  assertEquals(code, 0, stderr);
  assertMatch(stdout, new RegExp(`${urls.length} done, 0 failed, 0 waiting`));
  assertEquals(server.requests.length, urls.length);
  const { pathname } = new URL(urls[0]!);
  const folder = /directory: "([^"]+)"/.exec(example)?.[1] ?? "downloads";
  assertEquals(await Deno.readFile(home.join(folder, pathname.split("/").at(-1)!)), bytesFor(pathname, 70_000));
});

Deno.test("mod.ts does nothing when it is imported, and needs no permission for it", async () => {
  await using home = await TempDir.create();
  const config = new URL("deno.json", PROJECT_ROOT).pathname;
  await home.write(
    "import.ts",
    `import { Downloader } from "${MODULE}";\nif (Downloader) console.log("ok");\n`,
  );
  const run = ["run", "--quiet", "--no-prompt", "--config", config, "import.ts"];
  const { code, stdout, stderr } = await deno(run, home.path);
  assertEquals([code, stdout, stderr], [0, "ok\n", ""]);
  assertEquals(await home.names(), ["import.ts"]);
});

Deno.test("Downloader logs to an object shaped like the logger of @std/log", async () => {
  /** The methods of `@std/log`'s Logger: on the prototype, generic, with the message given back. */
  class StdLogger {
    readonly records: [level: string, message: string][] = [];
    #log<T>(level: string, message: T | (() => T), ..._args: unknown[]): T {
      const text = message instanceof Function ? message() : message;
      this.records.push([level, String(text)]);
      return text;
    }
    debug<T>(message: T, ...args: unknown[]): T {
      return this.#log("DEBUG", message, ...args);
    }
    info<T>(message: T, ...args: unknown[]): T {
      return this.#log("INFO", message, ...args);
    }
    warn<T>(message: T, ...args: unknown[]): T {
      return this.#log("WARN", message, ...args);
    }
    error<T>(message: T, ...args: unknown[]): T {
      return this.#log("ERROR", message, ...args);
    }
    critical<T>(message: T, ...args: unknown[]): T {
      return this.#log("CRITICAL", message, ...args);
    }
  }
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path, nth }) =>
    path === "/gone"
      ? new Response("", { status: 404 })
      : path === "/late" && nth === 1
      ? new Response("", { status: 503 })
      : new Response(bytesFor(path, 10))
  );
  const log = new StdLogger();
  const logger: Logger = log;
  await using downloader = await Downloader.open({ directory: home.join("files"), logger, retryWaitMs: 10 });
  await downloader.add(["good", "gone", "late"].map((name) => `${server.url}/${name}`));
  const summary = await downloader.run({ once: true });
  assertEquals([summary.done, summary.failed, summary.retried], [2, 1, 1]);
  const logged = (level: string, pattern: RegExp) =>
    log.records.some(([l, message]) => l === level && pattern.test(message));
  assert(logged("DEBUG", /proc_worker-0 runs on core \d+/));
  assert(logged("INFO", /^Heave-ho, good is hauled!$/));
  assert(logged("WARN", /HTTP status 503; attempt 2 at /));
  assert(logged("ERROR", /gone: .*HTTP status 404$/));
});

Deno.test("Downloader tells what happens, takes tasks while it runs, and stops by a signal", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 5000)));
  await using downloader = await Downloader.open({ directory: home.join("files"), workers: 2 });
  const stop = new AbortController();
  const events = downloader.events({ signal: stop.signal });
  const running = downloader.run({ signal: stop.signal });
  await downloader.add([`${server.url}/a`, { url: `${server.url}/b`, out: "sub/b" }]);
  const done: string[] = [];
  for await (const event of events) {
    if (event.type === "task_done") done.push(event.out);
    if (done.length === 2) {
      assertEquals((await downloader.counts()).done, 2);
      await downloader.add([`${server.url}/c`]);
    }
    if (done.length === 3) stop.abort();
  }
  assertEquals(done.sort(), ["a", "c", "sub/b"]);
  const summary = await running;
  assertEquals([summary.end, summary.done], ["stopped", 3]);
  assertEquals(downloader.progress().bytes, 15_000);
  assertEquals(await filesIn(home.join("files")), ["a", "c", "sub"]);
  assertEquals((await downloader.get("t2"))?.out, "sub/b");
});

Deno.test("Downloader counts what it refuses, and refuses a second run by its promise", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 10)));
  await using downloader = await Downloader.open({ directory: home.join("files"), workers: 1 });
  await downloader.add(["bad", `${server.url}/a`, "worse"]);
  const running = downloader.run({ once: true });
  await assertRejects(() => downloader.run(), TypeError, "must not be running");
  const { done, refused } = await running;
  assertEquals([done, refused], [1, 2]);
  await downloader.add(["worst"]);
  assertEquals((await downloader.run({ once: true })).refused, 3);
});
