/** SFTP connections that are lost, at the moments at which that shows too late. */
import { assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { SftpDriver } from "../../download/protocols/sftp_driver.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { LossyProxy } from "../support/lossy_proxy.ts";
import { SshdServer, sshKeys } from "../support/sshd_server.ts";
import { SshPasswordServer } from "../support/ssh_password_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const FILE = bytesFor("one", 3_000_000);

/** A driver that knows one server. */
function driverFor(port: number, hostKey: string, keys: readonly string[] = [], user = "me"): SftpDriver {
  const access = { hostname: "127.0.0.1", port, user, keys, knownHosts: `[127.0.0.1]:${port} ${hostKey}\n` };
  return new SftpDriver(ANONYMOUS, {
    access: () => Promise.resolve({ type: "access", access: { ...access, acceptNew: false } }),
    trust: () => Promise.resolve(undefined),
  });
}

// The library of SSH does not end its ciphers, which the runtime counts.
Deno.test.sanitizer({ resources: false });

Deno.test("SftpDriver connects anew once its session has ended, though the connection is still there", async () => {
  const hostKey = await sshKeys();
  const who = { user: "me", password: "x", asks: "password", hostKey: hostKey.secret, file: FILE } as const;
  await using server = await SshPasswordServer.start(who);
  using driver = driverFor(server.port, hostKey.shared);
  const url = `sftp://me:x@127.0.0.1:${server.port}/any`;
  for (let times = 1; times <= 2; times++) {
    using open = await driver.open(request(url));
    const error = await assertRejects(() =>
      open.read(() => {
        server.endSessions();
        return undefined;
      }), DownloadError);
    assertEquals([error.kind, error.retryable], ["network", true]);
    // At once: whoever is told of a loss may ask again, and must not get what was lost.
    assertEquals((await drive(driver, url)).bytes, FILE);
    server.endSessions();
    assertEquals((await drive(driver, url)).bytes, FILE);
  }
});

Deno.test("SftpDriver asks once more when an idle connection turns out to be lost, and no further time", async () => {
  await using home = await TempDir.create();
  await home.write("folder/one.bin", FILE);
  await using server = await SshdServer.start();
  await using proxy = LossyProxy.start(server.port);
  const user = new TextDecoder().decode((await new Deno.Command("id", { args: ["-un"] }).output()).stdout).trim();
  using driver = driverFor(proxy.port, server.hostKey.shared, [server.userKey.secret], user);
  const url = (path: string) => `sftp://127.0.0.1:${proxy.port}${home.join(path)}`;
  const logins = async () => (await server.log()).match(/Accepted publickey/g)?.length;
  assertEquals((await drive(driver, url("folder/one.bin"))).bytes, FILE);
  assertEquals(await logins(), 1);

  proxy.loseNext();
  assertEquals((await drive(driver, url("folder/one.bin"))).bytes, FILE);
  assertEquals([proxy.lost, await logins()], [1, 2]);

  proxy.loseNext();
  const files = await Array.fromAsync(driver.list({ url: url("folder/"), signal: new AbortController().signal }));
  assertEquals([files.map(({ path }) => path), proxy.lost, await logins()], [["one.bin"], 2, 3]);

  proxy.loseNext(2);
  const error = await assertRejects(() => drive(driver, url("folder/one.bin")), DownloadError);
  assertEquals([error.kind, error.retryable, proxy.lost], ["network", true, 4]);
  assertEquals((await drive(driver, url("folder/one.bin"))).bytes, FILE);
  assertEquals(await logins(), 4);
});
