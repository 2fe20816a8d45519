/** FTP, SFTP and S3 through the command line, against vsftpd, OpenSSH and s3rver. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertCode, Corehaul, corehaul, type Ended, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { S3_ACCOUNT, S3Server } from "../support/s3_server.ts";
import { SshdServer } from "../support/sshd_server.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { until } from "../support/until.ts";
import { VsftpdServer } from "../support/vsftpd_server.ts";

const MANY = 40;
const LARGE = 4 * 1024 * 1024;
/** Bytes a second at which a large file comes slowly enough to be interrupted when an eighth of it is there. */
const SLOW = LARGE / 16;
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

/** What was said of the tasks that failed, by a run with `--json`. */
function failures({ stdout }: Ended): { out: string; attempts: number; error: { kind: string; message: string } }[] {
  return jsonLines(stdout).filter(({ type }) => type === "task_failed") as unknown as ReturnType<typeof failures>;
}

function kindsOf(ended: Ended): Record<string, string> {
  return Object.fromEntries(failures(ended).map(({ out, error, attempts }) => [out, `${error.kind} ${attempts}`]));
}

/** Where one of many files is. */
function pathOf(i: number): string {
  return `${["", "a folder/", "深い/"][i % 3]}file ${i} +&%.bin`;
}

/** Waits until a good part of a large file is there, kept for a later run. */
async function partly(home: TempDir, out: string): Promise<number> {
  const path = home.join("files", `${out}.part`);
  const size = () => Deno.stat(path).then((info) => info.size, () => 0);
  await until("a part of the file", async () => await size() > LARGE / 8);
  return await size();
}

shareCommandProcesses();

Deno.test("corehaul fetches folders of many files over FTP, with TLS too, and over SFTP, each one as it is", async () => {
  await using servers = await Servers.start();
  for (let i = 0; i < MANY; i++) {
    await servers.root.write(`many/${pathOf(i)}`, bytesFor(`${i}`, 100 + i * 1200));
  }
  const pair = await testCertificate(["localhost"]);
  await using secure = await VsftpdServer.start(servers.root.path, { tls: pair });
  await servers.home.write("ca.pem", pair.cert);
  const urls = [...servers.urls("many"), `ftpes://localhost:${secure.port}/many`];
  const entries = urls.map((url, i) => ({ url: `${url}/`, out: ["ftp", "sftp", "ftpes"][i] }));
  // More connections than this would bring nothing but logins.
  const options = ["--ca", "ca.pem", "--concurrency", "8"];
  const { stdout, stderr, code } = await servers.run(entries, options);
  assertEquals(code, 0, stderr);
  for (const scheme of ["ftp", "sftp", "ftpes"]) {
    for (let i = 0; i < MANY; i++) {
      const out = `${scheme}/${pathOf(i)}`;
      assertEquals(await servers.file(out), bytesFor(`${i}`, 100 + i * 1200), out);
    }
  }
  for (const scheme of ["ftp", "sftp", "ftpes"]) assertMatch(stdout, new RegExp(`^ *${scheme} +${MANY} +0 +0 `, "m"));
  // Nothing that says who asked is anywhere.
  const manifest = await corehaul(["manifest", "--dir", "files"], { cwd: servers.home.path });
  const list = JSON.stringify(await servers.tasks());
  for (const text of [stdout, stderr, manifest.stdout, list]) assert(!text.includes("secret"), "the password is shown");
  assertStringIncludes(manifest.stdout, "ftp://127.0.0.1");
  // Another run finds everything done, and asks for no file.
  const retrieved = (await servers.ftp.commands("RETR")).length;
  const again = await servers.run(entries, options);
  assertCode(again, 0);
  assertEquals((await servers.ftp.commands("RETR")).length, retrieved);
});

Deno.test("corehaul fetches one list of http, FTP, SFTP and S3 with one command, and counts by scheme", async () => {
  await using servers = await Servers.start();
  await using s3 = await S3Server.start();
  await using http = FaultServer.start(({ path }) =>
    path === "/none" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 1000))
  );
  for (let i = 0; i < 5; i++) {
    await servers.root.write(`f${i}`, bytesFor(`f${i}`, 2000));
    await s3.put(`set/o ${i}+ä`, bytesFor(`o${i}`, 3000));
  }
  const entries = [
    ...Array.from({ length: 5 }, (_, i) => ({ url: `${http.url}/h${i}`, out: `h${i}` })),
    `${http.url}/none`,
    ...Array.from({ length: 5 }, (_, i) => ({ url: servers.urls(`f${i}`)[0], out: `ftp${i}` })),
    ...Array.from({ length: 5 }, (_, i) => ({ url: servers.urls(`f${i}`)[1], out: `sftp${i}` })),
    { url: servers.urls("none")[1], out: "sftp-none" },
    "s3://photos/set/*",
    { url: "s3://photos/set/none", out: "none2" },
    "data:text/plain,hello%20you",
  ];
  const { stdout, stderr, code } = await servers.run(entries, ["--s3-endpoint", s3.endpoint]);
  assertEquals(code, 1, stderr);
  for (let i = 0; i < 5; i++) {
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
    ["ftp", "5", "0", "0"],
    ["http", "5", "1", "0"],
    ["s3", "5", "1", "0"],
    ["sftp", "5", "1", "0"],
  ]);
  const failed = (await servers.tasks()).filter(({ status }) => status === "failed");
  const kinds = failed.map(({ error }) => `${error!.kind} ${error!.status ?? ""}`).sort();
  assertEquals(kinds, ["http 404", "http 404", "not-found "]);
});

Deno.test("corehaul takes ? and # in urls of FTP, SFTP and S3 for letters, and a bucket without a key for a folder", async () => {
  await using servers = await Servers.start();
  await using s3 = await S3Server.start();
  const names = ["has#hash.txt", "q?.txt"];
  for (const name of names) {
    await servers.root.write(`letters?/${name}`, `file ${name}`);
    await s3.put(`letters?/${name}`, `object ${name}`);
    // What would come if they were no letters.
    await servers.root.write(`letters?/${name.replace(/[?#].*$/, "")}`, "wrong");
    await s3.put(name.replace(/[?#].*$/, ""), "wrong");
  }
  await s3.put("a*b", "star");
  const written = (url: string) => url.replaceAll("%3F", "?").replaceAll("%23", "#");
  const [ftp, sftp] = servers.urls("letters?").map(written);
  const entries = [
    ...names.map((name) => ({ url: `${ftp}/${name}` })),
    { url: `${sftp}/`, out: "sftp" },
    { url: "s3://photos/letters?/*", out: "s3" },
    { url: "s3://photos/a*b", out: "star" },
    { url: "s3://photos", out: "bucket" },
  ];
  assertCode(await servers.run(entries, ["--s3-endpoint", s3.endpoint]), 0);
  for (const name of names) {
    const read = async (out: string) => new TextDecoder().decode(await servers.file(`${out}${name}`));
    const found = await Promise.all(["", "sftp/", "s3/", "bucket/letters?/"].map(read));
    assertEquals(found, [`file ${name}`, `file ${name}`, `object ${name}`, `object ${name}`]);
  }
  assertEquals(new TextDecoder().decode(await servers.file("star")), "star");
  assertEquals((await Array.fromAsync(Deno.readDir(servers.home.join("files/bucket")))).length, 4);
});

Deno.test("corehaul fetches a file again whose length alone has changed, over FTP and SFTP", async () => {
  await using servers = await Servers.start();
  const date = new Date(Date.now() - 3_600_000);
  const write = async (text: string) => {
    await servers.root.write("table", text);
    await Deno.utime(servers.root.join("table"), date, date);
  };
  const entries = servers.urls("table").map((url, i) => ({ url, out: ["ftp", "sftp"][i]! }));
  const [first, second, third] = ["a".repeat(400), "b".repeat(405), "c".repeat(399)];
  await write(first!);
  assertCode(await servers.run(entries), 0);
  const holds = async (text: string) => {
    for (const { out } of entries) assertEquals(new TextDecoder().decode(await servers.file(out)), text, out);
  };
  await write(second!);
  assertCode(await servers.run(entries, ["--refresh"]), 0);
  await holds(second!);
  const asked = (await servers.ftp.commands("RETR")).length;
  assertCode(await servers.run(entries, ["--refresh"]), 0);
  assertEquals((await servers.ftp.commands("RETR")).length, asked);
  await write(third!);
  assertCode(await servers.run(entries, ["--overwrite", "changed", "--queue", "kv:other.db"]), 0);
  await holds(third!);
});

async function put(servers: Servers, name: string, version: string): Promise<void> {
  await servers.root.write(name, bytesFor(version, LARGE));
  const old = new Date(Date.now() - (version === "one" ? 3_600_000 : 60_000));
  await Deno.utime(servers.root.join(name), old, old);
}

Deno.test("corehaul continues a large file over FTP, with TLS too, SFTP and S3 after kill -9, and begins anew where it has changed", async () => {
  await using servers = await Servers.start();
  const pair = await testCertificate(["localhost"]);
  await using secure = await VsftpdServer.start(servers.root.path, { tls: pair });
  await servers.home.write("ca.pem", pair.cert);
  await using s3 = await S3Server.start();
  await using between = FaultServer.start(async ({ path, headers }) => {
    const { status, body, headers: fields } = await fetch(s3.endpoint + path, { headers });
    return new Response(body, { status, headers: fields });
  });
  const kinds: Record<string, (name: string) => string> = {
    ftp: (name) => servers.urls(name)[0],
    ftpes: (name) => `ftpes://localhost:${secure.port}/${name}`,
    sftp: (name) => servers.urls(name)[1],
    s3: (name) => `s3://photos/${name}`,
  };
  const entries = Object.entries(kinds).flatMap(([kind, urlOf]) =>
    ["same", "changed"].map((name) => ({ url: urlOf(name), out: `${kind}/${name}` }))
  );
  const replace = async (name: string, version: string) => {
    await put(servers, name, version);
    await s3.put(name, bytesFor(version, LARGE));
  };
  for (const name of ["same", "changed"]) await replace(name, "one");
  const options = ["--cpu-threshold", "100", "--ca", "ca.pem", "--s3-endpoint", between.url];
  {
    await using run = await servers.start(entries.map((entry) => ({ ...entry, limitRate: SLOW })), options);
    await Promise.all(entries.map(({ out }) => partly(servers.home, out)));
    run.kill("SIGKILL");
    await run.ended();
  }
  const kept = new Map<string, number>();
  for (const { out } of entries) {
    const { size } = await Deno.stat(servers.home.join("files", `${out}.part`));
    assert(size >= LARGE / 8 && size < LARGE, `${out}: ${size}`);
    kept.set(out, size);
  }
  await replace("changed", "two");
  assertCode(await servers.run(entries, options), 0);
  for (const { out } of entries) {
    const version = out.endsWith("/same") ? "one" : "two";
    assertEquals(Buffer.compare(await servers.file(out), bytesFor(version, LARGE)), 0, out);
  }
  // From which byte on the file was asked for that is the same; the other one was asked for from its beginning.
  const from: Record<string, number> = {};
  for (const [kind, server] of [["ftp", servers.ftp], ["ftpes", secure]] as const) {
    const commands = await server.commands("REST");
    assertEquals(commands.length, 1, `${kind}: ${commands}`);
    from[kind] = Number(commands[0]!.split(" ")[1]);
  }
  const path = servers.root.join("same");
  // A connection that was killed tells no count.
  const { bytes } = await until("the server to have counted", async () => {
    const reads = await servers.ssh.reads(path);
    return reads.bytes.length > 0 && reads;
  });
  from.sftp = LARGE - bytes.at(-1)!;
  const last = between.requests.findLast(({ path }) => path.endsWith("/same"))!;
  from.s3 = Number(/^bytes=(\d+)-/.exec(last.headers.get("range") ?? "")?.[1] ?? 0);
  for (const kind of Object.keys(kinds)) {
    const there = kept.get(`${kind}/same`)!;
    assert(from[kind]! > 0 && from[kind]! <= there, `${kind} went on at ${from[kind]}, ${there} were there`);
  }
});

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
  const ended = await servers.run(entries, ["--retries", "1", "--ssh-accept-new", "--json"]);
  assertCode(ended, 1);
  assertEquals(kindsOf(ended), {
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
  const refused = await servers.run([{ url, out: "other" }], ["--retries", "3", "--ssh-accept-new", "--json"]);
  assertCode(refused, 1);
  assertEquals(kindsOf(refused).other, "security 1");
  assert(!(await other.log()).includes("Accepted"));
});

Deno.test("corehaul keeps the host key of a new SFTP server only with --ssh-accept-new", async () => {
  await using servers = await Servers.start();
  await servers.root.write("a", "a");
  await servers.home.write("known_hosts", "# nothing yet");
  const url = servers.urls("a")[1];
  const unknown = await servers.run([{ url, out: "first" }], ["--json"]);
  assertCode(unknown, 1);
  assertEquals(kindsOf(unknown), { first: "security 1" });
  assertEquals(await Deno.readTextFile(servers.home.join("known_hosts")), "# nothing yet");
  assertCode(await servers.run([{ url, out: "second" }], ["--ssh-accept-new"]), 1);
  assertEquals(new TextDecoder().decode(await servers.file("second")), "a");
  assertEquals(await Deno.readTextFile(servers.home.join("known_hosts")), `# nothing yet\n${servers.ssh.knownHosts}`);
  await servers.run([{ url, out: "third" }]);
  assertEquals(new TextDecoder().decode(await servers.file("third")), "a");
});

Deno.test("corehaul reads ~/.ssh/config and what it includes: aliases, users, ports, keys and names of host keys", async () => {
  await using servers = await Servers.start();
  await servers.root.write("a", "a");
  await servers.home.write("known_hosts", `storage ${servers.ssh.hostKey.shared}\n`);
  await servers.home.write(
    ".ssh/config.d/data.conf",
    [
      "Host data",
      "  HostName 127.0.0.1",
      `  Port ${servers.ssh.port}`,
      `  User ${user()}`,
      "  IdentityFile ~/key",
      "  UserKnownHostsFile ~/known_hosts",
      "  HostKeyAlias storage",
    ].join("\n"),
  );
  await servers.home.write(
    ".ssh/config",
    ["Include config.d/*.conf", "Host far", "  HostName 127.0.0.1", "  ProxyJump data"].join("\n"),
  );
  const entries = [
    { url: `sftp://data${servers.root.join("a")}`, out: "a" },
    { url: `sftp://far${servers.root.join("a")}`, out: "b" },
  ];
  await servers.home.write("tasks.json", JSON.stringify(entries));
  const ended = await corehaul([...RUN, "--json"], { cwd: servers.home.path, env: { HOME: servers.home.path } });
  assertCode(ended, 1);
  assertEquals(new TextDecoder().decode(await servers.file("a")), "a");
  const [far] = failures(ended).filter(({ out }) => out === "b");
  assertMatch(far!.error.message, /^far: ~\/\.ssh\/config names a ProxyJump or ProxyCommand/);
});

Deno.test("corehaul tries again when an SFTP or FTP server goes in the middle, and continues", async () => {
  await using servers = await Servers.start();
  await put(servers, "large.bin", "one");
  // Each takes eight seconds, whatever the other does, and its server goes as soon as an eighth of it is there.
  const limitRate = LARGE / 8;
  const entries = servers.urls("large.bin").map((url, i) => ({ url, out: `large${i}.bin`, limitRate }));
  await using run = await servers.start(entries, ["--json"]);
  await Promise.all([servers.ftp, servers.ssh].map(async (server, i) => {
    await partly(servers.home, `large${i}.bin`);
    await server.endSessions();
  }));
  assertCode(await run.ended(), 0);
  for (const out of ["large0.bin", "large1.bin"]) assertEquals(await servers.file(out), bytesFor("one", LARGE));
  assertEquals(run.events("task_done").map(({ attempts }) => attempts), [2, 2]);
  assertEquals((await servers.ftp.commands("REST")).length, 1);
});

Deno.test("corehaul --folder-limit refuses a larger folder, and one that cannot be listed is no empty one", async () => {
  await using servers = await Servers.start();
  for (let i = 0; i < 12; i++) await servers.root.write(`many/${i}`, `${i}`);
  const [ftp, sftp] = servers.urls("many");
  const entries = [`${ftp}/`, `${sftp}/`, { url: `${sftp}/`, size: 5 }, `${ftp}x/`, `${sftp}x/`];
  const ended = await servers.run(entries, ["--folder-limit", "10", "--json"]);
  assertCode(ended, 1);
  assertEquals(ended.stderr.match(/url must be a folder with at most 10 files \(see --folder-limit\)/g)?.length, 2);
  assertMatch(ended.stderr, /size must be for one file: the url is a folder/);
  assertEquals(ended.stderr.match(/url cannot be listed: 127\.0\.0\.1:\d+: /g)?.length, 2);
  assert(!ended.stderr.includes("secret") && !ended.stdout.includes("secret"));
  const { counts } = jsonLines(ended.stdout).at(-1) as { counts: Record<string, number> };
  assertEquals(Object.values(counts).filter((tasks) => tasks > 0), []);
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
  await put(servers, "large.bin", "one");
  const entries = servers.urls("large.bin").map((url, i) => ({ url, out: `large${i}.bin`, segments: 4 }));
  // Slow enough for all of them to be there before the first reads on into a part that nobody has begun.
  assertCode(await servers.run(entries, ["--limit-rate", "1M"]), 0);
  for (const out of ["large0.bin", "large1.bin"]) assertEquals(await servers.file(out), bytesFor("one", LARGE));
  const parts = await servers.ftp.commands("REST");
  assert(parts.length >= 3, `${parts}`);
  const { opened } = await servers.ssh.reads(servers.root.join("large.bin"));
  assert(opened >= 4, `${opened}`);
});
