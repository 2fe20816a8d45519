/** `corehaul manifest`. */
import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { hash } from "node:crypto";
import { assertCode, corehaul, jsonLines, PROJECT_ROOT, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { TerminalProcess } from "../support/terminal.ts";

const SIZE = 2000;
const LARGE = 200_000;

shareCommandProcesses();

Deno.test("corehaul manifest tells where files are from, and --verify what became of them", async () => {
  await using home = await TempDir.create();
  const sizeOf = (path: string) => path === "/large" ? LARGE : SIZE;
  await using server = FaultServer.start(({ path }) => {
    if (path === "/old") return new Response(null, { status: 302, headers: { location: "/new" } });
    const digest = hash("sha256", bytesFor(path, SIZE), "base64");
    return new Response(bytesFor(path, sizeOf(path)), {
      headers: { etag: `"${path}"`, ...(path === "/sent" ? { "repr-digest": `sha-256=:${digest}:` } : {}) },
    });
  });
  const options = { cwd: home.path };
  const checksum = (path: string) => `sha-256:${hash("sha256", bytesFor(path, sizeOf(path)), "hex")}`;
  const { host } = new URL(server.url);
  const entries = [
    { url: `http://me:hunter2@${host}/plain` },
    { url: `${server.url}/old`, out: "sub/moved" },
    { url: `${server.url}/sent` },
    { url: `${server.url}/large`, checksum: checksum("/large") },
  ];
  await home.write("list.json", JSON.stringify(entries));
  assertCode(await corehaul(["get", "-i", "list.json", "-d", "files"], options), 0);
  const json = await corehaul(["manifest", "--dir", "files", "--json"], options);
  assertCode(json, 0);
  const records = jsonLines(json.stdout).sort((a, b) => String(a.out).localeCompare(String(b.out)));
  assertEquals(
    records.map(({ out, url, finalUrl, bytes, digest, etag, attempts }) => [
      out,
      url,
      finalUrl,
      bytes,
      digest,
      etag,
      attempts,
    ]),
    [
      ["large", `${server.url}/large`, `${server.url}/large`, LARGE, checksum("/large"), '"/large"', 1],
      ["plain", `${server.url}/plain`, `${server.url}/plain`, SIZE, undefined, '"/plain"', 1],
      ["sent", `${server.url}/sent`, `${server.url}/sent`, SIZE, checksum("/sent"), '"/sent"', 1],
      ["sub/moved", `${server.url}/old`, `${server.url}/new`, SIZE, undefined, '"/new"', 1],
    ],
  );
  const table = await corehaul(["manifest", "-d", "files"], options);
  assertEquals(table.stdout.trim().split("\n").length, 4);
  assertMatch(table.stdout, /Z +200000 {2}sha-256:[0-9a-f]{64} {2}large {2}http:/);
  const verify = async (...more: string[]) => await corehaul(["manifest", "--verify", "-d", "files", ...more], options);
  assertEquals(await verify(), { code: 0, stdout: "4 ok, 0 wrong\n", stderr: "" });
  await home.write("files/large", bytesFor("/other", LARGE));
  await home.write("files/plain", "short");
  await Deno.remove(home.join("files/sub/moved"));
  const wrong = await verify();
  assertEquals(wrong.code, 1);
  const lines = wrong.stdout.trim().split("\n").sort();
  assertEquals(lines.length, 4);
  assertEquals(lines[0], "1 ok, 3 wrong");
  assertMatch(lines[1]!, /^digest {5}large: sha-256:[0-9a-f]{64} in the manifest, sha-256:[0-9a-f]{64} in the file$/);
  assertEquals(lines[2], "missing    sub/moved");
  assertEquals(lines[3], `size       plain: ${SIZE} bytes in the manifest, 5 in the file`);
  const told = await verify("--json");
  assertEquals(told.code, 1);
  assertEquals(jsonLines(told.stdout).map(({ out, state }) => `${out} ${state}`).sort(), [
    "large digest",
    "plain size",
    "sent ok",
    "sub/moved missing",
  ]);
  const args = ["run", "-A", fromFileUrl(new URL("cli.ts", PROJECT_ROOT)), "manifest", "--verify", "-d", "files"];
  await using terminal = await TerminalProcess.start(Deno.execPath(), args, home.path);
  assertEquals(await terminal.ended(), 1);
  // What is wrong stands above what is drawn, and the answer below it.
  assertMatch(
    terminal.text,
    /missing {4}sub\/moved\n[^]*100% {2}4\/4 files {2}.*\/s {2}\d+ files\/s {2}3 wrong\n+1 ok, 3 wrong\n$/,
  );
});

Deno.test("corehaul manifest has nothing to tell of an empty folder, and refuses none and wrong options", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  assertEquals(await corehaul(["manifest", "-d", "."], options), { code: 0, stdout: "", stderr: "" });
  assertEquals(await corehaul(["manifest", "-d", ".", "--verify"], options), {
    code: 0,
    stdout: "0 ok, 0 wrong\n",
    stderr: "",
  });
  const none = await corehaul(["manifest"], options);
  assertEquals(none.code, 2);
  assertEquals(
    none.stderr,
    'corehaul: Cannot use --dir as it must be a folder that is there: current value is "downloads"\n',
  );
  const odd = await corehaul(["manifest", "--verify=maybe"], options);
  assertEquals(odd.code, 2);
  assertMatch(odd.stderr, /--verify .*"maybe"/);
  assertEquals((await corehaul(["get", "--verify", "http://h/x"], options)).code, 2);
});
