import { assert, assertEquals } from "@std/assert";
import { parseTaskFilter, type TaskFilter, taskMatcher } from "../../queue/task_filter.ts";
import type { Task, TaskErrorKind } from "../../queue/task_model.ts";

const FAILED: Task = {
  ...{ id: "t1", seq: 1, url: "https://example.org:8443/a/b.jpg", out: "photos/2024/b.jpg", priority: 0 },
  ...{ status: "failed", attempts: 6, crashes: 0, addedAt: 1, finishedAt: 500 },
  error: { kind: "http", message: "503", status: 503, retryable: true, at: 400 },
};
const DONE: Task = {
  ...{ id: "t2", seq: 2, url: "http://other.test/c", out: "c", priority: 0 },
  ...{ status: "done", attempts: 1, crashes: 0, addedAt: 1, finishedAt: 900 },
};

Deno.test("parseTaskFilter puts words of one key side by side and words of different keys one upon the other", () => {
  assertEquals(parseTaskFilter(["status=failed", "status=canceled", "host=Example.org", "out=a=b/*"]), {
    type: "filter",
    filter: { status: ["failed", "canceled"], host: ["example.org"], out: ["a=b/*"] },
  });
  assertEquals(parseTaskFilter([]), { type: "filter", filter: {} });
});

Deno.test("parseTaskFilter names a word that is wrong", () => {
  const cases: [string, string][] = [
    ["failed", 'must be status, error, host, out or url with = and a value: current value is "failed"'],
    ["=failed", 'must be status, error, host, out or url with = and a value: current value is "=failed"'],
    ["color=red", 'must be status, error, host, out or url with = and a value: current value is "color=red"'],
    ["toString=x", 'must be status, error, host, out or url with = and a value: current value is "toString=x"'],
    ["out=", 'must have a value after out=: current value is "out="'],
    ["host=a/b", 'must be a host such as example.org after host=: current value is "host=a/b"'],
  ];
  for (const [word, message] of cases) assertEquals(parseTaskFilter([word]), { type: "problem", message });
  for (const word of ["status=Failed", "error=http-9", "error=http-6xx", "error=404"]) {
    assertEquals(parseTaskFilter([word]).type, "problem", word);
  }
});

Deno.test("parseTaskFilter knows every kind of failure", () => {
  const kinds: Record<TaskErrorKind, boolean> = {
    ...{ http: true, network: true, timeout: true, disk: true, name: true, protocol: true, unsupported: true },
    ...{ redirect: true, integrity: true, size: true, security: true, auth: true, "not-found": true },
    ...{ crash: true, internal: true },
  };
  for (const kind of Object.keys(kinds) as TaskErrorKind[]) {
    const parsed = parseTaskFilter([`error=${kind}`]);
    assertEquals(parsed, { type: "filter", filter: { error: [kind] } });
    assert(parsed.type === "filter");
    assert(taskMatcher(parsed.filter)({ ...FAILED, error: { kind, message: "", retryable: false, at: 1 } }), kind);
  }
});

Deno.test("parseTaskFilter shows no password of a url that stands in the wrong place", () => {
  for (const word of ["host=https://me:SECRET@h/x", "https://me:SECRET@h/x"]) {
    const parsed = parseTaskFilter([word]);
    assert(parsed.type === "problem" && !parsed.message.includes("SECRET"), JSON.stringify(parsed));
  }
});

Deno.test("taskMatcher tells the tasks that a filter means", () => {
  const cases: [TaskFilter, boolean, boolean][] = [
    [{}, true, true],
    [{ status: ["failed"] }, true, false],
    [{ status: ["failed", "done"] }, true, true],
    [{ error: ["http-503"] }, true, false],
    [{ error: ["http-5xx"] }, true, false],
    [{ error: ["http-4xx", "network"] }, false, false],
    [{ error: ["http"] }, true, false],
    [{ host: ["example.org"] }, true, false],
    [{ host: ["example.org:8443"] }, true, false],
    [{ host: ["example.org:443"] }, false, false],
    [{ out: ["photos/*"] }, false, false],
    [{ out: ["photos/**"] }, true, false],
    [{ out: ["photos/*/b.jpg", "c"] }, true, true],
    [{ retryable: true }, true, false],
    [{ retryable: false }, false, true],
    [{ askableAt: 0 }, true, true],
    [{ finishedBefore: 900 }, true, false],
    [{ status: ["failed"], host: ["other.test"] }, false, false],
  ];
  const cooling = { ...FAILED, error: { ...FAILED.error!, retryAt: 5000 } };
  assertEquals([4999, 5000].map((askableAt) => taskMatcher({ askableAt })(cooling)), [false, true]);
  for (const [filter, failed, done] of cases) {
    const matches = taskMatcher(filter);
    assertEquals([matches(FAILED), matches(DONE)], [failed, done], JSON.stringify(filter));
  }
});
