/** What FTP servers do in different ways: vsftpd with other settings, and vsftpd behind a relay that changes what it says. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { FtpDriver } from "../../download/protocols/ftp_driver.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { FtpRelay } from "../support/ftp_relay.ts";
import { TempDir } from "../support/temp_dir.ts";
import { VsftpdServer } from "../support/vsftpd_server.ts";

const STAMP = new Date("2026-01-02T03:04:05Z");
const SIZE = 100_000;

async function folder(): Promise<TempDir> {
  const home = await TempDir.create();
  await home.write("one.bin", bytesFor("one", SIZE));
  await home.write("empty", "");
  await Deno.utime(home.join("one.bin"), STAMP, STAMP);
  return home;
}

async function failure(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

async function listed(driver: FtpDriver, url: string): Promise<{ path: string; url: string }[]> {
  const files = await Array.fromAsync(driver.list({ url, signal: new AbortController().signal }));
  return files.sort((one, other) => one.path < other.path ? -1 : 1);
}

Deno.test("FtpDriver takes 550 to SIZE and MDTM for not told, and lets RETR say whether there is a file", async () => {
  await using home = await folder();
  const told = { length: SIZE, lastModified: STAMP.toUTCString() };
  const cases = [
    ["SIZE", { lastModified: told.lastModified }],
    ["MDTM", { length: told.length }],
    ["SIZE,MDTM", {}],
  ] as const;
  for (const [denied, facts] of cases) {
    await using server = await VsftpdServer.start(home.path, { more: [`cmds_denied=${denied}`] });
    using driver = new FtpDriver(ANONYMOUS);
    const url = `${server.url()}/one.bin`;
    const { response, bytes } = await drive(driver, url);
    const { length, lastModified } = response;
    assertEquals(JSON.parse(JSON.stringify({ length, lastModified })), facts, denied);
    assertEquals([bytes, response.rangeable], [bytesFor("one", SIZE), false], denied);
    assertEquals((await drive(driver, `${server.url()}/empty`)).bytes.length, 0);
    // It is said before anything is stored.
    for (const path of ["none", ""]) {
      const missing = await failure(driver.open(request(`${server.url()}/${path}`)));
      assertEquals([missing.kind, missing.retryable], ["not-found", false], `${denied} ${path}`);
    }
    // What is not known cannot be the same.
    const condition = { ...told, lastModified: told.lastModified };
    assertEquals((await drive(driver, url, { condition })).bytes.length, SIZE);
    const range = { from: 10, ifRange: told.lastModified };
    assertEquals((await drive(driver, url, { range })).response.offset, 0);
    // A file that nobody wants any more does no harm to the next one.
    (await driver.open(request(url)))[Symbol.dispose]();
    assertEquals((await drive(driver, url)).bytes, bytesFor("one", SIZE));
  }
});

Deno.test("FtpDriver asks once more for a listing without -a where the one with it is empty", async () => {
  await using home = await folder();
  await home.write("deep/.hidden", "h");
  await home.write("deep/er/file", "f");
  await Deno.mkdir(home.join("nothing"));
  await using server = await VsftpdServer.start(home.path, { more: ["force_dot_files=YES"] });
  // Servers that know no options look for a file with that name.
  await using relay = FtpRelay.start(server.port, { command: (line) => line.replace(/^LIST -a$/, "LIST ./-a") });
  using driver = new FtpDriver(ANONYMOUS);
  assertEquals((await listed(driver, `${relay.url}/deep/`)).map(({ path }) => path), [".hidden", "er/file"]);
  assertEquals(relay.commands.filter((line) => line.startsWith("LIST")), ["LIST -a", "LIST", "LIST"]);
  assertEquals(await listed(driver, `${relay.url}/nothing/`), []);
  // A server that knows the option is asked with it, also behind an empty folder.
  await using plain = FtpRelay.start(server.port, {});
  await Deno.mkdir(home.join("deep/a nothing"));
  assertEquals((await listed(driver, `${plain.url}/deep/`)).length, 2);
  const asked = plain.commands.filter((line) => line.startsWith("LIST"));
  assertEquals(asked.filter((line) => line === "LIST -a").length, 3);
});

Deno.test("FtpDriver keeps what came where the server ends the control connection right behind the data", async () => {
  await using home = await folder();
  await using server = await VsftpdServer.start(home.path);
  const options = { reply: (line: string) => line.startsWith("226 Transfer") ? undefined : line };
  for (const late of [false, true]) {
    await using relay = FtpRelay.start(server.port, options);
    using driver = new FtpDriver(ANONYMOUS);
    using response = await driver.open(request(`${relay.url}/one.bin`));
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    await response.read((piece) => {
      pieces.push(piece.slice());
      return undefined;
    }, async () => {
      // All of it is on its way, and nobody has read it yet.
      if (late) await relay.ended;
      return SIZE;
    });
    assertEquals(new Uint8Array(await new Blob(pieces).arrayBuffer()), bytesFor("one", SIZE));
  }
  // Where nobody has said how long the file is, its end may be that of the connection.
  await using untold = FtpRelay.start(server.port, {
    ...options,
    command: (line) => line.replace(/^SIZE .*/, "SIZE no-such-file"),
  });
  using driver = new FtpDriver(ANONYMOUS);
  const lost = await failure(drive(driver, `${untold.url}/one.bin`));
  assertEquals([lost.kind, lost.retryable], ["network", true]);
});

Deno.test("FtpDriver lists and fetches names that are not UTF-8, by their bytes", async () => {
  await using home = await folder();
  // Neither the runtime nor its tests can write such names themselves.
  const script = String
    .raw`cd "$0" && mkdir "$(printf 'd\351p\364t')" && for name in 'caf\351.txt' '\303\274-utf8.txt' \
    'd\351p\364t/\240\377\200' 'both-\303\274-\374'; do printf "$name" >"$(printf "$name")"; done`;
  const made = await new Deno.Command("/bin/sh", { args: ["-c", script, await Deno.realPath(home.path)] }).output();
  assertEquals(new TextDecoder().decode(made.stderr), "");
  await using server = await VsftpdServer.start(home.path);
  using driver = new FtpDriver(ANONYMOUS);
  const url = `${server.url()}/`;
  const files = (await listed(driver, url)).filter(({ path }) => !["one.bin", "empty"].includes(path));
  assertEquals(files, [
    { path: "both-%C3%BC-%FC", url: `${url}both-%C3%BC-%FC` },
    { path: "caf%E9.txt", url: `${url}caf%E9.txt` },
    { path: "d%E9p%F4t/%A0%FF%80", url: `${url}d%E9p%F4t/%A0%FF%80` },
    { path: "ü-utf8.txt", url: `${url}%C3%BC-utf8.txt` },
  ]);
  for (const { url, path } of files) {
    const { response, bytes } = await drive(driver, url);
    const encoded = encodeURIComponent(path).replaceAll("%25", "%").replaceAll("%2F", "/");
    assertEquals([response.finalUrl, response.length], [url, bytes.length]);
    assertEquals(Array.from(bytes, (byte) => byte), bytesOf(encoded));
  }
  const inside = await listed(driver, `${url}d%E9p%F4t/`);
  assertEquals(inside, [{ path: "%A0%FF%80", url: `${url}d%E9p%F4t/%A0%FF%80` }]);
  const missing = await failure(drive(driver, `${url}%FF`));
  assertEquals(missing.kind, "not-found");
  const malformed = await failure(drive(driver, `${url}100%`));
  assertEquals(malformed.kind, "unsupported");
  assertMatch(malformed.message, /its path must be percent-encoded/);
  assert(!malformed.retryable);
});

function bytesOf(encoded: string): number[] {
  const decoded = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Array.from(decoded, (character) => character.charCodeAt(0));
}

Deno.test("FtpDriver refuses a folder whose name has a line break, and sends none", async () => {
  await using home = await folder();
  await home.write("deep/sub\rfolder/file", "f");
  await home.write("deep/a\rfile", "f");
  await home.write("deep/b", "b");
  await using server = await VsftpdServer.start(home.path);
  await using relay = FtpRelay.start(server.port, {});
  using driver = new FtpDriver(ANONYMOUS);
  // A name in a listing may have anything but what ends its line.
  const below = await failure(listed(driver, `${relay.url}/deep/`));
  assertEquals([below.kind, below.retryable], ["unsupported", false], below.message);
  assertMatch(below.message, /its path must have no control characters in it: current value is "sub%0Dfolder\/"$/);
  assertEquals(relay.commands.filter((line) => /^CWD|folder|[\r\n]/.test(line)), ["CWD deep/"]);
  // The files around it are those that are there; one that cannot be asked for fails by itself.
  await Deno.remove(home.join("deep/sub\rfolder"), { recursive: true });
  assertEquals(await listed(driver, `${relay.url}/deep/`), [
    { path: "a\rfile", url: `${relay.url}/deep/a%0Dfile` },
    { path: "b", url: `${relay.url}/deep/b` },
  ]);
  const before = relay.commands.length;
  for (const part of ["a%0Ab", "a%0Db", "a%0D%0ADELE%20one.bin", "a%00b"]) {
    for (const path of [`${part}/`, `deep/${part}/`]) {
      const whole = await failure(listed(driver, `${relay.url}/${path}`));
      assertEquals([whole.kind, whole.retryable], ["unsupported", false], path);
      assertMatch(whole.message, /its path must have no control characters in it: current value is "/);
      assert(whole.message.includes(path), whole.message);
    }
    const file = await failure(drive(driver, `${relay.url}/${part}`));
    assert(file.kind === "unsupported" && file.message.includes(part), file.message);
  }
  assertEquals(relay.commands.slice(before).filter((line) => line !== "QUIT"), []);
});
