/** What Corehaul promises holds with the answers of httpbin. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { hash } from "node:crypto";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { HttpbinServer } from "../support/httpbin_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const CHUNKED = "/stream-bytes/100000?seed=1&chunk_size=1000";

function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals([actual.length, hash("sha256", actual)], [expected.length, hash("sha256", expected)]);
}

/** Runs entries of `out` and path once, and gives what each file says. */
async function stored(
  home: TempDir,
  server: HttpbinServer,
  client: string,
  paths: Record<string, string>,
  more: string[] = [],
): Promise<Record<string, Uint8Array>> {
  const entries = Object.entries(paths).map(([out, path]) => ({ out, url: server.url + path }));
  const { ended } = await runOnce(home, client, entries, ["--retries", "0", ...more]);
  assertCode(ended, 0);
  const files = Object.keys(paths).map(async (out) => [out, await Deno.readFile(home.join("files", out))] as const);
  return Object.fromEntries(await Promise.all(files));
}

// deno-lint-ignore no-explicit-any -- every path answers another shape
function json(bytes: Uint8Array | undefined): any {
  return JSON.parse(new TextDecoder().decode(bytes));
}

shareCommandProcesses(2);

testClients("corehaul run decodes what httpbin encodes unasked", async (client) => {
  await using home = await TempDir.create();
  await using server = await HttpbinServer.start();
  const files = await stored(home, server, client, { gzip: "/gzip", deflate: "/deflate", br: "/brotli" });
  assertEquals(json(files.gzip).gzipped, true);
  assertEquals(json(files.deflate).deflated, true);
  assertEquals(json(files.br).brotli, true);
  assertEquals(json(files.gzip).headers["Accept-Encoding"], "identity");
});

testClients("corehaul run follows every kind of redirect of httpbin", async (client) => {
  await using home = await TempDir.create();
  await using server = await HttpbinServer.start();
  const target = encodeURIComponent(`${server.url}/anything/there?a=1&b=2`);
  const files = await stored(home, server, client, {
    relative: "/relative-redirect/3",
    either: "/redirect/3",
    absolute: "/absolute-redirect/2",
    to: `/redirect-to?url=${target}`,
    to307: `/redirect-to?status_code=307&url=${target}`,
    to308: `/redirect-to?status_code=308&url=${target}`,
  });
  for (const name of ["relative", "either", "absolute"]) assertEquals(json(files[name]).url, `${server.url}/get`, name);
  for (const name of ["to", "to307", "to308"]) {
    assertEquals(json(files[name]).args, { a: "1", b: "2" }, name);
    assertEquals(json(files[name]).method, "GET", name);
  }
});

testClients("corehaul run fails where httpbin says so, and gives the status", async (client) => {
  await using home = await TempDir.create();
  await using server = await HttpbinServer.start();
  const paths = {
    401: "/digest-auth/auth/u/p",
    403: "/status/403",
    404: "/hidden-basic-auth/u/p",
    418: "/status/418",
    500: "/status/500",
    503: "/status/503",
  };
  const entries = Object.entries(paths).map(([out, path]) => ({ out, url: server.url + path }));
  const { ended, tasks } = await runOnce(home, client, entries, ["--retries", "0"]);
  assertCode(ended, 1);
  for (const { out, status, attempts, error } of tasks) {
    assertEquals([status, attempts, error?.status], ["failed", 1, Number(out)], out);
    assert(error!.message.includes(out), error!.message);
  }
  const asked = (await server.log.requests()).filter(({ path }) => Object.values(paths).includes(path));
  assertEquals(asked.length, 6, "each was asked once");
});

testClients("corehaul run stores nothing of an answer of httpbin that brings no file", async (client) => {
  await using home = await TempDir.create();
  await using server = await HttpbinServer.start();
  const entries = [202, 204, 205, 206, 300, 304].map((status) => ({
    out: `${status}`,
    url: `${server.url}/status/${status}`,
  }));
  const many = { out: "many", url: `${server.url}/redirect/21` };
  const sftp = { out: "sftp", url: `${server.url}/redirect-to?url=sftp://127.0.0.1/file` };
  const { ended, tasks } = await runOnce(home, client, [...entries, many, sftp]);
  assertCode(ended, 1);
  for (const { out, status, attempts, error } of tasks) {
    assertEquals([status, attempts], ["failed", 1], out);
    if (out === "many") assertMatch(error!.message, /more than 20 redirects/);
    else if (out === "sftp") assertMatch(error!.message, /no redirect to sftp is followed/);
    else assertEquals(error?.status, Number(out));
  }
  assertEquals(await filesIn(home.join("files")), []);
});

testClients(
  "corehaul run is let in at digest-auth of httpbin with user and password, and not with a wrong one",
  async (client) => {
    await using home = await TempDir.create();
    await using server = await HttpbinServer.start();
    const entry = (kind: string, password: string) => ({
      url: `${server.url}/digest-auth/${kind}`.replace("//", `//u:${password}@`),
      out: `${kind.replaceAll("/", "-")}-${password}`,
    });
    const kinds = ["auth/u/secret", "auth/u/secret/MD5", "auth/u/secret/SHA-256", "auth-int/u/secret"];
    const { ended, tasks } = await runOnce(home, client, [
      ...kinds.map((kind) => entry(kind, "secret")),
      entry("auth/u/secret", "wrong"),
    ]);
    assertCode(ended, 1);
    assertEquals(tasks.filter(({ status }) => status === "done").length, kinds.length);
    const [refused, ...others] = tasks.filter(({ status }) => status !== "done");
    assertEquals([refused?.status, refused?.attempts, refused?.error?.status, others.length], ["failed", 1, 401, 0]);
    assertMatch(ended.stderr, /401/);
  },
);

testClients("corehaul run is let in by httpbin with each kind of credentials", async (client) => {
  await using server = await HttpbinServer.start();
  const basic = { basic: "/basic-auth/u/p" };
  const get = async (paths: Record<string, string>, more: (home: TempDir) => Promise<string[]>) => {
    await using home = await TempDir.create();
    return await stored(home, server, client, paths, await more(home));
  };
  const netrc = await get(
    basic,
    async (home) => ["--netrc", await home.write("netrc", "machine 127.0.0.1\nlogin u\npassword p\n")],
  );
  assertEquals(json(netrc.basic), { authenticated: true, user: "u" });
  const bearer = await get({ bearer: "/bearer" }, () => Promise.resolve(["--header", "Authorization: Bearer key"]));
  assertEquals(json(bearer.bearer), { authenticated: true, token: "key" });
  await using home = await TempDir.create();
  const url = `${server.url}/basic-auth/u/p`.replace("//", "//u:p@");
  const { ended } = await runOnce(home, client, [{ url, out: "basic" }]);
  assertCode(ended, 0);
  assertEquals(json(await Deno.readFile(home.join("files/basic"))), { authenticated: true, user: "u" });
});

testClients("corehaul run sends httpbin its cookies, also one that was set on the way", async (client) => {
  await using home = await TempDir.create();
  await using server = await HttpbinServer.start();
  const cookies = await home.write("cookies.txt", "127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tone\n");
  const files = await stored(home, server, client, { set: "/cookies/set?more=two" }, ["--cookies", cookies]);
  assertEquals(json(files.set), { cookies: { sid: "one", more: "two" } });
});

testClients("corehaul run stores bodies of httpbin that come in every way", async (client) => {
  await using home = await TempDir.create();
  await using server = await HttpbinServer.start();
  const files = await stored(home, server, client, {
    range: "/range/100000?chunk_size=7000",
    etag: "/etag/abc",
    chunked: CHUNKED,
    drip: "/drip?duration=1&numbytes=20&delay=0",
    bytes: "/bytes/0",
    lines: "/stream/5",
    agent: "/user-agent",
  }, ["--user-agent", "hauler/7 (test)"]);
  const letters = Uint8Array.from({ length: 100_000 }, (_, i) => 97 + i % 26);
  assertSame(files.range!, letters);
  assertEquals(json(files.etag).url, `${server.url}/etag/abc`);
  // Only one at a time is what its seed says: all requests draw from the same random numbers.
  assertSame(files.chunked!, await (await fetch(server.url + CHUNKED)).bytes());
  assertEquals(files.drip, new TextEncoder().encode("*".repeat(20)));
  assertEquals(files.bytes!.length, 0);
  assertEquals(new TextDecoder().decode(files.lines).trim().split("\n").length, 5);
  assertEquals(json(files.agent), { "user-agent": "hauler/7 (test)" });
});
