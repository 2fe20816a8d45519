import { assert, assertEquals, assertThrows } from "@std/assert";
import { CFG_FIELDS, cfgFileKey } from "../../config/cfg_fields.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { cfgOrigins, cfgResolve } from "../../config/cfg_resolve.ts";

const found = (values: Record<string, unknown>) => ({ file: { name: "corehaul.jsonc", values, found: true } });
const refusals = (values: Record<string, unknown>) =>
  assertThrows(() => cfgResolve(found(values)), CfgError).problems.map(({ message }) => message);

Deno.test("cfgResolve lets the later one of several files win, option by option", () => {
  const { retries, jobs, dir } = cfgResolve({
    file: [
      { name: "user", values: { cfg_retries: 1, cfg_jobs: 2 } },
      { name: "folder", values: { cfg_retries: 3, cfg_dir: "files" }, found: true },
    ],
  });
  assertEquals([retries, jobs, dir], [3, 2, "files"]);
});

Deno.test("cfgResolve takes nothing from a file that was only found that runs programs, weakens what protects, or writes elsewhere", () => {
  const never = CFG_FIELDS.filter(({ fromFolder }) => fromFolder === "never");
  for (
    const name of ["refresh-cmd", "protocol", "proxy", "insecure", "deny-private", "allow-file", "ssh-accept-new", "ca"]
  ) {
    assert(never.some(({ flag }) => flag === name), name);
  }
  for (const field of never) {
    for (const value of ["true", "false", "x", ["x"]]) {
      if (Array.isArray(value) && !field.repeatable) continue;
      assertEquals(refusals({ [cfgFileKey(field)]: value }), [
        `Cannot use ${cfgFileKey(field)} in corehaul.jsonc as it must not stand in a file that was only found here; ` +
        "--config corehaul.jsonc takes everything",
      ]);
    }
  }
  assertEquals(cfgResolve({ file: { name: "c", values: { cfg_proxy: "http://h:1" } } }).proxy, "http://h:1");
});

Deno.test("cfgResolve takes only paths below the folder from a file that was only found", () => {
  for (const path of ["/tmp/x", "..", "../x", "a/../../x", "./../x"]) {
    for (const key of ["cfg_dir", "cfg_log_file", "cfg_save_failed", "cfg_output"]) {
      assertEquals(refusals({ [key]: path }), [
        `Cannot use ${key} in corehaul.jsonc as it must be a path below this folder: current value is "${path}"; ` +
        "--config corehaul.jsonc takes everything",
      ]);
    }
  }
  for (const path of ["files", "./files/a", "a/../b", "..a", "."]) {
    assertEquals(cfgResolve(found({ cfg_dir: path })).dir, path);
  }
});

Deno.test("cfgOrigins tells of every option which value it has and where that is from, without secrets", () => {
  const origins = cfgOrigins({
    file: [
      { name: "user", values: { cfg_retries: 1, cfg_jobs: 2 } },
      { name: "folder", values: { cfg_retries: 3, cfg_header: ["A: secret", "B: secret"] } },
    ],
    env: { CFG_JOBS: "4", CFG_SSH_PASSPHRASE: "secret", CFG_PROXY: "http://me:secret@h:1" },
    flags: { dir: "files", quiet: "true" },
  });
  assertEquals(origins.map(({ field }) => field), [...CFG_FIELDS]);
  const of = (flag: string) => {
    const { field: _, ...rest } = origins.find(({ field }) => field.flag === flag)!;
    return rest;
  };
  assertEquals(of("retries"), { values: ["3"], source: "folder" });
  assertEquals(of("jobs"), { values: ["4"], source: "environment" });
  assertEquals(of("dir"), { values: ["files"], source: "flag" });
  assertEquals(of("log-level"), { values: ["error"], source: "flag", by: "--quiet" });
  assertEquals(of("concurrency"), { values: ["64"], source: "default" });
  assertEquals(of("timeout"), { source: "default" });
  assertEquals(of("header"), { values: ["A: …", "B: …"], source: "folder" });
  assert(!JSON.stringify(origins.map(({ values }) => values)).includes("secret"));
});
