/** FTP against a real vsftpd. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError, networkError } from "../../download/download_error.ts";
import { HostAddresses } from "../../download/host_addresses.ts";
import { HostBusyError } from "../../download/host_visits.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { NameLookups } from "../../download/name_lookups.ts";
import { FtpDriver } from "../../download/protocols/ftp_driver.ts";
import { ftpTarget } from "../../download/protocols/ftp_target.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { until } from "../support/until.ts";
import { VsftpdServer } from "../support/vsftpd_server.ts";

const SIZE = 3_000_000;
const STAMP = new Date("2026-01-02T03:04:05Z");

async function folder(): Promise<TempDir> {
  const home = await TempDir.create();
  await home.write("one.bin", bytesFor("one", SIZE));
  await home.write("deep/a file +%&.txt", "small");
  await home.write("empty", "");
  await Deno.utime(home.join("one.bin"), STAMP, STAMP);
  return home;
}

async function failure(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

Deno.test("FtpDriver has as many connections as there are downloads at a time, and uses them again", async () => {
  await using home = await folder();
  await using server = await VsftpdServer.start(home.path);
  using driver = new FtpDriver(ANONYMOUS);
  const before = await server.connections();
  for (let i = 0; i < 2; i++) {
    await Promise.all(Array.from({ length: 6 }, () => drive(driver, `${server.url()}/one.bin`)));
    assertEquals(await server.connections(), before + 6);
  }
});

Deno.test("FtpDriver keeps to the number of connections that the server allows", async () => {
  await using home = await folder();
  await using server = await VsftpdServer.start(home.path, { more: ["max_clients=2"] });
  using driver = new FtpDriver(ANONYMOUS);
  // Who has waited for long goes back to the list, and comes again.
  const again = <T>(ask: () => Promise<T>): Promise<T> =>
    ask().catch((error) => {
      if (error instanceof HostBusyError) return again(ask);
      throw error;
    });
  const fetch = () => again(() => drive(driver, `${server.url()}/one.bin`));
  const all = await Promise.all(Array.from({ length: 12 }, fetch));
  for (const { bytes } of all) assertEquals(bytes.length, SIZE);
  // Both are held by files that nobody reads: who comes then goes back to the list, and has not failed.
  const open = () => again(() => driver.open(request(`${server.url()}/one.bin`)));
  // A connection that has just ended counts at the server for a moment longer.
  using _one = await open();
  using _two = await open();
  const error = await failure(driver.open(request(`${server.url()}/one.bin`)));
  assert(error instanceof HostBusyError, error.message);
});

Deno.test("FtpDriver looks the name of a server up once, and goes on to its next address", async () => {
  await using home = await folder();
  const pair = await testCertificate(["files.test"]);
  await using plain = await VsftpdServer.start(home.path);
  await using explicit = await VsftpdServer.start(home.path, { tls: pair });
  await using implicit = await VsftpdServer.start(home.path, { tls: { ...pair, implicit: true } });
  for (const [server, scheme] of [[plain, "ftp"], [explicit, "ftpes"], [implicit, "ftps"]] as const) {
    const asked: string[] = [];
    const names = new NameLookups({
      resolve: (name) => {
        asked.push(name);
        return name === "files.test" ? Promise.resolve(["127.0.0.9", "127.0.0.1"]) : Promise.reject(new Error("no"));
      },
    });
    const identity = { ...ANONYMOUS, caCerts: [pair.cert] };
    using driver = new FtpDriver(identity, false, new HostAddresses(identity, names));
    const told: string[] = [];
    const watch = { lookingUp: () => void told.push("looking"), lookedUp: () => void told.push("looked") };
    const url = server.url(scheme).replace("127.0.0.1", "files.test");
    const both = await Promise.all([0, 1].map(() => drive(driver, `${url}/one.bin`, { watch })));
    for (const { bytes } of both) assertEquals(bytes.length, SIZE);
    assertEquals([asked, told], [["files.test"], ["looking", "looking", "looked", "looked"]]);
    const error = await failure(
      drive(driver, `${url.replace("files", "other")}/one.bin`).catch((reason) => {
        throw networkError(reason, url);
      }),
    );
    assertEquals([error.kind, error.retryable], ["network", true]);
    assertMatch(error.message, /: the name cannot be looked up: no$/);
  }
});

Deno.test("FtpDriver looks a name up anew when none of its addresses can be connected", async () => {
  await using home = await folder();
  await using server = await VsftpdServer.start(home.path);
  const answers = [["127.0.0.9"], ["127.0.0.1"]];
  const names = new NameLookups({ resolve: () => Promise.resolve(answers.shift()!) });
  using driver = new FtpDriver(ANONYMOUS, false, new HostAddresses(ANONYMOUS, names));
  const url = `${server.url().replace("127.0.0.1", "moved.test")}/one.bin`;
  assertEquals((await failure(drive(driver, url))).kind, "network");
  assertEquals((await drive(driver, url)).bytes.length, SIZE);
});

Deno.test("FtpDriver tells what is wrong, and whether it may pass", async () => {
  await using home = await folder();
  await using server = await VsftpdServer.start(home.path, { password: "let me in" });
  using driver = new FtpDriver(ANONYMOUS);
  const said = async (url: string) => {
    const { kind, retryable, message } = await failure(drive(driver, url));
    return [kind, retryable, message] as const;
  };
  const good = server.url("ftp", "anonymous:let%20me%20in@");
  assertEquals((await drive(driver, `${good}/one.bin`)).bytes.length, SIZE);
  const [kind, retryable, message] = await said(`${server.url("ftp", "anonymous:wrong@")}/one.bin`);
  assertEquals([kind, retryable], ["auth", false]);
  assertMatch(message, /FTP reply 530: /);
  assert(!message.includes("wrong"), message);
  assertEquals((await said(`${good}/a%0d%0aDELE%20one.bin`)).slice(0, 2), ["unsupported", false]);
  using behindProxy = new FtpDriver({ ...ANONYMOUS, proxy: "http://127.0.0.1:1" });
  const proxied = await failure(behindProxy.open(request(`${good}/one.bin`)));
  assertEquals([proxied.kind, proxied.message], [
    "unsupported",
    `127.0.0.1:${server.port}: FTP does not go through --proxy`,
  ]);
  using guarded = new FtpDriver({ ...ANONYMOUS, denyPrivate: true });
  assertEquals((await failure(guarded.open(request(`${good}/one.bin`)))).kind, "security");
  using named = new FtpDriver({ ...ANONYMOUS, denyPrivate: true, allowPrivate: [`127.0.0.1:${server.port}`] });
  assertEquals((await drive(named, `${good}/one.bin`)).bytes.length, SIZE);
});

Deno.test("FtpDriver takes user name and password from the url or the netrc file", async () => {
  await using home = await folder();
  await using server = await VsftpdServer.start(home.path, { password: "from netrc" });
  using driver = new FtpDriver({ ...ANONYMOUS, netrc: 'machine 127.0.0.1 login anonymous password "from netrc"' });
  assertEquals((await drive(driver, `${server.url()}/one.bin`)).bytes.length, SIZE);
  assertEquals((await drive(driver, `${server.url("ftp", "anonymous@")}/one.bin`)).bytes.length, SIZE);
  assertEquals((await failure(drive(driver, `${server.url("ftp", "anonymous:x@")}/one.bin`))).kind, "auth");
  const other = "machine 127.0.0.1 login other password from";
  using users = new FtpDriver({
    ...ANONYMOUS,
    netrc: `${other} machine 127.0.0.1 login anonymous password "from netrc"`,
  });
  assertEquals((await drive(users, `${server.url("ftp", "anonymous@")}/one.bin`)).bytes.length, SIZE);
});

Deno.test("FtpDriver with TLS checks the certificate", async () => {
  await using home = await folder();
  const pair = await testCertificate(["localhost"]);
  await using explicit = await VsftpdServer.start(home.path, { tls: pair });
  await using implicit = await VsftpdServer.start(home.path, { tls: { ...pair, implicit: true } });
  using driver = new FtpDriver({ ...ANONYMOUS, caCerts: [pair.cert] });
  const local = (server: VsftpdServer, scheme: string) => server.url(scheme).replace("127.0.0.1", "localhost");
  for (const url of [local(explicit, "ftpes"), local(implicit, "ftps")]) {
    assertEquals((await drive(driver, `${url}/one.bin`)).bytes.length, SIZE);
  }
  assertEquals((await failure(drive(driver, `${explicit.url("ftpes")}/one.bin`))).kind, "security");
  using strict = new FtpDriver(ANONYMOUS);
  assertEquals((await failure(drive(strict, `${local(explicit, "ftpes")}/one.bin`))).kind, "security");
  // Without TLS this server lets nobody in.
  assertEquals((await failure(drive(driver, `${explicit.url()}/one.bin`))).retryable, false);
});

Deno.test("FtpDriver says so where a server wants TLS sessions to be used again", async () => {
  await using home = await folder();
  const pair = await testCertificate(["localhost"]);
  await using server = await VsftpdServer.start(home.path, { tls: { ...pair, sessionReuse: true } });
  using driver = new FtpDriver({ ...ANONYMOUS, caCerts: [pair.cert] });
  const error = await failure(drive(driver, `ftpes://localhost:${server.port}/one.bin`));
  assertEquals([error.kind, error.retryable], ["unsupported", false]);
  assertMatch(error.message, /session reuse required.*TLS sessions are not used again here/);
});

Deno.test("FtpDriver takes another connection when the server has ended an idle one", async () => {
  await using home = await folder();
  await using server = await VsftpdServer.start(home.path, { more: ["idle_session_timeout=1"] });
  using driver = new FtpDriver(ANONYMOUS);
  const before = await server.connections();
  await drive(driver, `${server.url()}/one.bin`);
  await until("the server to end it", async () => {
    const { bytes } = await drive(driver, `${server.url()}/empty`).finally(() =>
      new Promise((resolve) => setTimeout(resolve, 1500))
    );
    return bytes.length === 0 && await server.connections() > before + 1;
  });
});

Deno.test("FtpDriver lists hidden files, and no more than what there is where a name has a line break", async () => {
  await using home = await folder();
  await home.write("deep/.hidden", "h");
  await home.write("deep/line\nbreak", "l");
  await Deno.mkdir(home.join("deep/nothing"));
  await using server = await VsftpdServer.start(home.path, { more: ["force_dot_files=YES"] });
  using driver = new FtpDriver(ANONYMOUS);
  const url = `${server.url()}/deep/`;
  const found = await Array.fromAsync(driver.list({ url, signal: new AbortController().signal }), ({ path }) => path);
  // A list of FTP has one line for each file.
  assertEquals(found.filter((path) => !/^line|break$/.test(path)).sort(), [".hidden", "a file +%&.txt"]);
});

Deno.test("FtpDriver lists more files than a server tells of at a time", async () => {
  await using home = await folder();
  const names = Array.from({ length: 500 }, (_, i) => `深い ${i} +&%.bin`);
  for (const name of names) await home.write(`many/${name}`, "");
  await using server = await VsftpdServer.start(home.path);
  using driver = new FtpDriver(ANONYMOUS);
  const url = `${server.url()}/many/`;
  const found = await Array.fromAsync(driver.list({ url, signal: new AbortController().signal }), ({ path }) => path);
  assertEquals(found.sort(), names.sort());
});

Deno.test("ftpTarget reads urls as curl does", () => {
  const read = (url: string) => {
    const { hostname, port, security, user, password, path, host } = ftpTarget(url);
    return { hostname, port, security, user, password, path, host };
  };
  const nobody = { user: "anonymous", password: "anonymous@" };
  assertEquals(read("ftp://example.org/a/b%20c"), {
    ...nobody,
    hostname: "example.org",
    port: 21,
    security: "none",
    path: "a/b c",
    host: "example.org",
  });
  assertEquals(read("ftp://[::1]:2121//etc/x"), {
    ...nobody,
    hostname: "::1",
    port: 2121,
    security: "none",
    path: "/etc/x",
    host: "[::1]:2121",
  });
  assertEquals([read("ftp://h/%2Fetc/x").path, read("ftps://h/x").port, read("ftps://h/x").security], [
    "/etc/x",
    990,
    "implicit",
  ]);
  assertEquals([read("ftps://h:21/x").security, read("ftpes://h/x").port, read("ftpes://h/x").security], [
    "explicit",
    21,
    "explicit",
  ]);
  // One character a byte, whatever they mean.
  assertEquals([read("ftp://h/caf%E9").path, read("ftp://h/caf%C3%A9").path, read("ftp://h/é?#").path], [
    "caf\u00e9",
    "caf\u00c3\u00a9",
    "\u00c3\u00a9?#",
  ]);
  assertEquals([read("ftp://me:p%40ss@h/x").user, read("ftp://me:p%40ss@h/x").password], ["me", "p@ss"]);
});
