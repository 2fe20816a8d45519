/** FTP, SFTP and S3 through the command line, against vsftpd, OpenSSH and s3rver. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertCode, Corehaul, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { S3_ACCOUNT, S3Server } from "../support/s3_server.ts";
import { SshdServer } from "../support/sshd_server.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { until } from "../support/until.ts";
import { VsftpdServer } from "../support/vsftpd_server.ts";

const MANY = 200;
const LARGE = 24 * 1024 * 1024;
const QUEUE = "kv:queue.db";
const RUN = ["run", "--once", "--tasks", "tasks.json", "--dir", "files", "--queue", QUEUE, "--retry-wait", "0.05"];

/** Everything that a test fetches from, and the options that it needs. */
class Servers implements AsyncDisposable {
  readonly root: TempDir;
  readonly home: TempDir;
  readonly ftp: VsftpdServer;
  readonly ssh: SshdServer;
  readonly #stack: AsyncDisposableStack;

  private constructor(root: TempDir, home: TempDir, ftp: VsftpdServer, ssh: SshdServer, stack: AsyncDisposableStack) {
    this.root = root;
    this.home = home;
    this.ftp = ftp;
    this.ssh = ssh;
    this.#stack = stack;
  }

  static async start(): Promise<Servers> {
    await using stack = new AsyncDisposableStack();
    const root = stack.use(await TempDir.create());
    const home = stack.use(await TempDir.create());
    const ftp = stack.use(await VsftpdServer.start(root.path, { password: "secret" }));
    const ssh = stack.use(await SshdServer.start({ log: true }));
    await home.write("key", ssh.userKey.secret);
    await home.write("known_hosts", ssh.knownHosts);
    return new Servers(root, home, ftp, ssh, stack.move());
  }

  /** The urls of a file, by FTP and by SFTP. */
  urls(path: string): [ftp: string, sftp: string] {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    return [`${this.ftp.url("ftp", "anonymous:secret@")}/${encoded}`, this.ssh.url(this.root.join(path), `${user()}@`)];
  }

  /** Runs a list once. */
  async run(entries: unknown[], more: readonly string[] = [], env: Record<string, string> = S3_ACCOUNT) {
    await this.home.write("tasks.json", JSON.stringify(entries));
    return await corehaul([...RUN, ...this.options, ...more], this.#where(env));
  }

  /** Starts a list. */
  async start(entries: unknown[], more: readonly string[] = []): Promise<Corehaul> {
    await this.home.write("tasks.json", JSON.stringify(entries));
    return await Corehaul.start([...RUN, ...this.options, ...more], this.#where(S3_ACCOUNT));
  }

  get options(): string[] {
    return ["--ssh-key", "key", "--ssh-known-hosts", "known_hosts"];
  }

  async tasks() {
    return await listedTasks(QUEUE, { cwd: this.home.path }, ["--limit", "100000"]);
  }

  file(out: string): Promise<Uint8Array<ArrayBuffer>> {
    return Deno.readFile(this.home.join("files", out));
  }

  #where(env: Record<string, string>) {
    return { cwd: this.home.path, env: { HOME: this.home.path, ...env } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

function user(): string {
  return new TextDecoder().decode(new Deno.Command("id", { args: ["-un"] }).outputSync().stdout).trim();
}

/** Waits until a good part of a large file is there, kept for a later run. */
async function partly(home: TempDir, out: string): Promise<number> {
  const path = home.join("files", `${out}.part`);
  const size = () => Deno.stat(path).then((info) => info.size, () => 0);
  await until("a part of the file", async () => await size() > LARGE / 8);
  return await size();
}

shareCommandProcesses();

Deno.test("corehaul fetches folders of 200 files over FTP, with TLS too, and over SFTP, each one as it is", async () => {
  await using servers = await Servers.start();
  for (let i = 0; i < MANY; i++) {
    await servers.root.write(
      `many/${["", "a folder/", "深い/"][i % 3]}file ${i} +&%.bin`,
      bytesFor(`${i}`, 100 + i * 97),
    );
  }
  const pair = await testCertificate(["localhost"]);
  await using secure = await VsftpdServer.start(servers.root.path, { tls: pair });
  await servers.home.write("ca.pem", pair.cert);
  const urls = [...servers.urls("many"), `ftpes://localhost:${secure.port}/many`];
  const entries = urls.map((url, i) => ({ url: `${url}/`, out: ["ftp", "sftp", "ftpes"][i] }));
  const { stdout, stderr, code } = await servers.run(entries, ["--ca", "ca.pem"]);
  assertEquals(code, 0, stderr);
  for (const scheme of ["ftp", "sftp", "ftpes"]) {
    for (let i = 0; i < MANY; i++) {
      const out = `${scheme}/${["", "a folder/", "深い/"][i % 3]}file ${i} +&%.bin`;
      assertEquals(await servers.file(out), bytesFor(`${i}`, 100 + i * 97), out);
    }
  }
  assertMatch(stdout, /^ *ftp +200 +0 +0 /m);
  assertMatch(stdout, /^ *sftp +200 +0 +0 /m);
  assertMatch(stdout, /^ *ftpes +200 +0 +0 /m);
  // Nothing that says who asked is anywhere.
  const manifest = await corehaul(["manifest", "--dir", "files"], { cwd: servers.home.path });
  const list = JSON.stringify(await servers.tasks());
  for (const text of [stdout, stderr, manifest.stdout, list]) assert(!text.includes("secret"), "the password is shown");
  assertStringIncludes(manifest.stdout, "ftp://127.0.0.1");
  // Another run finds everything done, and asks for no file.
  const retrieved = (await servers.ftp.commands("RETR")).length;
  const again = await servers.run(entries, ["--ca", "ca.pem"]);
  assertCode(again, 0);
  assertEquals((await servers.ftp.commands("RETR")).length, retrieved);
});

Deno.test("corehaul fetches one list of http, FTP, SFTP and S3 with one command, and counts by scheme", async () => {
  await using servers = await Servers.start();
  await using s3 = await S3Server.start();
  await using http = FaultServer.start(({ path }) =>
    path === "/none" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 1000))
  );
  for (let i = 0; i < 20; i++) {
    await servers.root.write(`f${i}`, bytesFor(`f${i}`, 2000));
    await s3.put(`set/o ${i}+ä`, bytesFor(`o${i}`, 3000));
  }
  const entries = [
    ...Array.from({ length: 20 }, (_, i) => ({ url: `${http.url}/h${i}`, out: `h${i}` })),
    `${http.url}/none`,
    ...Array.from({ length: 20 }, (_, i) => ({ url: servers.urls(`f${i}`)[0], out: `ftp${i}` })),
    ...Array.from({ length: 20 }, (_, i) => ({ url: servers.urls(`f${i}`)[1], out: `sftp${i}` })),
    { url: servers.urls("none")[1], out: "sftp-none" },
    "s3://photos/set/*",
    { url: "s3://photos/set/none", out: "none2" },
    "data:text/plain,hello%20you",
  ];
  const { stdout, stderr, code } = await servers.run(entries, ["--s3-endpoint", s3.endpoint]);
  assertEquals(code, 1, stderr);
  for (let i = 0; i < 20; i++) {
    assertEquals(await servers.file(`h${i}`), bytesFor(`/h${i}`, 1000));
    assertEquals(await servers.file(`ftp${i}`), bytesFor(`f${i}`, 2000));
    assertEquals(await servers.file(`sftp${i}`), bytesFor(`f${i}`, 2000));
    assertEquals(await servers.file(`set/o ${i}+ä`), bytesFor(`o${i}`, 3000));
  }
  assertEquals(new TextDecoder().decode(await servers.file("data")), "hello you");
  const rows = stdout.slice(stdout.indexOf("scheme")).trim().split("\n").map((line) => line.trim().split(/\s+/));
  assertEquals(rows.map((row) => row.slice(0, 4)), [
    ["scheme", "done", "failed", "retries"],
    ["data", "1", "0", "0"],
    ["ftp", "20", "0", "0"],
    ["http", "20", "1", "0"],
    ["s3", "20", "1", "0"],
    ["sftp", "20", "1", "0"],
  ]);
  const failed = (await servers.tasks()).filter(({ status }) => status === "failed");
  const kinds = failed.map(({ error }) => `${error!.kind} ${error!.status ?? ""}`).sort();
  assertEquals(kinds, ["http 404", "http 404", "not-found "]);
});

/** A large file on a server of some kind. */
interface LargeFile {
  entry: { url: string; out: string };
  options: readonly string[];
  /** Puts another version there. */
  replace(version: string): Promise<void>;
  /** From which byte on the last request wanted it; 0 if all of it. */
  continuedAt(): Promise<number>;
}

async function put(servers: Servers, version: string): Promise<void> {
  await servers.root.write("large.bin", bytesFor(version, LARGE));
  const old = new Date(Date.now() - (version === "one" ? 3_600_000 : 60_000));
  await Deno.utime(servers.root.join("large.bin"), old, old);
}

/** What the last of these commands says, if it came before the last file. */
async function restOf(server: VsftpdServer): Promise<number> {
  const commands = await server.commands("REST", "RETR");
  return Number(/^REST (\d+)$/.exec(commands.at(-2) ?? "")?.[1] ?? 0);
}

const LARGE_FILES: Record<string, (servers: Servers, stack: AsyncDisposableStack) => Promise<LargeFile>> = {
  "FTP": (servers) =>
    Promise.resolve({
      entry: { url: servers.urls("large.bin")[0], out: "large.bin" },
      options: [],
      replace: (version) => put(servers, version),
      continuedAt: () => restOf(servers.ftp),
    }),
  "FTP with TLS": async (servers, stack) => {
    const pair = await testCertificate(["localhost"]);
    const server = stack.use(await VsftpdServer.start(servers.root.path, { tls: pair }));
    await servers.home.write("ca.pem", pair.cert);
    return {
      entry: { url: `ftpes://localhost:${server.port}/large.bin`, out: "large.bin" },
      options: ["--ca", "ca.pem"],
      replace: (version) => put(servers, version),
      continuedAt: () => restOf(server),
    };
  },
  "SFTP": (servers) =>
    Promise.resolve({
      entry: { url: servers.urls("large.bin")[1], out: "large.bin" },
      options: [],
      replace: (version) => put(servers, version),
      continuedAt: async () => {
        const path = servers.root.join("large.bin");
        let bytes: number[] = [];
        // A connection that was killed tells no count.
        await until(
          "the server to have counted",
          async () => (bytes = (await servers.ssh.reads(path)).bytes).length > 0,
        );
        return LARGE - bytes.at(-1)!;
      },
    }),
  "S3": async (_servers, stack) => {
    const s3 = stack.use(await S3Server.start());
    const between = stack.use(FaultServer.start(async ({ path, headers }) => {
      const { status, body, headers: fields } = await fetch(s3.endpoint + path, { headers });
      return new Response(body, { status, headers: fields });
    }));
    return {
      entry: { url: "s3://photos/large.bin", out: "large.bin" },
      options: ["--s3-endpoint", between.url],
      replace: (version) => s3.put("large.bin", bytesFor(version, LARGE)),
      continuedAt: () =>
        Promise.resolve(Number(/^bytes=(\d+)-/.exec(between.requests.at(-1)!.headers.get("range") ?? "")?.[1] ?? 0)),
    };
  },
};

for (const [kind, prepare] of Object.entries(LARGE_FILES)) {
  Deno.test(`corehaul continues a large file over ${kind} after kill -9, and begins anew when the file has changed`, async () => {
    await using servers = await Servers.start();
    await using stack = new AsyncDisposableStack();
    const { entry, options, replace, continuedAt } = await prepare(servers, stack);
    await replace("one");
    const killed = async () => {
      // It takes twelve seconds, and is ended as soon as an eighth is there.
      await using run = await servers.start([entry], ["--limit-rate", "2M", ...options]);
      await partly(servers.home, "large.bin");
      run.kill("SIGKILL");
      await run.ended();
      const { size } = await Deno.stat(servers.home.join("files", "large.bin.part"));
      assert(size >= LARGE / 8 && size < LARGE, `${size}`);
      return size;
    };
    const kept = await killed();
    assertCode(await servers.run([entry], options), 0);
    assertEquals(await servers.file("large.bin"), bytesFor("one", LARGE));
    const from = await continuedAt();
    assert(from > 0 && from <= kept, `it went on at ${from}, ${kept} were there`);

    // The same again, but meanwhile there is another version.
    await Deno.remove(servers.home.join("files"), { recursive: true });
    for await (const { name } of Deno.readDir(servers.home.path)) {
      if (name.startsWith("queue.db")) await Deno.remove(servers.home.join(name));
    }
    await killed();
    await replace("two");
    assertCode(await servers.run([entry], options), 0);
    assertEquals(await servers.file("large.bin"), bytesFor("two", LARGE));
  });
}

Deno.test("corehaul tells apart who was not let in, what is not there and who is not who they were, over FTP and SFTP", async () => {
  await using servers = await Servers.start();
  await servers.root.write("a", "a");
  const [ftp, sftp] = servers.urls("a");
  const entries = [
    { url: ftp.replace("secret", "wrong"), out: "wrong-password" },
    { url: servers.urls("none")[0], out: "ftp-none" },
    { url: sftp.replace(`${user()}@`, "nobody-here:wrong@"), out: "wrong-user" },
    { url: servers.urls("none")[1], out: "sftp-none" },
    { url: "ftp://127.0.0.1:1/x", out: "ftp-closed" },
    { url: "sftp://127.0.0.1:1/x", out: "sftp-closed" },
    { url: "file:///etc/hostname", out: "file" },
  ];
  const ended = await servers.run(entries, ["--retries", "1", "--ssh-accept-new"]);
  assertCode(ended, 1);
  const kinds = async () =>
    Object.fromEntries((await servers.tasks()).map(({ out, error, attempts }) => [out, `${error?.kind} ${attempts}`]));
  assertEquals(await kinds(), {
    "wrong-password": "auth 1",
    "ftp-none": "not-found 1",
    "wrong-user": "auth 1",
    "sftp-none": "not-found 1",
    "ftp-closed": "network 2",
    "sftp-closed": "network 2",
    "file": "unsupported 1",
  });
  for (const text of [ended.stdout, ended.stderr]) assert(!text.includes("wrong@") && !text.includes(":wrong"), text);

  // Another server answers at the place of the known one: nothing is sent to it, also if new ones are taken.
  await using other = await SshdServer.start();
  await servers.home.write("known_hosts", `[127.0.0.1]:${other.port} ${servers.ssh.hostKey.shared}\n`);
  const url = other.url(servers.root.join("a"), `${user()}@`);
  assertCode(await servers.run([{ url, out: "other" }], ["--retries", "3", "--ssh-accept-new"]), 1);
  assertEquals((await kinds()).other, "security 1");
  assert(!(await other.log()).includes("Accepted"));
  assertCode(await servers.run([{ url: servers.urls("a")[1], out: "unknown" }]), 1);
  assertEquals((await kinds()).unknown, "security 1");
});

Deno.test("corehaul keeps the host key of a new SFTP server only with --ssh-accept-new", async () => {
  await using servers = await Servers.start();
  await servers.root.write("a", "a");
  await servers.home.write("known_hosts", "# nothing yet");
  const url = servers.urls("a")[1];
  assertCode(await servers.run([{ url, out: "first" }]), 1);
  assertEquals(await Deno.readTextFile(servers.home.join("known_hosts")), "# nothing yet");
  assertCode(await servers.run([{ url, out: "second" }], ["--ssh-accept-new"]), 1);
  assertEquals(new TextDecoder().decode(await servers.file("second")), "a");
  assertEquals(await Deno.readTextFile(servers.home.join("known_hosts")), `# nothing yet\n${servers.ssh.knownHosts}`);
  await servers.run([{ url, out: "third" }]);
  assertEquals(new TextDecoder().decode(await servers.file("third")), "a");
});

Deno.test("corehaul reads ~/.ssh/config: aliases, users, ports and keys", async () => {
  await using servers = await Servers.start();
  await servers.root.write("a", "a");
  await servers.home.write(
    ".ssh/config",
    [
      "Host data",
      "  HostName 127.0.0.1",
      `  Port ${servers.ssh.port}`,
      `  User ${user()}`,
      "  IdentityFile ~/key",
      "  UserKnownHostsFile ~/known_hosts",
      "Host far",
      "  HostName 127.0.0.1",
      "  ProxyJump data",
    ].join("\n"),
  );
  const entries = [
    { url: `sftp://data${servers.root.join("a")}`, out: "a" },
    { url: `sftp://far${servers.root.join("a")}`, out: "b" },
  ];
  await servers.home.write("tasks.json", JSON.stringify(entries));
  const ended = await corehaul(RUN, { cwd: servers.home.path, env: { HOME: servers.home.path } });
  assertCode(ended, 1);
  assertEquals(new TextDecoder().decode(await servers.file("a")), "a");
  const [far] = (await servers.tasks()).filter(({ out }) => out === "b");
  assertMatch(far!.error!.message, /^far: ~\/\.ssh\/config names a ProxyJump or ProxyCommand/);
});

Deno.test("corehaul tries again when an SFTP or FTP server goes in the middle, and continues", async () => {
  await using servers = await Servers.start();
  await servers.root.write("large.bin", bytesFor("one", LARGE));
  const old = new Date(Date.now() - 3_600_000);
  await Deno.utime(servers.root.join("large.bin"), old, old);
  // Each takes six seconds, whatever the other does, and its server goes as soon as an eighth of it is there.
  const limitRate = 4 * 1024 * 1024;
  const entries = servers.urls("large.bin").map((url, i) => ({ url, out: `large${i}.bin`, limitRate }));
  await using run = await servers.start(entries);
  await Promise.all([servers.ftp, servers.ssh].map(async (server, i) => {
    await partly(servers.home, `large${i}.bin`);
    await server.endSessions();
  }));
  assertCode(await run.ended(), 0);
  for (const out of ["large0.bin", "large1.bin"]) assertEquals(await servers.file(out), bytesFor("one", LARGE));
  const tasks = await servers.tasks();
  assertEquals(tasks.map(({ attempts }) => attempts), [2, 2]);
  assertEquals((await servers.ftp.commands("REST")).length, 1);
});

Deno.test("corehaul --folder-limit refuses a larger folder, and one that cannot be listed is no empty one", async () => {
  await using servers = await Servers.start();
  for (let i = 0; i < 12; i++) await servers.root.write(`many/${i}`, `${i}`);
  const [ftp, sftp] = servers.urls("many");
  const ended = await servers.run([`${ftp}/`, `${sftp}/`, { url: `${sftp}/`, size: 5 }], ["--folder-limit", "10"]);
  assertCode(ended, 1);
  assertEquals(ended.stderr.match(/url must be a folder with at most 10 files \(see --folder-limit\)/g)?.length, 2);
  assertMatch(ended.stderr, /size must be for one file: the url is a folder/);
  const none = await servers.run([`${ftp}x/`, `${sftp}x/`], ["--folder-limit", "12"]);
  assertCode(none, 1);
  assertEquals(none.stderr.match(/url cannot be listed: 127\.0\.0\.1:\d+: /g)?.length, 2);
  assert(!none.stderr.includes("secret"));
  assertEquals(await servers.tasks(), []);
  const add = ["add", ...servers.options, "--queue", QUEUE];
  const added = await corehaul([...add, `${ftp}/`, `${sftp}/`], { cwd: servers.home.path });
  assertEquals([added.code, added.stdout], [0, "24 added, 0 known already, 0 refused\n"]);
});

Deno.test("corehaul checks the certificates of FTP servers, with --ca and --insecure as for https", async () => {
  await using root = await TempDir.create();
  await using home = await TempDir.create();
  const pair = await testCertificate(["localhost"]);
  await root.write("a", bytesFor("a", 300_000));
  await home.write("ca.pem", pair.cert);
  await using explicit = await VsftpdServer.start(root.path, { tls: pair });
  await using implicit = await VsftpdServer.start(root.path, { tls: { ...pair, implicit: true } });
  const urls = [`ftpes://localhost:${explicit.port}/a`, `ftps://localhost:${implicit.port}/a`];
  const get = (more: readonly string[]) => corehaul(["get", "--retries", "0", ...urls, ...more], { cwd: home.path });
  const refused = await get(["--dir", "none"]);
  assertCode(refused, 1);
  assertEquals(refused.stderr.match(/^error: .*certificate/gm)?.length, 2, refused.stderr);
  for (const [dir, more] of [["trusted", ["--ca", "ca.pem"]], ["insecure", ["--insecure"]]] as const) {
    assertCode(await get(["--dir", dir, ...more]), 0);
    const names = (await Array.fromAsync(Deno.readDir(home.join(dir)))).map(({ name }) => name).sort();
    assertEquals(names.filter((name) => name.startsWith("a")).length, 2);
    for (const name of names.filter((name) => name.startsWith("a"))) {
      assertEquals(await Deno.readFile(home.join(dir, name)), bytesFor("a", 300_000));
    }
  }
});

Deno.test("corehaul fetches one file over several connections of FTP and SFTP", async () => {
  await using servers = await Servers.start();
  const size = 24 * 1024 * 1024;
  await servers.root.write("large.bin", bytesFor("one", size));
  const old = new Date(Date.now() - 3_600_000);
  await Deno.utime(servers.root.join("large.bin"), old, old);
  const entries = servers.urls("large.bin").map((url, i) => ({ url, out: `large${i}.bin`, segments: 4 }));
  // Slow enough for all of them to be worth it.
  assertCode(await servers.run(entries, ["--limit-rate", "24M"]), 0);
  for (const out of ["large0.bin", "large1.bin"]) assertEquals(await servers.file(out), bytesFor("one", size));
  const parts = await servers.ftp.commands("REST");
  assert(parts.length >= 3, `${parts}`);
  const { opened } = await servers.ssh.reads(servers.root.join("large.bin"));
  assert(opened >= 4, `${opened}`);
});
