import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type DownloaderOptions, settingsFromOptions } from "../../app/downloader_options.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { Downloader } from "../../mod.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("settingsFromOptions passes on what answers must be, which statuses to retry, and where checksums are", () => {
  const { expectType, retryOn, checksumFile } = settingsFromOptions({
    expectType: "image/*, application/zip",
    retryOn: "404, 5xx",
    checksumFile: "SHA256SUMS",
  });
  assertEquals([expectType, retryOn, checksumFile], ["image/*, application/zip", "404, 5xx", "SHA256SUMS"]);
  const plain = settingsFromOptions({});
  assertEquals([plain.expectType, plain.retryOn, plain.checksumFile], [undefined, "408,425,429,5xx", undefined]);
  assertEquals(settingsFromOptions({ expectType: "auto" }).expectType, "auto");
});

Deno.test("settingsFromOptions names every list that is wrong, with its value", () => {
  const error = assertThrows(() => settingsFromOptions({ expectType: "image", retryOn: "5x" }), CfgError);
  assertEquals(error.problems.map(({ field }) => field), ["expectType", "retryOn"]);
  for (const [i, value] of ['"image"', '"5x"'].entries()) {
    assertEquals(error.problems[i]!.message.endsWith(`current value is ${value}`), true, error.problems[i]!.message);
  }
});

/** What a program says that no compiler has seen. */
function unchecked(options: unknown): DownloaderOptions {
  return options as DownloaderOptions;
}

Deno.test("Downloader.open refuses options that would do nothing, and says what to use, before it makes anything", async () => {
  await using home = await TempDir.create();
  const directory = home.join("files");
  const open = (options: object) =>
    Downloader.open(unchecked({ directory, queue: `kv:${home.join("queue.db")}`, ...options }));
  const given = {
    json: true,
    once: true,
    saveFailed: "failed.json",
    dir: "x",
    header: {},
    stallTimeout: 1,
    whatever: undefined,
    other: 1,
  };
  const error = await assertRejects(() => open(given), CfgError);
  assertEquals(error.problems.map(({ message }) => message), [
    "Cannot use json as it is an option of the command line alone: use events()",
    "Cannot use once as it is an option of the command line alone: use run({ once: true })",
    "Cannot use saveFailed as it is an option of the command line alone: use saveFailed()",
    "Cannot use dir as it is not an option of a downloader: use directory",
    "Cannot use header as it is not an option of a downloader: use headers",
    "Cannot use stallTimeout as it is not an option of a downloader: use stallTimeoutMs",
    "Cannot use other as it is not an option of a downloader",
  ]);
  assertEquals(error.problems.map(({ field }) => field), Object.keys(given).filter((name) => name !== "whatever"));
  assertEquals(await home.names(), []);
});

Deno.test("settingsFromOptions refuses values of another type, all at once, and shows no secret", () => {
  const wrong: [options: Record<string, unknown>, ...messages: string[]][] = [
    [{ workers: "2" }, 'workers as it must be a whole number from 1 to 1024: current value is "2"'],
    [{ pin: "yes" }, 'pin as it must be true or false: current value is "yes"'],
    [{ retries: NaN }, "retries as it must be a whole number from 0 to 1000: current value is NaN"],
    [{ retries: 1.5 }, "retries as it must be a whole number from 0 to 1000: current value is 1.5"],
    [{ graceMs: -1 }, "graceMs as it must be a number of milliseconds, at least 0: current value is -1"],
    [{ graceMs: "4s" }, 'graceMs as it must be a number of milliseconds, at least 0: current value is "4s"'],
    [{ limitRate: "1M" }, 'limitRate as it must be a number of bytes: current value is "1M"'],
    [{ directory: null }, "directory as it must be a string: current value is null"],
    [{ tasks: ["a", 1] }, "tasks as it must be a string: current value is 1"],
    [{ cores: "1-3" }, 'cores as it must be an array of the numbers of cores: current value is "1-3"'],
    [
      { startAt: new Date(NaN) },
      "startAt as it must be a time: a valid Date, or text such as 2026-12-24T22:00:00Z, 22:00 or +2h: current value is an object",
    ],
    [
      { shard: "1/2" },
      'shard as it must be { index, of }, the number of a part from 1 on and how many there are: current value is "1/2"',
    ],
    [
      { headers: "X-Key: secret" },
      'headers as it must be an object of header names, each with its value or an array of its values: current value is "X-Key: …"',
    ],
    [
      { headers: { "X-Key": 5 } },
      "headers as it must be an object of header names, each with its value or an array of its values: current value is an object",
    ],
    [
      { headers: { "X-Key: secret": "" } },
      "headers as it must be an object of header names, each with its value or an array of its values: current value is an object",
    ],
    [
      { headers: { "X-Key": "secret\n" + "X-More: 1" } },
      "headers as it must be a header such as 'Name: value': current value is \"X-Key: …\"",
    ],
    [
      { protocols: { "mem:=x": "y" } },
      'protocols as it must be an object of modules by scheme such as { "ipfs:": "./ipfs_driver.ts" }: current value is an object',
    ],
    [
      { proxy: "ftp://me:secret@a.test" },
      'proxy as it must be a url such as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT: current value is "…"',
    ],
    [
      { columns: "out=name" },
      'columns as it must be an object of columns by field such as { out: "name" }: current value is "out=name"',
    ],
    [
      { columns: { out: 3 } },
      'columns as it must be an object of columns by field such as { out: "name" }: current value is an object',
    ],
    [{ columns: { otu: "x" } }, '--columns as it must name fields of a task: "otu" is none, did you mean out?'],
    [
      { urlColumn: "0" },
      '--url-column as it must be the name of a column, or its number from 1 on: current value is "0"',
    ],
    [{ logger: { info() {} } }, "logger as it must be an object with the methods debug, info, warn and error"],
    [{ signal: {} }, "signal as it must be an AbortSignal"],
    [{ restrictWorkers: 1 }, "restrictWorkers as it must be true or false"],
    [{ pinMain: null }, "pinMain as it must be true or false"],
  ];
  for (const [options, ...messages] of wrong) {
    const { problems, message } = assertThrows(() => settingsFromOptions(unchecked(options)), CfgError);
    assertEquals(problems.map((problem) => problem.message), messages.map((each) => `Cannot use ${each}`));
    assert(!message.includes("secret"), message);
  }
  const several = { workers: "2", signal: 1, nothing: 1, ca: undefined, pin: 0 };
  const { problems } = assertThrows(() => settingsFromOptions(unchecked(several)), CfgError);
  assertEquals(problems.map(({ field }) => field).sort(), ["nothing", "pin", "signal", "workers"]);
  for (const options of [null, "x", 1]) {
    assertThrows(() => settingsFromOptions(unchecked(options)), CfgError, "Cannot use options as it must be an object");
  }
});

Deno.test("settingsFromOptions takes one value or several of what may be repeated, and every form of the others", () => {
  const settings = settingsFromOptions({
    tasks: "a.json",
    allowPrivate: "h:1",
    window: ["22:00-06:00", "12:00-13:00"],
    headers: { "X-A": ["1", "2"], "X-B": "3: 4", "X-C": [] },
    protocols: { "mem:": new URL("file:///mem.ts"), "ipfs:": "npm:ipfs" },
    startAt: new Date(0),
    shard: { index: 1, of: 2 },
    urlColumn: "a link",
    columns: { out: "name, of a file", "header:Referer": "7" },
    cores: [3, 1],
    logger: console,
    signal: AbortSignal.abort(),
  });
  assertEquals(settings.tasks, ["a.json"]);
  assertEquals(settings.allowPrivate, ["h:1"]);
  assertEquals(settings.window, ["22:00-06:00", "12:00-13:00"]);
  const headers = [{ name: "X-A", value: "1" }, { name: "X-A", value: "2" }, { name: "X-B", value: "3: 4" }];
  assertEquals(settings.headers, headers);
  const drivers = [{ scheme: "mem:", module: "file:///mem.ts" }, { scheme: "ipfs:", module: "npm:ipfs" }];
  assertEquals(settings.protocols, drivers);
  assertEquals([settings.urlColumn, settings.columns], [
    "a link",
    { out: "name, of a file", "header:Referer": "7" },
  ]);
  assertEquals(settings.startAt, "1970-01-01T00:00:00.000Z");
  assertEquals([settings.shard, settings.queue], [{ index: 1, of: 2 }, "kv::memory:"]);
  assertEquals(settings.cores?.toSorted(), [1, 3]);
});
