import { assertEquals, assertThrows } from "@std/assert";
import { CFG_FIELDS, cfgEnvName, cfgFileKey } from "../../config/cfg_fields.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { cfgResolve, type CfgSources } from "../../config/cfg_resolve.ts";
import { RETRY_ON_DEFAULT } from "../../queue/retry_on.ts";

Deno.test("cfgResolve gives the documented defaults, frozen", () => {
  const settings = cfgResolve();
  assertEquals(Object.isFrozen(settings), true);
  assertEquals(settings, {
    tasks: ["code_tasks.json"],
    sync: false,
    once: false,
    dir: "downloads",
    all: false,
    missing: false,
    failed: false,
    dryRun: false,
    fix: false,
    dropPart: false,
    yes: false,
    verify: false,
    queue: "kv:.corehaul/queue.db",
    format: "jsonl",
    namespace: "default",
    waitQueue: false,
    leaseMs: 15_000,
    heartbeatMs: 2000,
    fleetPerHost: 0,
    pin: true,
    concurrency: 64,
    cpuThreshold: 90,
    admitIntervalMs: 100,
    retries: 5,
    retryWaitMs: 1000,
    retryOn: RETRY_ON_DEFAULT,
    connectTimeoutMs: 10_000,
    lookupTimeoutMs: 10_000,
    stallTimeoutMs: 30_000,
    perHost: "auto",
    maxHostWaitMs: 3_600_000,
    perHostRate: 0,
    segments: 1,
    limitRate: 0,
    minSpeed: 0,
    overwrite: "never",
    refresh: false,
    remoteTime: true,
    minFree: 0,
    diskWaitMs: 600_000,
    fsync: false,
    httpClient: "auto",
    maxRedirects: 20,
    contentEncoding: "auto",
    insecure: false,
    denyPrivate: false,
    allowDowngrade: false,
    sshAcceptNew: false,
    s3RequestPayer: false,
    s3NoSignRequest: false,
    folderLimit: 100_000,
    allowFile: false,
    graceMs: 4000,
    workerTimeoutMs: 30_000,
    quiet: false,
    verbose: false,
    progressIntervalMs: 30_000,
    progress: "auto",
    json: false,
    logLevel: "info",
    logFormat: "text",
    lang: "en",
  });
});

Deno.test("cfgResolve lets flags win over the environment, that over the file, that over defaults", () => {
  const sources: CfgSources = {
    file: { name: "c.json", values: { cfg_concurrency: 1, cfg_retries: "2", cfg_grace: 3, cfg_once: true } },
    env: { CFG_CONCURRENCY: "10", CFG_RETRIES: "20" },
    flags: { concurrency: "100" },
  };
  const settings = cfgResolve(sources);
  assertEquals([settings.concurrency, settings.retries, settings.graceMs, settings.once], [100, 20, 3000, true]);
});

Deno.test("cfgResolve names every problem with field and value, all together", () => {
  const error = assertThrows(
    () =>
      cfgResolve({
        file: { name: "c.json", values: { cfg_workers: 0, cfg_typo: 1, cfg_dir: [] } },
        env: { CFG_GRACE: "soon" },
        flags: { "cpu-threshold": "101", cores: "3-1" },
      }),
    CfgError,
  );
  assertEquals(error.problems.map((problem) => problem.message), [
    'Cannot use cfg_workers in c.json as it must be a whole number from 1 to 1024: current value is "0"',
    "Cannot use cfg_typo in c.json as it is not an option",
    "Cannot use cfg_dir in c.json as it must be a string, a number or a boolean",
    'Cannot use CFG_GRACE as it must be a duration such as 0.5, 30, 500ms, 2m or 1h: current value is "soon"',
    'Cannot use --cores as it must be a list of cores such as 1-3,6: current value is "3-1"',
    'Cannot use --cpu-threshold as it must be a whole number from 1 to 100: current value is "101"',
  ]);
});

Deno.test("cfgResolve refuses a file that is no object", () => {
  for (const values of [null, [], "x", 1]) {
    assertThrows(() => cfgResolve({ file: { name: "c.json", values } }), CfgError, "c.json");
  }
});

Deno.test("cfgResolve takes the language from the locale unless it is set", () => {
  assertEquals(cfgResolve({ env: { LANG: "zh_CN.UTF-8" } }).lang, "zh");
  assertEquals(cfgResolve({ env: { LC_ALL: "en_US.UTF-8", LANG: "zh_CN.UTF-8" } }).lang, "en");
  assertEquals(cfgResolve({ env: { LANG: "zh_CN.UTF-8" }, flags: { lang: "en" } }).lang, "en");
});

Deno.test("cfgResolve reads durations in seconds or with a unit", () => {
  const grace = (text: string) => cfgResolve({ flags: { grace: text } }).graceMs;
  assertEquals(["0", "0.1", "30", "500ms", "2m", "1h", "1.5s", "1d"].map(grace), [
    0,
    100,
    30_000,
    500,
    120_000,
    3_600_000,
    1500,
    86_400_000,
  ]);
  for (const text of ["-1", "1w", "", "ms", "1e3", "1 s"]) assertThrows(() => grace(text), CfgError, "--grace");
});

Deno.test("cfgResolve takes a lease of at least three heartbeats, each within its range, and names both", () => {
  const owner = (flags: Record<string, string>) => {
    const { leaseMs, heartbeatMs } = cfgResolve({ flags });
    return [leaseMs, heartbeatMs];
  };
  assertEquals(owner({ lease: "1d", heartbeat: "1h" }), [86_400_000, 3_600_000]);
  assertEquals(owner({ lease: "6" }), [6000, 2000]);
  assertEquals(owner({ lease: "1", heartbeat: "0.1" }), [1000, 100]);
  const wrong: [flags: Record<string, string>, message: string][] = [
    [{ lease: "5.9" }, "Cannot use lease as it must be at least 3 times heartbeat: current values are 5.9 s and 2 s"],
    [{ heartbeat: "6" }, "Cannot use lease as it must be at least 3 times heartbeat: current values are 15 s and 6 s"],
    [
      { lease: "999ms", heartbeat: "0.1" },
      'Cannot use --lease as it must be a duration from 1000ms to 86400000ms: current value is "999ms"',
    ],
    [{ lease: "25h" }, 'Cannot use --lease as it must be a duration from 1000ms to 86400000ms: current value is "25h"'],
    [
      { heartbeat: "99ms" },
      'Cannot use --heartbeat as it must be a duration from 100ms to 3600000ms: current value is "99ms"',
    ],
  ];
  for (const [flags, message] of wrong) {
    const { problems } = assertThrows(() => owner(flags), CfgError);
    assertEquals(problems.map((problem) => problem.message), [message]);
  }
});

Deno.test("CFG_FIELDS has a flag, a variable and a file key of its own for every field, and defaults that are valid", () => {
  for (const spell of [(f: typeof CFG_FIELDS[0]) => f.flag, cfgEnvName, cfgFileKey]) {
    assertEquals(new Set(CFG_FIELDS.map(spell)).size, CFG_FIELDS.length);
  }
  for (const field of CFG_FIELDS) {
    assertEquals(field.default === undefined, field.defaultNote !== undefined, field.flag);
    if (field.default !== undefined) assertEquals("value" in field.kind.parse(field.default), true, field.flag);
  }
});

Deno.test("cfgResolve takes several values of a repeatable option, all of them from the source that wins", () => {
  const names = (sources: CfgSources) => cfgResolve(sources).headers?.map(({ name, value }) => `${name}=${value}`);
  const file = { name: "c.json", values: { cfg_header: ["A: 1", "B:2"] } };
  assertEquals(names({}), undefined);
  assertEquals(names({ file }), ["A=1", "B=2"]);
  assertEquals(names({ file: { name: "c.json", values: { cfg_header: "A: b: c" } } }), ["A=b: c"]);
  assertEquals(names({ file, env: { CFG_HEADER: "C: 3\nD: 4" } }), ["C=3", "D=4"]);
  assertEquals(names({ file, env: { CFG_HEADER: "C: 3" }, flags: { header: ["E: ", "F: 6"] } }), ["E=", "F=6"]);
  const bad = { name: "c.json", values: { cfg_header: [1] } };
  assertThrows(() => cfgResolve({ file: bad }), CfgError, "cfg_header in c.json as it must be a string or an array");
});

Deno.test("cfgResolve shows nothing of a wrong value that may be secret", () => {
  const flags = {
    header: ["X-Key secret", "X-Key: se\u0001cret", "Bad Name: secret", "Host: secret", ": secret"],
    proxy: "ftp://me:secret@127.0.0.1",
  };
  const error = assertThrows(() => cfgResolve({ flags }), CfgError);
  assertEquals(error.problems.length, 6, error.message);
  assertEquals(error.message.includes("secret"), false, error.message);
  for (const part of ["--header", "--proxy", "Host: …"]) assertEquals(error.message.includes(part), true, part);
});

Deno.test("cfgResolve takes proxies of three kinds, and servers by host and port", () => {
  const proxy = (value: string) => cfgResolve({ flags: { proxy: value } }).proxy;
  for (
    const value of ["http://127.0.0.1:8080", "https://me:pw@proxy.test/", "socks5://127.0.0.1:1080", "socks5h://p.test"]
  ) {
    assertEquals(proxy(value), value);
  }
  for (
    const value of [
      "127.0.0.1:8080",
      "ftp://p.test",
      "http://p.test/path",
      "http://p.test?x",
      "http://",
      "socks4://p.test",
    ]
  ) {
    assertThrows(() => proxy(value), CfgError, "--proxy");
  }
  const allowed = (...values: string[]) => cfgResolve({ flags: { "allow-private": values } }).allowPrivate;
  assertEquals(allowed("LOCALHOST:80", "[0::1]:8080", "0x7f.1:443", "b\u00fccher.test:1"), [
    "localhost:80",
    "[::1]:8080",
    "127.0.0.1:443",
    "xn--bcher-kva.test:1",
  ]);
  for (const value of ["localhost", "localhost:0", "localhost:65536", ":80", "a/b:80", "me@host:80", "::1:80"]) {
    assertThrows(() => allowed(value), CfgError, "--allow-private");
  }
});

Deno.test("cfgResolve reads the columns of fields, whatever their names are", () => {
  const columnsOf = (text: string) => cfgResolve({ flags: { columns: text } }).columns;
  assertEquals(columnsOf("out=name,checksum=sha256"), { out: "name", checksum: "sha256" });
  assertEquals(columnsOf(" out = a b , header:X-Key=3"), { out: "a b", "header:X-Key": "3" });
  assertEquals(columnsOf("out=first, second,id=a=b"), { out: "first, second", id: "a=b" });
  for (const text of ["", "out", "out=", "=name", "out=a,out=b"]) {
    assertThrows(() => columnsOf(text), CfgError, "be FIELD=COLUMN such as", text);
  }
});

Deno.test("cfgResolve lets a switch imply other options, source by source, and their own words win", () => {
  const shown = (sources: CfgSources) => {
    const { quiet, verbose, logLevel, progress } = cfgResolve(sources);
    return [quiet, verbose, logLevel, progress];
  };
  assertEquals(shown({ flags: { quiet: "true" } }), [true, false, "error", "none"]);
  assertEquals(shown({ flags: { verbose: "true" } }), [false, true, "debug", "auto"]);
  assertEquals(shown({ flags: { quiet: "false" } }), [false, false, "info", "auto"]);
  assertEquals(shown({ flags: { quiet: "true", "log-level": "warning" } }), [true, false, "warning", "none"]);
  assertEquals(shown({ env: { CFG_LOG_LEVEL: "info", CFG_PROGRESS: "bar" }, flags: { quiet: "true" } }), [
    true,
    false,
    "error",
    "none",
  ]);
  assertEquals(shown({ env: { CFG_QUIET: "1" }, flags: { verbose: "true" } }), [false, true, "debug", "none"]);
  assertEquals(
    shown({ file: { name: "c.json", values: { cfg_verbose: true } }, env: { CFG_LOG_LEVEL: "error" } }),
    [false, true, "error", "auto"],
  );
  const both = assertThrows(() => cfgResolve({ env: { CFG_QUIET: "yes", CFG_VERBOSE: "yes" } }), CfgError);
  assertEquals(both.message, "Cannot use CFG_QUIET together with CFG_VERBOSE");
});
