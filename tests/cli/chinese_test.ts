import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { walk } from "@std/fs";
import { TaskLog } from "../../app/task_log.ts";
import { inChinese } from "../../cli/chinese.ts";
import { CHINESE_PHRASES } from "../../cli/chinese_phrases.ts";
import { CFG_FIELDS, cfgEnvName } from "../../config/cfg_fields.ts";
import { cfgResolve } from "../../config/cfg_resolve.ts";
import { CfgError, type DownloaderNews, type TaskError } from "../../mod.ts";

const error: TaskError = { kind: "http", status: 404, message: "h: HTTP status 404", retryable: false, at: 0 };
const task = { id: "t1", url: "http://h/x", out: "x", core: 1, attempts: 1 };
const died = { name: "E", code: "e", message: "it has shown no sign of life for 30 s" };
const counts = { waiting: 0, running: 0, paused: 0, done: 0, failed: 0, canceled: 0 };
const proc = { proc: "proc_worker-0", core: 1 };

/** Each kind of news; the compiler names one that is missing. */
const NEWS: { [T in DownloaderNews["type"]]: DownloaderNews & { type: T } } = {
  proc_started: { type: "proc_started", ...proc, pinned: true },
  proc_unpinned: { type: "proc_unpinned", ...proc, error: died },
  proc_crashed: { type: "proc_crashed", ...proc, error: died, tasks: 3 },
  owner_lost: { type: "owner_lost", owner: "o" },
  list_silent: { type: "list_silent", reason: "ECONNREFUSED" },
  list_back: { type: "list_back" },
  progress: {
    type: "progress",
    settled: 0,
    total: 0,
    percent: 0,
    bytes: 0,
    estimated: false,
    counts,
    speed: 0,
    filesPerSecond: 0,
    files: [],
  },
  tasks_added: { type: "tasks_added", added: 2, duplicates: 3 },
  tasks_changed: { type: "tasks_changed", changed: 2 },
  tasks_synced: { type: "tasks_synced", file: "/1.txt", canceled: 1, returned: 2 },
  tasks_forgotten: { type: "tasks_forgotten", tasks: 2 },
  tasks_reclaimed: { type: "tasks_reclaimed", tasks: 2 },
  tasks_lost: { type: "tasks_lost", tasks: 2, why: "dropped" },
  records_broken: { type: "records_broken", records: 2, keys: ["k"] },
  files_limited: {
    type: "files_limited",
    message:
      "This process may open 64 files (ulimit -n): 1 worker has 5 downloads at a time each, instead of 2 with 64",
  },
  tasks_asked_again: { type: "tasks_asked_again", tasks: 2 },
  link_renewed: { type: "link_renewed", id: "t1", url: "http://h/x", renewed: "http://h/y" },
  files_recovered: { type: "files_recovered", named: 1, removed: 2 },
  space_low: { type: "space_low", free: 1, floor: 2 },
  space_back: { type: "space_back", free: 1, floor: 2 },
  space_missing: { type: "space_missing", ms: 1000 },
  window_closed: { type: "window_closed", opensAt: 0 },
  window_opened: { type: "window_opened" },
  tasks_read: { type: "tasks_read", file: "/1.txt", entries: 2 },
  checksums_found: { type: "checksums_found", found: 1, files: 2 },
  tasks_missing: { type: "tasks_missing", file: "/1.txt" },
  tasks_invalid: { type: "tasks_invalid", file: "/1.txt", line: 1, column: 2, message: "?" },
  fields_ignored: { type: "fields_ignored", file: "/1.txt", names: ["x"] },
  entry_refused: { type: "entry_refused", index: 1, field: "url", message: "?" },
  task_done: { type: "task_done", ...task, bytes: 1, ms: 2, continuedAt: 3, originalName: "x", contentEncoding: "x" },
  task_paused: { type: "task_paused", ...task },
  task_canceled: { type: "task_canceled", ...task },
  task_removed: { type: "task_removed", ...task },
  task_failed: { type: "task_failed", ...task, error },
  task_retry: { type: "task_retry", ...task, error, notBefore: 0 },
};

/** Words that are no name, no url and no unit. */
function english(line: string): string[] {
  const names =
    /http:\/\/\S+|\/1\.txt|proc_worker-0|ECONNREFUSED|--[a-z-]+|HTTP|Content-Encoding|Redis|maxmemory-policy|noeviction|corehaul doctor|corehaul remove KEY|ulimit -n|\d[\d:.TZ-]+|\b(url|MiB|KiB|B|s|h|x)\b/g;
  return line.replace(names, "").match(/[A-Za-z]{2,}/g) ?? [];
}

Deno.test("inChinese has Chinese words for every line that the log says", () => {
  const said: string[] = [];
  const say = (message: string) => void said.push(inChinese(message));
  const log = new TaskLog({ debug: say, info: say, warn: say, error: say }, "zh");
  for (const news of Object.values(NEWS)) log.write(news);
  assert(said.length >= Object.keys(NEWS).length - 1);
  for (const line of said) assertEquals(english(line), [], line);
});

Deno.test("inChinese has Chinese words for what goes wrong, put together of parts, and leaves names as they are", () => {
  const said = {
    "呜呜，搬砖出错了：http://h/a: b: h: HTTP status 404": "呜呜，搬砖出错了：http://h/a: b: h: HTTP 状态 404",
    'Cannot use --retries as it must be a whole number from 0 to 100: current value is "x"':
      '不能使用 --retries：必须是 0 到 100 的整数，现在的值是 "x"',
    "Option --retries needs a value; see corehaul --help": "选项 --retries 需要一个值；参见 corehaul --help",
    'Unexpected argument "b" of corehaul run': 'corehaul run 不接受参数 "b"',
    "http://h/a: h: HTTP status 503; attempt 2 at 2026-01-01T00:00:00.000Z":
      "http://h/a: h: HTTP 状态 503；第 2 次尝试在 2026-01-01T00:00:00.000Z",
    // What nobody here said stays as it is.
    "a.bin is what the server says: who knows": "a.bin is what the server says: who knows",
  };
  for (const [text, chinese] of Object.entries(said)) assertEquals(inChinese(text), chinese);
});

Deno.test("inChinese has Chinese words for every option that has a wrong value", () => {
  const env = Object.fromEntries(CFG_FIELDS.map((field) => [cfgEnvName(field), ""]));
  const { problems } = assertThrows(() => cfgResolve({ env }), CfgError);
  assertEquals(problems.length, CFG_FIELDS.length);
  for (const { message } of problems) {
    const said = /^不能使用 CFG_\w+：必须(.*)，现在的值是 .*$/.exec(inChinese(message))?.[1];
    assert(said !== undefined && /^\p{Script=Han}/u.test(said), inChinese(message));
  }
});

Deno.test("inChinese has Chinese words for every failure of a download, and every mistake on the command line", async () => {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  for (const folder of ["cli", "download"]) {
    for await (const { path } of walk(`${root}${folder}`, { exts: [".ts"] })) {
      const source = await Deno.readTextFile(path);
      const thrown = /new (?:UsageError\(|DownloadError\(\s*"[^"]*",)\s*(?:`((?:[^`\\]|\\.)*)`|"((?:[^"\\]|\\.)*)")/gs;
      for (const found of source.matchAll(thrown)) {
        const text = found[1] ?? found[2]!;
        // Of two ways to say it, the first.
        const said = text.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, (place) => / \? "([^"]*)"/.exec(place)?.[1] ?? "7");
        if (!/[a-z]{2,} [a-z]{2,}/.test(said)) continue;
        assert(inChinese(said) !== said, `${path} says "${said}", which has no line in cli/chinese_phrases.ts`);
      }
    }
  }
});

Deno.test("CHINESE_PHRASES has as many places in Chinese as in English", () => {
  for (const [text, chinese] of CHINESE_PHRASES) {
    assertEquals(chinese.match(/\{.?\}/g)?.length, text.match(/\{\*?\}/g)?.length, text);
  }
});
