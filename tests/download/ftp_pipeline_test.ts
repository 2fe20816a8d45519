/** Questions of FTP that are asked at once: against vsftpd, and behind a relay as servers that do not take that. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DriverRequest, NotModifiedError } from "../../download/download_driver.ts";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { FileChangedError } from "../../download/segments.ts";
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

/** How many commands for a file came together: with the file, and with its date once more, or only what is told of it. */
const QUESTIONS = 3;
const WITH_FILE = 4;
const ALL = 5;

async function fetchOne(driver: FtpDriver, url: string, more: Partial<DriverRequest> = {}): Promise<void> {
  const { response, bytes } = await drive(driver, url, more);
  assertEquals([response.length, response.lastModified, response.rangeable], [SIZE, STAMP.toUTCString(), true]);
  assertEquals(bytes, bytesFor("one", SIZE));
}

/** A file that will be read in any case. */
async function fetchWanted(driver: FtpDriver, url: string): Promise<void> {
  await fetchOne(driver, url, { wanted: true });
}

/** How many commands came together, where it were several. */
function together({ batches }: FtpRelay): number[] {
  return batches.filter((size) => size > 1);
}

/** The commands for files, without those of the login. */
function asked({ commands }: FtpRelay): string[] {
  return commands.filter((line) => /^(EPSV|PASV|XEPS|MDTM|SIZE|RETR|REST|PWD|NOOP)/.test(line));
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

Deno.test("FtpDriver asks for a file and for its date behind it at once, where the server has shown that it takes that", async () => {
  await using stack = new AsyncDisposableStack();
  const { relay, driver, url } = await start(stack, {});
  for (let i = 0; i < 3; i++) await fetchWanted(driver, url);
  // The second time a sign of life shows that the date was not forgotten.
  assertEquals(asked(relay), [...AT_ONCE, ...AT_ONCE, "NOOP", ...AT_ONCE]);
  assertEquals(together(relay), [QUESTIONS, ALL, ALL]);
  // Of what may not be wanted, or is wanted in part, the version is looked at before.
  const condition = { length: SIZE, lastModified: STAMP.toUTCString() };
  await assertRejects(() => driver.open(request(url, { wanted: true, condition })), NotModifiedError);
  const range = { from: SIZE - 1, ifRange: STAMP.toUTCString() };
  assertEquals((await drive(driver, url, { wanted: true, range })).bytes.length, 1);
  await fetchOne(driver, url);
  assertEquals(together(relay).slice(3), [QUESTIONS, QUESTIONS, QUESTIONS]);
  // What is not there, and what nobody reads, does no harm to what is asked next.
  for (const path of ["none", "", " none"]) {
    const missing = await assertRejects(
      () => driver.open(request(`${relay.url}/${encodeURIComponent(path)}`, { wanted: true })),
      DownloadError,
    );
    assertEquals([missing.kind, missing.retryable], ["not-found", false]);
    await fetchWanted(driver, url);
  }
  (await driver.open(request(url, { wanted: true })))[Symbol.dispose]();
  await fetchWanted(driver, url);
  assertEquals(together(relay).slice(6), Array(7).fill(ALL));
});

Deno.test("FtpDriver notices that a file was written to behind it, when it asked for both at once", async () => {
  await using stack = new AsyncDisposableStack();
  let dates = 0;
  const { relay, driver, url } = await start(stack, {
    // The fourth date is the one behind the second file.
    reply: (line) => line.startsWith("213 2026") && ++dates === 4 ? "213 20260102030406" : line,
  });
  await fetchWanted(driver, url);
  await assertRejects(() => drive(driver, url, { wanted: true }), FileChangedError);
  assertEquals(together(relay), [QUESTIONS, ALL]);
  await fetchWanted(driver, url);
});

Deno.test("FtpDriver asks for the date behind a file by itself, where a server does not tell it in its turn", async () => {
  const early = "213 20260102030405";
  const ways = { told: () => early, refused: () => "450 MDTM: data transfer in progress", forgotten: () => undefined };
  for (const [way, inTransfer] of Object.entries(ways)) {
    await using stack = new AsyncDisposableStack();
    let dates = 0;
    const { relay, driver, url } = await start(stack, {
      inTransfer,
      // What is told too early is not believed.
      reply: (line) => line.startsWith("213 2026") && ++dates === 4 ? "213 20260102030406" : line,
    });
    await fetchWanted(driver, url);
    await assertRejects(() => drive(driver, url, { wanted: true }), FileChangedError, undefined, way);
    await fetchWanted(driver, url);
    await fetchWanted(driver, url);
    const second = way === "refused" ? [ALL, QUESTIONS] : [ALL];
    assertEquals(together(relay), [QUESTIONS, ...second, WITH_FILE, WITH_FILE], way);
  }
});

Deno.test("FtpDriver keeps to the questions where nobody waits at the port for a file that was asked for at once", async () => {
  await using stack = new AsyncDisposableStack();
  let ports = 0;
  const { relay, driver, url } = await start(stack, {
    reply: (line) => line.startsWith("229") && ++ports > 1 && ports < 4 ? "229 ok (|||1|)" : line,
  });
  // The connection was used before, so that it may be its fault; then there is another one.
  for (let i = 0; i < 3; i++) await fetchWanted(driver, url);
  assertEquals(together(relay), [QUESTIONS, ALL, ALL, QUESTIONS, QUESTIONS]);
});

Deno.test("FtpDriver takes a file for missing whose port the server closes with its refusal", async () => {
  await using stack = new AsyncDisposableStack();
  let ports = 0;
  const { relay, driver, url } = await start(stack, {
    reply: (line) => line.startsWith("229") && ++ports === 2 ? "229 ok (|||1|)" : line,
  });
  await fetchWanted(driver, url);
  const opening = driver.open(request(`${relay.url}/none`, { wanted: true }));
  const missing = await assertRejects(() => opening, DownloadError);
  assertEquals([missing.kind, missing.retryable], ["not-found", false]);
  await fetchWanted(driver, url);
  assertEquals(together(relay), [QUESTIONS, ALL, ALL]);
});
