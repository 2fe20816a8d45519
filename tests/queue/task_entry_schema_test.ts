import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { plainEntry } from "../../queue/plain_entry.ts";
import { checkTaskEntry } from "../../queue/task_entry_schema.ts";

Deno.test("checkTaskEntry takes a url, and every field that a task may have", () => {
  assertEquals(checkTaskEntry("http://h/a"), { type: "entry", entry: { url: "http://h/a" } });
  const entry = {
    url: "ipfs://x",
    id: "7",
    out: "a/b",
    priority: -3,
    headers: { "X-A": "b c", authorization: "Basic x" },
    mirrors: ["http://m/a", "https://n/a"],
    limitRate: 1000,
    segments: 16,
    checksum: "md5:1B2M2Y8AsgTpgAmY7PhCfg==",
    size: 0,
  };
  assertEquals(checkTaskEntry(entry), { type: "entry", entry });
});

Deno.test("checkTaskEntry writes a url in one way, whatever blanks are around it", () => {
  for (const url of [" http://h/a", "http://h/a ", "\thttp://h/a\r\n", "\u0000http://h/a\u001f"]) {
    assertEquals(checkTaskEntry({ url, mirrors: [url] }), {
      type: "entry",
      entry: { url: "http://h/a", mirrors: ["http://h/a"] },
    });
    assertEquals(checkTaskEntry(url), { type: "entry", entry: { url: "http://h/a" } });
    assertEquals([plainEntry(url), plainEntry({ url })], [{ url: "http://h/a" }, { url: "http://h/a" }]);
  }
  assertEquals(checkTaskEntry("http://h/a b"), { type: "entry", entry: { url: "http://h/a b" } });
});

Deno.test("checkTaskEntry names the field that is wrong, and its value", () => {
  const cases: [unknown, string, string][] = [
    [{ url: "not a url" }, "url", '"not a url"'],
    ["", "url", '""'],
    [{}, "url", "absent"],
    [{ url: 5 }, "url", "5"],
    [{ url: "http://h/", priority: 1.5 }, "priority", "1.5"],
    [{ url: "http://h/", priority: "high" }, "priority", '"high"'],
    [{ url: "http://h/", id: "" }, "id", '""'],
    [{ url: "http://h/", out: "" }, "out", '""'],
    [{ url: "http://h/", headers: { "x y": "1" } }, "headers.x y", ""],
    [{ url: "http://h/", headers: { x: "a\r\nEvil: 1" } }, "headers.x", "must be one line"],
    [{ url: "http://h/", headers: { "X-A": "1", b: "2", "x-a": "1" } }, "headers", '"X-A" and "x-a"'],
    [{ url: "http://h/", headers: [] }, "headers", "[]"],
    [{ url: "http://h/", mirrors: ["x"] }, "mirrors.0", '"x"'],
    [{ url: "http://h/", mirrors: Array(51).fill("http://m/") }, "mirrors", "50"],
    [{ url: "http://h/", limitRate: 0 }, "limitRate", "0"],
    [{ url: "http://h/", segments: 0 }, "segments", "0"],
    [{ url: "http://h/", segments: 17 }, "segments", "17"],
    [{ url: "http://h/", segments: "auto" }, "segments", '"auto"'],
    [{ url: "http://h/", checksum: 5 }, "checksum", "5"],
    [{ url: "http://h/", size: -1 }, "size", "-1"],
    [{ url: "http://h/", size: 1.5 }, "size", "1.5"],
    [{ url: "http://h/", size: 2 ** 53 }, "size", "9007199254740992"],
    [{ url: "http://h/", size: "1 MiB" }, "size", '"1 MiB"'],
    [{ url: "http://h/", prority: 1 }, "prority", "not a field"],
    [null, "entry", "null"],
    [7, "entry", "7"],
    [["http://h/"], "entry", "http://h/"],
  ];
  for (const [value, field, part] of cases) {
    const result = checkTaskEntry(value);
    assertEquals(result.type, "problem", JSON.stringify(value));
    if (result.type !== "problem") continue;
    assertEquals(result.field, field, JSON.stringify(value));
    assertStringIncludes(result.message, part);
  }
});

Deno.test("checkTaskEntry never shows the value of a header or a password", () => {
  const password = checkTaskEntry({ url: "http://h/", password: 123_454_321 });
  assert(password.type === "problem" && password.field === "password" && !password.message.includes("123454321"));
  const result = checkTaskEntry({ url: "http://h/", headers: { authorization: "Bearer SECRET\n" } });
  assertEquals(result.type, "problem");
  assertEquals(JSON.stringify(result).includes("SECRET"), false);
});

Deno.test("checkTaskEntry shows no credentials of a url and nothing of headers, however wrong they are", () => {
  const url = "https://h/";
  const cases: [unknown, string][] = [
    ["https://me:SECRET@host:99999/x", "https://host:99999/x"],
    ["https://me:SEC/RET@host/", "https://host/"],
    [{ url: "https://me:SECRET@host:99999/x" }, "https://host:99999/x"],
    ["header=Authorization: SECRET", "header="],
    [{ url: ["https://me:SECRET@h/"] }, "https://h/"],
    [{ url: { href: "https://me:SECRET@h/", headers: { authorization: "SECRET" } } }, "https://h/"],
    [{ url, mirrors: ["https://h/", "https://me:SECRET@host:99999/"] }, "https://host:99999/"],
    [{ url, mirrors: "https://me:SECRET@h/" }, "https://h/"],
    [{ url, mirrors: [["https://me:SECRET@h/"]] }, "https://h/"],
    [{ url, headers: "Authorization: SECRET" }, ""],
    [{ url, headers: ["Authorization: SECRET"] }, ""],
    [{ url, headers: { authorization: ["SECRET"] } }, "headers.authorization"],
    [{ url, headers: { "Authorization: SECRET": "" } }, "headers.Authorization"],
    [{ url, user: ["SECRET"], password: "x" }, "user"],
    [{ url, "https://me:SECRET@h/x": "out" }, "https://h/x"],
    [["https://me:SECRET@h/"], "https://h/"],
    [[{ url, headers: { authorization: "SECRET" }, user: "SECRET", password: "SECRET" }], "https://h/"],
  ];
  for (const [value, part] of cases) {
    const result = checkTaskEntry(value);
    assert(result.type === "problem", JSON.stringify(value));
    const shown = `${result.field} ${result.message}`;
    assert(!/SEC|RET/.test(shown), shown);
    assertStringIncludes(shown, part);
  }
});
