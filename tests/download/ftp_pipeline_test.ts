/** Questions of FTP that are asked at once: against vsftpd, and behind a relay as servers that do not take that. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { FtpDriver } from "../../download/protocols/ftp_driver.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { FtpRelay, type FtpRelayOptions } from "../support/ftp_relay.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";
import { VsftpdServer } from "../support/vsftpd_server.ts";

const STAMP = new Date("2026-01-02T03:04:05Z");
const SIZE = 10_000;
const AT_ONCE = ["EPSV", "MDTM one.bin", "SIZE one.bin", "RETR one.bin", "MDTM one.bin"];

async function start(stack: AsyncDisposableStack, options: FtpRelayOptions, more: readonly string[] = []) {
  const home = stack.use(await TempDir.create());
  await home.write("one.bin", bytesFor("one", SIZE));
  await home.write(" leading.bin", bytesFor("leading", SIZE));
  await Deno.utime(home.join("one.bin"), STAMP, STAMP);
  const server = stack.use(await VsftpdServer.start(home.path, { more }));
  const relay = stack.use(FtpRelay.start(server.port, options));
  return { relay, driver: stack.use(new FtpDriver(ANONYMOUS)), url: `${relay.url}/one.bin` };
}

async function fetchOne(driver: FtpDriver, url: string): Promise<void> {
  const { response, bytes } = await drive(driver, url);
  assertEquals([response.length, response.lastModified, response.rangeable], [SIZE, STAMP.toUTCString(), true]);
  assertEquals(bytes, bytesFor("one", SIZE));
}

/** The commands for files, without those of the login. */
function asked({ commands }: FtpRelay): string[] {
  return commands.filter((line) => /^(EPSV|PASV|XEPS|MDTM|SIZE|RETR|REST|PWD)/.test(line));
}

Deno.test("FtpDriver asks for port, date and size at once, and for the date again behind the file", async () => {
  await using stack = new AsyncDisposableStack();
  const { relay, driver, url } = await start(stack, {});
  await fetchOne(driver, url);
  assertEquals(asked(relay), AT_ONCE);
  assertEquals(relay.batches.filter((size) => size > 1), [3]);
  await fetchOne(driver, url);
  assertEquals(asked(relay), [...AT_ONCE, ...AT_ONCE]);
  // Where nothing is read, the port is left alone, and the next file has one of its own.
  (await driver.open(request(url)))[Symbol.dispose]();
  await fetchOne(driver, url);
  // Where a path begins is a question of its own if that is a blank.
  assertEquals((await drive(driver, `${relay.url}/%20leading.bin`)).bytes, bytesFor("leading", SIZE));
  await fetchOne(driver, url);
  assertEquals(relay.batches.filter((size) => size > 1), [3, 3, 3, 3, 3]);
});

Deno.test("FtpDriver asks one question after the other where a server ends the connection over several", async () => {
  await using stack = new AsyncDisposableStack();
  const { relay, driver, url } = await start(stack, { together: "ended" });
  const error = await assertRejects(() => drive(driver, url), DownloadError);
  assertEquals([error.kind, error.retryable], ["network", true]);
  for (let i = 0; i < 2; i++) await fetchOne(driver, url);
  assertEquals(relay.batches.filter((size) => size > 1), [3]);
});

Deno.test("FtpDriver asks one question after the other where a server drops all but the first", async () => {
  await using stack = new AsyncDisposableStack();
  const { relay, driver, url } = await start(stack, { together: "dropped" });
  const controller = new AbortController();
  const silent = new DownloadError("timeout", "nothing came");
  const opening = driver.open(request(url, { signal: controller.signal }));
  const refused = assertRejects(() => opening, DownloadError, silent.message);
  await until("the questions", () => relay.batches.some((size) => size > 1));
  controller.abort(silent);
  await refused;
  for (let i = 0; i < 2; i++) await fetchOne(driver, url);
  assertEquals(relay.batches.filter((size) => size > 1), [3]);
});

Deno.test("FtpDriver fetches from a server that does not know EPSV, or denies it", async () => {
  await using stack = new AsyncDisposableStack();
  const unknown = await start(stack, { command: (line) => line.replace(/^EPSV$/, "XEPS") });
  for (let i = 0; i < 2; i++) await fetchOne(unknown.driver, unknown.url);
  // Who does not know one of the questions is asked one by one.
  assertEquals(unknown.relay.batches.filter((size) => size > 1), [3]);
  const denied = await start(stack, {}, ["cmds_denied=EPSV"]);
  for (let i = 0; i < 2; i++) await fetchOne(denied.driver, denied.url);
  assert(denied.relay.commands.includes("PASV"));
});

Deno.test("FtpDriver asks for another port where nobody waits at the first one any more", async () => {
  await using stack = new AsyncDisposableStack();
  let ports = 0;
  const { relay, driver, url } = await start(stack, {
    // Nothing listens at port 1.
    reply: (line) => line.startsWith("229") && ++ports === 1 ? line.replace(/\(\|\|\|\d+\|\)/, "(|||1|)") : line,
  });
  await fetchOne(driver, url);
  assertEquals(asked(relay), ["EPSV", "MDTM one.bin", "SIZE one.bin", "EPSV", "RETR one.bin", "MDTM one.bin"]);
});
