import { assertEquals, assertThrows } from "@std/assert";
import { CFG_FIELDS, cfgEnvName, cfgFileKey } from "../../config/cfg_fields.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { cfgResolve, type CfgSources } from "../../config/cfg_resolve.ts";
import { RETRY_ON_DEFAULT } from "../../queue/retry_on.ts";

Deno.test("cfgResolve gives the documented defaults, frozen", () => {
  const settings = cfgResolve();
  assertEquals(Object.isFrozen(settings), true);
  assertEquals(settings, {
    tasks: "code_tasks.json",
    once: false,
    dir: "downloads",
    queue: "kv:.corehaul/queue.db",
    pin: true,
    concurrency: 64,
    cpuThreshold: 90,
    admitIntervalMs: 100,
    retries: 5,
    retryWaitMs: 1000,
    retryOn: RETRY_ON_DEFAULT,
    connectTimeoutMs: 10_000,
    stallTimeoutMs: 30_000,
    perHost: 0,
    perHostRate: 0,
    limitRate: 0,
    minSpeed: 0,
    fsync: false,
    httpClient: "auto",
    maxRedirects: 20,
    graceMs: 4000,
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

Deno.test("CFG_FIELDS has a flag, a variable and a file key of its own for every field, and defaults that are valid", () => {
  for (const spell of [(f: typeof CFG_FIELDS[0]) => f.flag, cfgEnvName, cfgFileKey]) {
    assertEquals(new Set(CFG_FIELDS.map(spell)).size, CFG_FIELDS.length);
  }
  for (const field of CFG_FIELDS) {
    assertEquals(field.default === undefined, field.defaultNote !== undefined, field.flag);
    if (field.default !== undefined) assertEquals("value" in field.parse(field.default), true, field.flag);
  }
});
