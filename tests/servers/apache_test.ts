/** What Corehaul promises holds with Apache httpd. */
import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { hash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { ApacheServer } from "../support/apache_server.ts";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertGoesOn, assertMixedFiles, writeLargeFile, writeMixedFiles } from "../support/static_files.ts";
import { assertWhole, filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses(2);

testClients("corehaul run --once stores 200 files of Apache byte for byte", async (client) => {
  await using home = await TempDir.create();
  const paths = await writeMixedFiles(home);
  await using server = await ApacheServer.start(home.join("root"));
  await assertMixedFiles(home, paths, server.url, client);
});

testClients("corehaul get goes on at its byte after SIGKILL, with Apache and its mod_ratelimit", async (client) => {
  await using home = await TempDir.create();
  await writeLargeFile(home);
  // What is asked for from its beginning does not come to its end before anybody gives up.
  const slow = [
    ...["<Location /large.bin>", "  SetOutputFilter RATE_LIMIT"],
    ...['  SetEnvIf Range "^$" rate-limit=32 rate-initial-burst=6144', "</Location>"],
  ];
  await using server = await ApacheServer.start(home.join("root"), slow);
  await assertGoesOn(server, server.url, client);
});

testClients("corehaul run gets what a .htaccess of Apache protects, and fails by 401 without", async (client) => {
  await using home = await TempDir.create();
  const content = bytesFor("kept", 5000);
  await home.write("root/kept/file.bin", content);
  const users = await home.write("root/users.txt", `me:{SHA}${hash("sha1", "secret:1", "base64")}\n`);
  await home.write(
    "root/kept/.htaccess",
    `AuthType Basic\nAuthName "members"\nAuthUserFile ${users}\nRequire valid-user\n`,
  );
  await home.write("root/shut/file.bin", content);
  await home.write("root/shut/.htaccess", "Require all denied\n");
  await using server = await ApacheServer.start(home.join("root"));
  const url = `${server.url}/kept/file.bin`;
  const { ended, tasks } = await runOnce(home, client, [
    { url: url.replace("//", "//me:secret%3A1@"), out: "userinfo" },
    { url: url.replace("//", "//me:wrong@"), out: "wrong" },
    { url, out: "anonymous" },
    { url: `${server.url}/shut/file.bin`, out: "shut" },
  ]);
  assertCode(ended, 1);
  const ends = tasks.map(({ out, status, attempts, error }) => [out, status, attempts, error?.status]);
  assertEquals(
    new Map(ends.map(([out, ...end]) => [out, end])),
    new Map([
      ["userinfo", ["done", 1, undefined]],
      ["wrong", ["failed", 1, 401]],
      ["anonymous", ["failed", 1, 401]],
      ["shut", ["failed", 1, 403]],
    ]),
  );
  assertMatch(ended.stderr, /401/);
  assertEquals(await Deno.readFile(home.join("files/userinfo")), content);
  assertEquals(await filesIn(home.join("files")), ["userinfo"]);
});

testClients("corehaul run takes odd headers and encodings of Apache for what they are", async (client) => {
  await using home = await TempDir.create();
  const text = new TextEncoder().encode("corehaul\n".repeat(5000));
  for (const path of ["md5/a.bin", "odd/b.bin", "gzip/c.txt", "wrong/d.bin", "moved/e.bin"]) {
    await home.write(`root/${path}`, text);
  }
  const long = "x".repeat(4000);
  await using server = await ApacheServer.start(home.join("root"), [
    "<Location /md5>",
    `  Header set Content-MD5 ${hash("md5", text, "base64")}`,
    "</Location>",
    "<Location /wrong>",
    `  Header set Content-MD5 ${hash("md5", "other", "base64")}`,
    "</Location>",
    "<Location /odd>",
    `  Header set X-Long ${long}`,
    '  Header add X-Empty ""',
    "  Header unset ETag",
    "  Header set Last-Modified yesterday",
    "</Location>",
    // Encodes whatever the client asks for.
    "<Location /gzip>",
    "  RequestHeader set Accept-Encoding gzip",
    "  SetOutputFilter DEFLATE",
    "</Location>",
    "Redirect 302 /old /moved",
  ]);
  const encoded = await fetch(`${server.url}/gzip/c.txt`, { headers: { "accept-encoding": "identity" } });
  await encoded.body?.cancel();
  assertEquals(encoded.headers.get("content-encoding"), "gzip");
  const urls = ["/md5/a.bin", "/odd/b.bin", "/gzip/c.txt", "/old/e.bin"].map((path) => server.url + path);
  const { ended, tasks } = await runOnce(home, client, [...urls, `${server.url}/wrong/d.bin`], ["--retries", "0"]);
  const wrong = tasks.find(({ url }) => url.includes("/wrong/"));
  await assertWhole(tasks.filter((task) => task !== wrong), home.join("files"), () => text);
  // Content-MD5 was taken out of HTTP: nothing is checked by it.
  assertEquals(wrong?.status, "done");
  assertCode(ended, 0);
});

testClients(
  "corehaul run keeps the bytes of packed files, of which Apache says again that they are",
  async (client) => {
    await using home = await TempDir.create();
    const packed = new Uint8Array(gzipSync("corehaul\n".repeat(50_000)));
    const large = new Uint8Array(gzipSync(randomBytes(6_000_000)));
    const files = {
      "a.tar.gz": packed,
      "b.tgz": packed,
      "c.gz": packed,
      "top/d.tar.gz": packed,
      "large.tar.gz": large,
    };
    for (const [path, bytes] of Object.entries(files)) {
      // Apache gives no part of a file by a date of the last minute, and none by the ETag of a file of this second.
      await Deno.utime(await home.write(`root/${path}`, bytes), 1_700_000_000, 1_700_000_000);
    }
    await using server = await ApacheServer.start(home.join("root"), [
      // As the configuration of many distributions has it.
      "AddEncoding x-gzip .gz .tgz",
      "RemoveType .gz .tgz",
      // Encodes whatever the client asks for, on top of what the file is.
      "<Location /top>",
      "  RemoveEncoding .gz",
      "  RequestHeader set Accept-Encoding gzip",
      "  SetOutputFilter DEFLATE",
      "</Location>",
    ]);
    for (const [path, coding] of [["a.tar.gz", "x-gzip"], ["top/d.tar.gz", "gzip"]]) {
      const asked = await fetch(`${server.url}/${path}`);
      await asked.body?.cancel();
      assertEquals(asked.headers.get("content-encoding"), coding);
    }
    const { url } = server;
    const known = { checksum: `sha-256:${hash("sha256", packed)}`, size: packed.length };
    const { ended, tasks } = await runOnce(home, client, [
      ...["a.tar.gz", "b.tgz", "c.gz"].map((path) => ({ url: `${url}/${path}`, out: path, ...known })),
      ...Object.keys(files).map((path) => ({ url: `${url}/${path}`, out: `plain/${path}`, segments: 4 })),
    ]);
    assertCode(ended, 0);
    assertEquals(tasks.length, 8);
    for (const { out } of tasks) {
      const bytes = files[out.replace("plain/", "") as keyof typeof files];
      assertEquals(Buffer.compare(await Deno.readFile(home.join("files", out)), bytes), 0, out);
    }
    // Its parts come under the same coding.
    await server.log.until("a part", ({ status, path }) => status === 206 && path === "/large.tar.gz");
  },
);
