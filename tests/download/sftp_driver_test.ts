/** SFTP against a real OpenSSH server. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HostAddresses } from "../../download/host_addresses.ts";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { NameLookups } from "../../download/name_lookups.ts";
import { SftpDriver } from "../../download/protocols/sftp_driver.ts";
import type { SshAccess, SshPorts } from "../../download/protocols/ssh_access.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { SshdServer, type SshKeys, sshKeys } from "../support/sshd_server.ts";
import { SshPasswordServer } from "../support/ssh_password_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

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

/** What the user's files say, as a test wants it; and the host keys that were kept. */
function filesOf(server: SshdServer, more: Partial<SshAccess> = {}): SshPorts & { kept: string[]; asked: number } {
  const ports = {
    kept: [] as string[],
    asked: 0,
    access: ({ alias, port = 22, user = whoami() }: { alias: string; port?: number; user?: string }) => {
      ports.asked++;
      const { knownHosts, userKey } = server;
      const access = { hostname: alias, port, user, keys: [userKey.secret], knownHosts, acceptNew: false, ...more };
      return Promise.resolve({ type: "access" as const, access });
    },
    trust: (line: string) => {
      ports.kept.push(line);
      return Promise.resolve(undefined);
    },
  };
  return ports;
}

function whoami(): string {
  return new TextDecoder().decode(new Deno.Command("id", { args: ["-un"] }).outputSync().stdout).trim();
}

async function failure(promise: Promise<unknown>): Promise<DownloadError> {
  return await assertRejects(() => promise, DownloadError);
}

// The library of SSH does not end its ciphers, which the runtime counts.
Deno.test.sanitizer({ resources: false });

Deno.test("SftpDriver has one connection for all downloads from an account, and closes what it opened", async () => {
  await using home = await folder();
  await using server = await SshdServer.start({ log: true });
  const files = filesOf(server);
  using driver = new SftpDriver(ANONYMOUS, files);
  const url = server.url(home.join("one.bin"));
  const all = await Promise.all(Array.from({ length: 20 }, () => drive(driver, url)));
  for (const { bytes } of all) assertEquals(bytes, bytesFor("one", SIZE));
  assertEquals((await server.log()).match(/Accepted publickey/g)?.length, 1);
  await until("all files to be closed", async () => (await server.reads(home.join("one.bin"))).bytes.length === 20);
  const { opened, bytes } = await server.reads(home.join("one.bin"));
  assertEquals([opened, new Set(bytes)], [20, new Set([SIZE])]);
  // The user's files are not read for each file anew.
  assertEquals(files.asked, 1);
});

Deno.test("SftpDriver lets in no server that is not the one that is known", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  const url = server.url(home.join("one.bin"));
  const other = await sshKeys();
  const place = server.knownHosts.split(" ")[0];
  const refused = async (knownHosts: string, acceptNew = false) => {
    const files = filesOf(server, { knownHosts, acceptNew });
    using driver = new SftpDriver(ANONYMOUS, files);
    const { kind, retryable, message } = await failure(drive(driver, url));
    assertEquals([kind, retryable, files.kept], ["security", false, []]);
    return message;
  };
  assertMatch(await refused(""), /its host key is not known \(ssh-ed25519 SHA256:[\w+/]{43}\); see --ssh-known-hosts/);
  const changed = /its host key is not the one that is known: somebody may be in between/;
  assertMatch(await refused(`${place} ${other.shared}\n`), changed);
  assertMatch(await refused(`${place} ${other.shared}\n`, true), changed);
  assertMatch(await refused(`@revoked * ${server.hostKey.shared}\n${server.knownHosts}`), /its host key is revoked/);
  // Its password would have been the next thing that the server heard.
  assert(!(await server.log()).includes("Accepted"), "nobody was let in");

  const files = filesOf(server, { knownHosts: "", acceptNew: true });
  using driver = new SftpDriver(ANONYMOUS, files);
  assertEquals((await drive(driver, url)).bytes.length, SIZE);
  assertEquals(files.kept, [server.knownHosts.trim()]);
});

Deno.test("SftpDriver looks a server up by its HostKeyAlias where there is one, and shares no connection with other names", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  const url = server.url(home.join("one.bin"));
  const known = `Node ${server.hostKey.shared}\n`;
  using aliased = new SftpDriver(ANONYMOUS, filesOf(server, { hostKeyAlias: "node", knownHosts: known }));
  assertEquals((await drive(aliased, url)).bytes.length, SIZE);
  using unknown = new SftpDriver(ANONYMOUS, filesOf(server, { hostKeyAlias: "node" }));
  assertMatch((await failure(drive(unknown, url))).message, /its host key is not known/);
  const files = filesOf(server, { hostKeyAlias: "Node", acceptNew: true });
  using accepting = new SftpDriver(ANONYMOUS, files);
  assertEquals((await drive(accepting, url)).bytes.length, SIZE);
  assertEquals(files.kept, [`node ${server.hostKey.shared}`]);
  // Of two names of one host, each has its own idea of which key is the right one.
  const names: Record<string, Partial<SshAccess>> = { good: { knownHosts: known }, bad: { knownHosts: "" } };
  using both = new SftpDriver(ANONYMOUS, {
    ...files,
    access: async ({ alias, ...question }) => {
      const answer = await filesOf(server, { hostKeyAlias: "node", ...names[alias] }).access({ alias, ...question });
      assert(answer.type === "access");
      return { type: "access", access: { ...answer.access, hostname: "127.0.0.1" } };
    },
  });
  assertEquals((await drive(both, url.replace("127.0.0.1", "good"))).bytes.length, SIZE);
  assertEquals((await failure(drive(both, url.replace("127.0.0.1", "bad")))).kind, "security");
});

const KINDS = [["RSA", "rsa", "3072"], ["ECDSA", "ecdsa", "256"], ["ECDSA, longer", "ecdsa", "384"]] as const;
for (const [name, type, bits] of KINDS) {
  Deno.test(`SftpDriver takes keys of ${name}, of the server and of the user`, async () => {
    await using home = await folder();
    // Half of the keys of ECDSA are written in another length than the other half.
    for (let round = 0; round < (type === "ecdsa" ? 4 : 1); round++) {
      const keys: SshKeys = await sshKeys(type, ["-b", bits]);
      await using server = await SshdServer.start({ hostKey: keys, userKey: keys });
      using driver = new SftpDriver(ANONYMOUS, filesOf(server));
      assertEquals((await drive(driver, server.url(home.join("one.bin")))).bytes.length, SIZE);
    }
  });
}

Deno.test("SftpDriver tries one key after the other, and asks the agent", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  const url = server.url(home.join("one.bin"));
  const stranger = (await sshKeys()).secret;
  using driver = new SftpDriver(ANONYMOUS, filesOf(server, { keys: [stranger, server.userKey.secret] }));
  assertEquals((await drive(driver, url)).bytes.length, SIZE);

  await home.write("key", server.userKey.secret);
  await Deno.chmod(home.join("key"), 0o600);
  const agent = home.join("agent.sock");
  const child = new Deno.Command("ssh-agent", { args: ["-D", "-a", agent], stdout: "null", stderr: "null" }).spawn();
  try {
    const add = new Deno.Command("ssh-add", { args: ["-q", home.join("key")], env: { SSH_AUTH_SOCK: agent } });
    await until("the agent to take the key", async () => (await add.output()).success);
    using withAgent = new SftpDriver(ANONYMOUS, filesOf(server, { keys: [], agent }));
    assertEquals((await drive(withAgent, url)).bytes.length, SIZE);
  } finally {
    child.kill();
    await child.status;
  }
});

Deno.test("SftpDriver looks the name of a server up once for a connection, and goes on to its next address", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  const asked: string[] = [];
  const names = new NameLookups({
    resolve: (name) => {
      asked.push(name);
      return Promise.resolve(["127.0.0.9", "127.0.0.1"]);
    },
  });
  const knownHosts = server.knownHosts.replace("127.0.0.1", "files.test");
  const hosts = new HostAddresses(ANONYMOUS, names);
  using driver = new SftpDriver(ANONYMOUS, filesOf(server, { hostname: "files.test", knownHosts }), hosts);
  const told: string[] = [];
  const watch = { lookingUp: () => void told.push("looking"), lookedUp: () => void told.push("looked") };
  // An alias of the user's is no name of a host.
  const url = server.url(home.join("one.bin")).replace("127.0.0.1", "alias");
  const both = await Promise.all([0, 1].map(() => drive(driver, url, { watch })));
  for (const { bytes } of both) assertEquals(bytes.length, SIZE);
  assertEquals((await drive(driver, url, { watch })).bytes.length, SIZE);
  assertEquals([asked, told], [["files.test"], ["looking", "looking", "looked", "looked"]]);
});

Deno.test("SftpDriver looks a name up anew when none of its addresses can be connected", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  const answers = [["127.0.0.9"], ["127.0.0.1"]];
  const names = new NameLookups({ resolve: () => Promise.resolve(answers.shift()!) });
  const knownHosts = server.knownHosts.replace("127.0.0.1", "moved.test");
  using driver = new SftpDriver(ANONYMOUS, filesOf(server, { knownHosts }), new HostAddresses(ANONYMOUS, names));
  const url = server.url(home.join("one.bin")).replace("127.0.0.1", "moved.test");
  assertEquals((await failure(drive(driver, url))).kind, "network");
  assertEquals((await drive(driver, url)).bytes.length, SIZE);
});

Deno.test("SftpDriver reads a file to its end whose size is told as 0", async () => {
  await using server = await SshdServer.start();
  using driver = new SftpDriver(ANONYMOUS, filesOf(server));
  for (const path of ["/proc/version", "/proc/cpuinfo"]) {
    const { response, bytes } = await drive(driver, server.url(path));
    assertEquals([response.length, response.offset, response.rangeable], [undefined, 0, false]);
    // The clock of a processor is another one at every look.
    const steady = (text: string) => text.replace(/^cpu MHz.*$/gm, "");
    assertEquals(steady(new TextDecoder().decode(bytes)), steady(await Deno.readTextFile(path)));
    // Nobody knows whether it is what it was.
    const { lastModified = "" } = response;
    const condition = { lastModified, length: bytes.length };
    assertEquals((await drive(driver, server.url(path), { condition })).response.offset, 0);
    const range = { from: 1, ifRange: lastModified };
    assertEquals((await drive(driver, server.url(path), { range })).response.offset, 0);
  }
  await using home = await folder();
  const { response, bytes } = await drive(driver, server.url(home.join("empty")));
  assertEquals([response.length, bytes.length], [0, 0]);
});

Deno.test("SftpDriver tells what is wrong, and whether it may pass", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  const said = async (url: string, more: Partial<SshAccess> = {}, identity: Partial<HttpIdentity> = {}) => {
    using driver = new SftpDriver({ ...ANONYMOUS, ...identity }, filesOf(server, more));
    const { kind, retryable, message } = await failure(drive(driver, url));
    assert(!message.includes("secret"), message);
    return [kind, retryable];
  };
  const url = server.url(home.join("one.bin"));
  assertEquals(await said(url, { keys: [] }), ["auth", false]);
  assertEquals(await said(server.url(home.join("one.bin"), "nobody-here:secret@"), { keys: [] }), ["auth", false]);
  assertEquals(await said(`${url}%00`), ["unsupported", false]);
  assertEquals(await said(url, {}, { proxy: "http://127.0.0.1:1" }), ["unsupported", false]);
  assertEquals(await said(url, {}, { denyPrivate: true }), ["security", false]);
  using named = new SftpDriver(
    { ...ANONYMOUS, denyPrivate: true, allowPrivate: [`127.0.0.1:${server.port}`] },
    filesOf(server),
  );
  assertEquals((await drive(named, url)).bytes.length, SIZE);
  using nowhere = new SftpDriver(ANONYMOUS, {
    access: () => Promise.resolve({ type: "problem", message: "it is behind a jump" }),
    trust: () => Promise.resolve(undefined),
  });
  assertEquals((await failure(drive(nowhere, url))).message, `127.0.0.1:${server.port}: it is behind a jump`);
});

Deno.test("SftpDriver lets go when a download is given up, and connects anew when the connection is lost", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  const gone = new Error("not wanted any more");
  using driver = new SftpDriver(ANONYMOUS, filesOf(server));
  const url = server.url(home.join("one.bin"));
  const controller = new AbortController();
  using response = await driver.open(request(url, { signal: controller.signal }));
  await assertRejects(
    () =>
      response.read(() => {
        controller.abort(gone);
        return undefined;
      }),
    Error,
    gone.message,
  );
  await assertRejects(() => driver.open(request(url, { signal: AbortSignal.abort(gone) })), Error, gone.message);
  assertEquals((await drive(driver, url)).bytes.length, SIZE);
  using open = await driver.open(request(url));
  const lost = await failure(open.read(() => server.endSessions()));
  assertEquals([lost.kind, lost.retryable], ["network", true]);
  assertEquals((await drive(driver, url)).bytes, bytesFor("one", SIZE));
});

Deno.test("SftpDriver lists files whose names have line breaks, by urls that lead to them", async () => {
  await using home = await folder();
  await home.write("deep/line\nbreak", "l");
  await using server = await SshdServer.start();
  using driver = new SftpDriver(ANONYMOUS, filesOf(server));
  const url = `${server.url(home.join("deep"))}/`;
  const files = await Array.fromAsync(driver.list({ url, signal: new AbortController().signal }));
  const odd = files.find(({ path }) => path === "line\nbreak");
  assertEquals([files.length, odd?.url], [2, `${url}line%0Abreak`]);
  assertEquals(new TextDecoder().decode((await drive(driver, odd!.url)).bytes), "l");
});

Deno.test("SftpDriver lists more files than a server tells of at a time", async () => {
  await using home = await folder();
  const names = Array.from({ length: 500 }, (_, i) => `深い ${i} +&%.bin`);
  for (const name of names) await home.write(`many/${name}`, "");
  await using server = await SshdServer.start();
  using driver = new SftpDriver(ANONYMOUS, filesOf(server));
  const url = `${server.url(home.join("many"))}/`;
  const found = await Array.fromAsync(driver.list({ url, signal: new AbortController().signal }), ({ path }) => path);
  assertEquals(found.sort(), names.sort());
});

Deno.test("SftpDriver lists the home folder, and all folders below it", async () => {
  await using home = await folder();
  await home.write("deep/er/x", "x");
  await using server = await SshdServer.start({ more: [`ForceCommand internal-sftp -d ${home.path}`] });
  using driver = new SftpDriver(ANONYMOUS, filesOf(server));
  const list = (url: string) => Array.fromAsync(driver.list({ url, signal: new AbortController().signal }));
  const url = server.url("/~/");
  const files = await list(url);
  assertEquals(files.map(({ path }) => path).sort(), ["deep/a file +%&.txt", "deep/er/x", "empty", "one.bin"]);
  assertEquals(files.find(({ path }) => path === "deep/er/x")?.url, `${url}deep/er/x`);
  assertEquals((await drive(driver, `${url}deep/er/x`)).bytes.length, 1);
  assertEquals((await list(`${url}deep/er/`)).map(({ path }) => path), ["x"]);
});

for (const asks of ["password", "keyboard-interactive"] as const) {
  Deno.test(`SftpDriver logs in with a password from the url or the netrc file, by ${asks}`, async () => {
    const hostKey = await sshKeys();
    const file = bytesFor("one", SIZE);
    await using server = await SshPasswordServer.start({
      user: "me@work",
      password: "s%c ret",
      asks,
      hostKey: hostKey.secret,
      file,
    });
    const knownHosts = `[127.0.0.1]:${server.port} ${hostKey.shared}\n`;
    const ports: SshPorts = {
      access: ({ alias, port = 22, user = "nobody" }) =>
        Promise.resolve({
          type: "access",
          access: { hostname: alias, port, user, keys: [], knownHosts, acceptNew: false },
        }),
      trust: () => Promise.resolve(undefined),
    };
    const place = `127.0.0.1:${server.port}/any`;
    using driver = new SftpDriver(ANONYMOUS, ports);
    assertEquals((await drive(driver, `sftp://me%40work:s%25c%20ret@${place}`)).bytes, file);
    assertEquals(server.logins, { good: 1, bad: 0 });
    assertEquals((await failure(drive(driver, `sftp://me%40work:wrong@${place}`))).kind, "auth");
    assertEquals(server.logins.good, 1);
    using netrc = new SftpDriver(
      { ...ANONYMOUS, netrc: 'machine 127.0.0.1 login "me@work" password "s%c ret"' },
      ports,
    );
    assertEquals((await drive(netrc, `sftp://${place}`)).bytes, file);
    assertEquals(server.logins.good, 2);
    using users = new SftpDriver(
      {
        ...ANONYMOUS,
        netrc: 'machine 127.0.0.1 login me password x machine 127.0.0.1 login "me@work" password "s%c ret"',
      },
      ports,
    );
    assertEquals((await drive(users, `sftp://me%40work@${place}`)).bytes, file);
    assertEquals(server.logins.good, 3);
  });
}

Deno.test("SftpDriver reads a file to its end whose size it does not know, and continues none whose date it does not know", async () => {
  const hostKey = await sshKeys();
  const file = bytesFor("one", 300_000);
  const open = async (attrs: Record<string, number>) => {
    await using server = await SshPasswordServer.start({
      user: "me",
      password: "x",
      asks: "password",
      hostKey: hostKey.secret,
      file,
      attrs,
    });
    using driver = new SftpDriver(ANONYMOUS, {
      access: ({ alias, port = 22, user = "" }) =>
        Promise.resolve({
          type: "access",
          access: {
            hostname: alias,
            port,
            user,
            keys: [],
            knownHosts: `[127.0.0.1]:${server.port} ${hostKey.shared}\n`,
            acceptNew: false,
          },
        }),
      trust: () => Promise.resolve(undefined),
    });
    return await drive(driver, `sftp://me:x@127.0.0.1:${server.port}/any`);
  };
  const mode = 0o100644;
  for (const size of [{}, { size: 0 }]) {
    const untold = await open({ mode, atime: 1_700_000_000, mtime: 1_700_000_000, ...size });
    assertEquals([untold.bytes, untold.response.length, untold.response.rangeable], [file, undefined, false]);
  }
  const undated = await open({ mode, size: file.length });
  assertEquals([undated.bytes, undated.response.rangeable, undated.response.lastModified], [file, false, undefined]);
  assertEquals((await failure(open({ mode, size: file.length + 1 }))).kind, "network");
});

Deno.test("SftpDriver takes another connection when one has gone silent", async () => {
  await using home = await folder();
  await using server = await SshdServer.start();
  using relay = new SilentRelay(server.port);
  const knownHosts = `[127.0.0.1]:${relay.port} ${server.hostKey.shared}\n`;
  using driver = new SftpDriver(ANONYMOUS, filesOf(server, { knownHosts }));
  const url = `sftp://127.0.0.1:${relay.port}${home.join("one.bin")}`;
  assertEquals((await drive(driver, url)).bytes.length, SIZE);
  relay.silence();
  const controller = new AbortController();
  const silent = driver.open(request(url, { signal: controller.signal }));
  // As the watch over an attempt ends it.
  controller.abort(new DownloadError("timeout", "no byte for 30 s"));
  assertEquals((await failure(silent)).kind, "timeout");
  assertEquals((await drive(driver, url)).bytes, bytesFor("one", SIZE));
  assertEquals(relay.accepted, 2);
});

/** Passes connections on to a port, until those that are open are silenced. */
class SilentRelay implements Disposable {
  readonly port: number;
  accepted = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<{ pair: Deno.Conn[]; silent: boolean }>();

  constructor(to: number) {
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    void this.#accept(to).catch(() => {});
  }

  silence(): void {
    for (const each of this.#open) each.silent = true;
  }

  async #accept(to: number): Promise<void> {
    for await (const client of this.#listener) {
      this.accepted++;
      const server = await Deno.connect({ hostname: "127.0.0.1", port: to });
      const each = { pair: [client, server] as Deno.Conn[], silent: false };
      this.#open.add(each);
      for (const [from, into] of [[client, server], [server, client]] as const) {
        void pass(from, into, () => each.silent).catch(() => {});
      }
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const { pair } of this.#open) {
      for (const conn of pair) {
        try {
          conn.close();
        } catch {
          // It has ended by itself.
        }
      }
    }
  }
}

async function pass(from: Deno.Conn, into: Deno.Conn, silent: () => boolean): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    for (let sent = 0; sent < count && !silent();) sent += await into.write(buffer.subarray(sent, count));
  }
  if (!silent()) into.close();
}
