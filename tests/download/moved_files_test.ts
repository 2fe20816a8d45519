/** Redirects from HTTP to other protocols: where they lead, as whom the file is asked for there, and where they do not. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { encodePartState, partState } from "../../download/part_state.ts";
import { drive } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { VsftpdServer } from "../support/vsftpd_server.ts";
import { DownloadBench } from "./download_bench.ts";
import { madeDrivers } from "./driver/made_driver.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const SIZE = 3_000_000;
const STAMP = new Date("2026-01-02T03:04:05Z");
const NETRC = "machine 127.0.0.1 login me password secret\nmachine localhost login me password secret\n";

async function withFtp(
  lane: boolean,
  run: (bench: DownloadBench, servers: { ftp: VsftpdServer; ftps: VsftpdServer; ftpes: VsftpdServer }) => Promise<void>,
) {
  await using home = await TempDir.create();
  await home.write("pub/one.bin", bytesFor("one", SIZE));
  await home.write("pub/small.txt", "small");
  await Deno.utime(home.join("pub/one.bin"), STAMP, STAMP);
  const pair = await testCertificate(["localhost"]);
  await using ftp = await VsftpdServer.start(home.path);
  await using ftpes = await VsftpdServer.start(home.path, { tls: pair });
  await using ftps = await VsftpdServer.start(home.path, { tls: { ...pair, implicit: true } });
  await using bench = await DownloadBench.start(({ search }) => {
    const location = decodeURIComponent(search.slice(1));
    return new Response("moved", { status: 302, headers: { location } });
  }, { lane });
  bench.context.drivers = madeDrivers({ lane, identity: { netrc: NETRC, caCerts: [pair.cert] } });
  bench.open.push(...bench.context.drivers);
  await run(bench, { ftp, ftps, ftpes });
}

function to(server: VsftpdServer, scheme: string, path: string): string {
  return `/here?${encodeURIComponent(`${server.url(scheme).replace("127.0.0.1", "localhost")}${path}`)}`;
}

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";

  Deno.test(`procDownloadCore follows redirects from http to FTP, as nobody in particular, ${way}`, () =>
    withFtp(lane, async (bench, servers) => {
      for (const [scheme, server] of Object.entries(servers)) {
        const path = to(server, scheme, "/pub/one.bin");
        const headers = { "X-Key": "secret", Authorization: "Basic bWU6c2VjcmV0" };
        const outcome = await bench.fetch(path, { out: scheme, headers, user: "me" } as never);
        assert(outcome.type === "done", `${scheme}: ${JSON.stringify(outcome)}`);
        assertMatch(outcome.facts.finalUrl, new RegExp(`^${scheme}://localhost:\\d+/pub/one\\.bin$`));
        assertEquals(outcome.facts.lastModified, STAMP.toUTCString());
        assertEquals(bench.read(scheme), bytesFor("one", SIZE));
        assertEquals(await server.commands("USER"), ["USER anonymous"], scheme);
        const passwords = await server.commands("PASS");
        assert(!passwords.join().includes("secret"), passwords.join());
      }
    }));

  Deno.test(`procDownloadCore names a file after the redirect to FTP, and gives its url no user name, ${way}`, () =>
    withFtp(lane, async (bench, { ftp }) => {
      const location = `${ftp.url("ftp", "you:secret@")}/pub/small.txt`;
      const outcome = await bench.fetch(
        `/here?${encodeURIComponent(location)}`,
        { out: "here", named: undefined } as never,
      );
      assert(outcome.type === "done", JSON.stringify(outcome));
      assertEquals(outcome.facts.finalUrl, `${ftp.url()}/pub/small.txt`);
      assertEquals(bench.asked.map(([out]) => out), ["small.txt"]);
      assertEquals(new TextDecoder().decode(bench.read("small.txt")), "small");
      assertEquals(await ftp.commands("USER"), ["USER anonymous"]);
    }));

  Deno.test(`procDownloadCore continues what came by a redirect to FTP, and says where it fails, ${way}`, () =>
    withFtp(lane, async (bench, { ftp }) => {
      const path = to(ftp, "ftp", "/pub/one.bin");
      const half = SIZE / 2;
      Deno.writeFileSync(bench.path("file.part"), bytesFor("one", SIZE).subarray(0, half));
      const version = {
        length: SIZE,
        lastModified: STAMP.toUTCString(),
        headers: new Headers({ date: new Date().toUTCString() }),
      };
      const state = partState(bench.server.url + path, version, "boot-1")!;
      Deno.writeTextFileSync(bench.path("file.part-info"), encodePartState(state));
      assertEquals((await bench.fetch(path)).type, "done");
      assertEquals(bench.read(), bytesFor("one", SIZE));
      assertEquals(await ftp.commands("REST"), [`REST ${half}`]);
      assertEquals(bench.names(), ["file"]);
      const missing = await bench.fetch(to(ftp, "ftp", "/pub/none"), { out: "none" });
      assert(missing.type === "failed", JSON.stringify(missing));
      assertEquals(missing.error.kind, "not-found");
      assertMatch(missing.error.message, /^localhost:\d+: FTP reply 550/);
    }));

  Deno.test(`procDownloadCore counts the place at the server of a redirect to FTP, ${way}`, () =>
    withFtp(lane, async (bench, { ftp }) => {
      const visits: string[] = [];
      bench.context.hosts = {
        watching: true,
        enter: (_place: unknown, host: string) => void visits.push(host),
        answered() {},
        failed() {},
      } as never;
      assertEquals((await bench.fetch(to(ftp, "ftp", "/pub/small.txt"))).type, "done");
      assertEquals(visits, [`127.0.0.1:${bench.server.port}`, `localhost:${ftp.port}`]);
    }));

  Deno.test(`procDownloadCore goes to no other scheme by a redirect, and names it, ${way}`, async () => {
    await using home = await TempDir.create();
    const module = await home.write(
      "driver.ts",
      `export default { open: () => ({ body: new Blob(["own"]).stream() }) };`,
    );
    await using bench = await DownloadBench.start(({ search }) => {
      return new Response("moved", { status: 302, headers: { location: decodeURIComponent(search.slice(1)) } });
    }, { lane });
    const own = ["own:", "ftp:"].map((scheme) => ({ scheme, module: `file://${module}` }));
    bench.context.drivers = madeDrivers({ lane, settings: { allowFile: true, protocols: own } });
    bench.open.push(...bench.context.drivers);
    const targets = {
      file: "file:///etc/passwd",
      s3: "s3://bucket/key?secret",
      sftp: "sftp://127.0.0.1/file",
      data: "data:text/plain,evil",
      own: "own://x/y",
      // It is the user's own, too.
      ftp: "ftp://127.0.0.1/file",
      gopher: "gopher://127.0.0.1/",
      javascript: "javascript:alert(1)",
    };
    for (const [scheme, target] of Object.entries(targets)) {
      const outcome = await bench.fetch(`/here?${encodeURIComponent(target)}`);
      assert(outcome.type === "failed", `${scheme}: ${JSON.stringify(outcome)}`);
      assertEquals([outcome.error.kind, outcome.error.retryable], ["redirect", false], scheme);
      assertMatch(outcome.error.message, new RegExp(`^127\\.0\\.0\\.1:\\d+: redirected to .*\\b${scheme}\\b`));
      assert(!outcome.error.message.includes("secret"), outcome.error.message);
      assertEquals(bench.names(), []);
    }
  });

  Deno.test(`HttpDriver leaves https only for what is encrypted, ${way}`, async () => {
    const pair = await testCertificate(["localhost"]);
    await using plain = new RawServer(answering(reply("plain")));
    let location = "";
    await using server = new RawServer(answering(() => reply("", "302 Found", `Location: ${location}`)), pair);
    for (const allowDowngrade of [false, true]) {
      using driver = new HttpDriver({
        idlePerHost: 2,
        lane,
        identity: { ...ANONYMOUS, caCerts: [pair.cert], allowDowngrade },
      });
      const ask = async (to: string) => {
        location = to;
        return await drive(driver, server.url("/", "localhost").href);
      };
      location = "ftp://localhost/x";
      const refused = await assertRejects(() => ask(location), DownloadError);
      assertEquals([refused.kind, refused.retryable], ["security", false]);
      assertMatch(refused.message, /redirected from https to ftp/);
      for (const target of ["ftps://localhost/x", "ftpes://localhost/x"]) {
        const moved = await assertRejects(() => ask(target), DownloadError);
        assertEquals([moved.kind, moved.name, (moved as { url?: string }).url], ["redirect", "MovedError", target]);
      }
      if (allowDowngrade) {
        assertEquals((await ask(plain.url().href)).bytes.length, 5);
      } else {
        const error = await assertRejects(() => ask(plain.url().href), DownloadError);
        assertMatch(error.message, /--allow-downgrade/);
      }
    }
  });
}
