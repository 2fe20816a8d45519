/** What Corehaul promises holds with Caddy, by http and by https, although that would offer HTTP/2. */
import { assertEquals, assertMatch } from "@std/assert";
import { CaddyServer } from "../support/caddy_server.ts";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertGoesOn, assertMixedFiles, writeLargeFile, writeMixedFiles } from "../support/static_files.ts";
import { filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";

shareCommandProcesses(2);

testClients("corehaul run --once stores 200 files of Caddy byte for byte, by http and by https", async (client) => {
  await using home = await TempDir.create();
  const paths = await writeMixedFiles(home);
  const pair = await testCertificate(["localhost"]);
  const ca = ["--ca", await home.write("ca.pem", pair.cert)];
  await using server = await CaddyServer.start(home.join("root"), pair);
  await assertMixedFiles(home, paths, server.url, client);
  await assertMixedFiles(home, paths, server.tlsUrl, client, ca);
});

testClients("corehaul get goes on at its byte after SIGKILL, with Caddy, by http and by https", async (client) => {
  await using home = await TempDir.create();
  await writeLargeFile(home);
  const pair = await testCertificate(["localhost"]);
  const more = ["--ca", await home.write("ca.pem", pair.cert)];
  await using server = await CaddyServer.start(home.join("root"), pair);
  const slow = ["--limit-rate", "2M"];
  await assertGoesOn(server, server.url, client, { slow });
  await assertGoesOn(server, server.tlsUrl, client, { slow, more });
});

testClients("corehaul run trusts a certificate of Caddy only by --ca, and speaks HTTP/1.1 to it", async (client) => {
  await using home = await TempDir.create();
  const content = bytesFor("file", 70_000);
  await home.write("root/file.bin", content);
  const pair = await testCertificate(["localhost"]);
  await using server = await CaddyServer.start(home.join("root"), pair);
  const url = `${server.tlsUrl}/file.bin`;
  const { ended, tasks } = await runOnce(home, client, [url]);
  assertCode(ended, 1);
  assertEquals([tasks[0]?.status, tasks[0]?.attempts], ["failed", 1]);
  assertMatch(tasks[0]!.error!.message, /certificate/i);
  assertMatch(ended.stderr, /certificate/i);
  assertEquals(await filesIn(home.join("files")), []);
  await using second = await TempDir.create();
  const ca = await second.write("ca.pem", pair.cert);
  const trusted = await runOnce(second, client, [url], ["--ca", ca]);
  assertCode(trusted.ended, 0);
  assertEquals(await Deno.readFile(second.join("files/file.bin")), content);
  const { protocol } = await server.log.until("it", ({ path }) => path === "/file.bin");
  assertEquals(protocol, "HTTP/1.1");
});

testClients("corehaul run stores what Caddy would encode as it is", async (client) => {
  await using home = await TempDir.create();
  const text = new TextEncoder().encode("corehaul\n".repeat(5000));
  await home.write("root/page.html", text);
  const pair = await testCertificate(["localhost"]);
  const ca = await home.write("ca.pem", pair.cert);
  await using server = await CaddyServer.start(home.join("root"), pair, ["encode gzip zstd"]);
  const encoded = await fetch(`${server.url}/page.html`, { headers: { "accept-encoding": "gzip" } });
  await encoded.body?.cancel();
  assertEquals(encoded.headers.get("content-encoding"), "gzip");
  const entries = [{ url: `${server.url}/page.html`, out: "1" }, { url: `${server.tlsUrl}/page.html`, out: "2" }];
  const { ended } = await runOnce(home, client, entries, ["--ca", ca]);
  assertCode(ended, 0);
  for (const name of ["1", "2"]) assertEquals(await Deno.readFile(home.join("files", name)), text);
});
