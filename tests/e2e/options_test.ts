/** Every option of the table, on every command; and what is written where. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CFG_FIELDS, type CfgCommand, cfgEnvName, type CfgField, cfgFileKey } from "../../config/cfg_fields.ts";
import { allowedCores } from "../support/busy_cores.ts";
import { assertCode, corehaul, type Ended, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { TempDir } from "../support/temp_dir.ts";

const COMMANDS: readonly CfgCommand[] = ["add", "run", "get", "list", "status", "doctor", "clean"];

/** A value for each option that takes one. A new option needs a line here. */
const VALUES: Record<string, string> = {
  tasks: "tasks.txt",
  dir: "files",
  out: "named",
  input: "one.txt",
  checksum: `sha-256:${await sha256("/one")}`,
  "checksum-file": "SHA256SUMS",
  "checksum-algo": "sha256",
  "url-column": "url",
  columns: "out=name",
  status: "done",
  format: "csv",
  output: "all.csv",
  queue: "kv:queue.db",
  namespace: "other",
  "queue-ca": "cert.pem",
  "queue-cert": "cert.pem",
  "queue-key": "key.pem",
  "queue-timeout": "9",
  lease: "20",
  heartbeat: "3",
  "fleet-per-host": "5",
  shard: "1/1",
  cores: String((await allowedCores())[0]),
  workers: "1",
  jobs: "8",
  concurrency: "8",
  "cpu-threshold": "80",
  "admit-interval": "0.2",
  retries: "1",
  "retry-wait": "100ms",
  "retry-on": "429,5xx",
  "connect-timeout": "5",
  "lookup-timeout": "5",
  "stall-timeout": "0.5m",
  timeout: "9",
  "max-redirects": "3",
  "content-encoding": "keep",
  "expect-type": "auto",
  "name-template": "{name}",
  grace: "1",
  "worker-timeout": "20",
  "per-host": "3",
  "per-host-rate": "0.5",
  "max-host-wait": "2m",
  segments: "auto",
  "limit-rate": "2M",
  "min-speed": "10K",
  "max-size": "1G",
  "overwrite": "changed",
  "min-free": "1K",
  "disk-wait": "5m",
  where: "status=done",
  keep: "30d",
  limit: "5",
  "save-failed": "failed.json",
  "start-at": "2026-01-01T00:00:00Z",
  window: "00:00-24:00",
  "fsync": "true",
  "http-client": "fetch",
  "refresh-cmd": "false",
  header: "X-Key: 1",
  "user-agent": "test/1",
  referer: "http://127.0.0.1/",
  netrc: "netrc.txt",
  cookies: "cookies.txt",
  proxy: "http://127.0.0.1:1",
  ca: "cert.pem",
  cert: "cert.pem",
  key: "key.pem",
  "allow-private": "127.0.0.1:1",
  "ssh-key": "ssh.pem",
  "ssh-passphrase": "open sesame",
  "ssh-known-hosts": "known_hosts",
  "s3-endpoint": "http://127.0.0.1:1",
  "folder-limit": "10",
  protocol: "mem:=./mem_driver.ts",
  progress: "none",
  "progress-interval": "5",
  "log-level": "debug",
  "log-file": "log.txt",
  "log-format": "json",
  lang: "zh",
};

async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytesFor(path, 100))).toHex();
}

function spelled(field: CfgField): string {
  return field.negatable ? `--no-${field.flag}` : `--${field.flag}`;
}

/** Options that exclude each other: each command runs once without the first ones, and once without the others. */
const EITHER = [[
  "deny-private",
  "allow-private",
  "queue-ca",
  "queue-cert",
  "queue-key",
  "fleet-per-host",
  "s3-no-sign-request",
  "quiet",
], [
  "proxy",
  "cert",
  "key",
  "s3-request-payer",
  "verbose",
]];

function everyOption(command: CfgCommand, values: Record<string, string>, left: readonly string[]): string[] {
  const fields = CFG_FIELDS.filter(({ commands, flag }) => commands.includes(command) && !left.includes(flag));
  return fields.flatMap((field) => {
    if (field.placeholder === undefined) return [spelled(field)];
    const value = values[field.flag];
    assert(value !== undefined, `--${field.flag} needs a value in the table of this test`);
    return [spelled(field), value];
  });
}

shareCommandProcesses();

Deno.test("corehaul takes every option on each of its commands", async (t) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  await home.write("one.txt", `${server.url}/one\n`);
  await home.write("tasks.txt", `${server.url}/two\n`);
  await home.write("SHA256SUMS", `${await sha256("/two")}  two\n`);
  const { cert, key } = await testCertificate(["localhost"]);
  const files = {
    "netrc.txt": "default login me",
    "cookies.txt": "",
    "cert.pem": cert,
    "key.pem": key,
    "ssh.pem": key,
    "known_hosts": "",
    "mem_driver.ts": "export default { open() {} };",
  };
  for (const [name, text] of Object.entries(files)) await home.write(name, text);
  await using redis = await RedisServer.start({ tls: { cert, key, ca: cert } });
  // The server of the test answers requests to a proxy, too.
  const values = { ...VALUES, proxy: server.url, "allow-private": `127.0.0.1:${server.port}` };
  const queues = [VALUES.queue!, `rediss://localhost:${redis.port}/1`];
  for (const command of COMMANDS) {
    for (const [index, left] of EITHER.entries()) {
      await t.step(`${command} ${index}`, async () => {
        const all = { ...values, queue: queues[index]! };
        assertCode(await corehaul([command, ...everyOption(command, all, left)], { cwd: home.path }), 0);
      });
    }
  }
  const made = ["SHA256SUMS", "failed.json", "files", "log.txt", "one.txt", "queue.db", "tasks.txt"];
  assertEquals(await home.names(), [...made, ...Object.keys(files)].sort());
});

Deno.test("corehaul explains itself, a command, and all options, however it is asked, and tells its version", async () => {
  const ask = async (...args: string[]) => {
    const { code, stdout, stderr } = await corehaul(args, { cwd: Deno.cwd() });
    assertEquals([code, stderr], [0, ""], args.join(" "));
    return stdout;
  };
  const general = await ask("--help");
  assertEquals([await ask("help"), await ask("-h")], [general, general]);
  for (const command of COMMANDS) assertMatch(general, new RegExp(`^ +${command}\\b`, "m"));
  const get = await ask("get", "--help");
  assertEquals([await ask("help", "get"), await ask("--help", "get"), await ask("get", "-qh")], [get, get, get]);
  const named = (text: string, field: CfgField) => new RegExp(`^ +(-., )*${spelled(field)}( |$)`, "m").test(text);
  const all = await ask("--help", "all");
  for (const field of CFG_FIELDS) assert(named(all, field), spelled(field));
  for (const command of COMMANDS) {
    const ofCommand = await ask(command, "--help", "all");
    for (const field of CFG_FIELDS) {
      assertEquals(named(ofCommand, field), field.commands.includes(command), `${command} ${spelled(field)}`);
    }
  }
  assertMatch(await ask("--version"), /^corehaul \d+\.\d+\.\d+ \(deno \d+\.\d+\.\d+\)\n$/);
});

Deno.test("corehaul reads every option from the environment and from a configuration file, and names what is wrong", async () => {
  await using home = await TempDir.create();
  // An empty text suits none of them.
  const empty = Object.fromEntries(CFG_FIELDS.map((field) => [cfgEnvName(field), ""]));
  const env = await corehaul(["run"], { cwd: home.path, env: empty });
  assertCode(env, 2);
  for (const field of CFG_FIELDS) assertMatch(env.stderr, new RegExp(`Cannot use ${cfgEnvName(field)} as it must `));

  await home.write("cfg.json", JSON.stringify(Object.fromEntries(CFG_FIELDS.map((field) => [cfgFileKey(field), ""]))));
  const file = await corehaul(["run", "--config", "cfg.json"], { cwd: home.path });
  assertCode(file, 2);
  for (const field of CFG_FIELDS) {
    assertMatch(file.stderr, new RegExp(`Cannot use ${cfgFileKey(field)} in cfg.json as`));
  }
  assertEquals(await home.names(), ["cfg.json"]);
});

Deno.test("corehaul --lang zh logs the lines of the original system", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) =>
    path === "/gone" ? new Response("", { status: 404 }) : new Response(bytesFor(path, 10))
  );
  const urls = [`${server.url}/文件.bin`, `${server.url}/gone`];
  const lines = ({ stderr }: Ended) => stderr.trimEnd().split("\n");
  const chinese = await corehaul(["get", ...urls, "--lang", "zh"], { cwd: home.path });
  assert(lines(chinese).includes("嘿咻嘿咻，文件.bin 搬运成功咯！"), chinese.stderr);
  const wrong = lines(chinese).find((line) => line.includes("呜呜，搬砖出错了："));
  assertMatch(wrong ?? "", /^错误：呜呜，搬砖出错了：.*\/gone: .*HTTP 状态 404$/);
  assert(lines(chinese).includes("新增 2 个任务，0 个已在列表中"), chinese.stderr);
  assertMatch(
    chinese.stdout,
    /^1 个文件，10 B，用时 [\d.]+ 秒：.*\n重试 0 次，失败 1 个，拒绝条目 0 个\n列表现状：1 完成，1 失败/,
  );
  const usage = await corehaul(["get", "--lang", "zh", "--retries", "x"], { cwd: home.path });
  assertCode(usage, 2);
  assertMatch(usage.stderr, /^corehaul: 不能使用 --retries：必须是 0 到 \d+ 的整数，现在的值是 "x"$/m);
  // The locale decides where the option does not.
  const locale = await corehaul(["get", `${server.url}/b`], { cwd: home.path, env: { LANG: "zh_CN.UTF-8" } });
  assert(lines(locale).includes("嘿咻嘿咻，b 搬运成功咯！"), locale.stderr);
  const english = await corehaul(["get", `${server.url}/c`, urls[1]!], { cwd: home.path });
  assert(lines(english).includes("Heave-ho, c is hauled!"), english.stderr);
  assertMatch(english.stderr, /^error: Oh no, hauling went wrong: .*HTTP status 404$/m);
});

Deno.test("corehaul logs as text or JSON, to a file or to standard error, as much as it is told", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 10)));
  const get = (name: string, ...more: string[]) =>
    corehaul(["get", `${server.url}/${name}`, ...more], { cwd: home.path });

  const json = await get("a{b}", "--log-format", "json");
  const messages = jsonLines(json.stderr).map(({ level, message }) => [level, message]);
  assert(messages.some(([level, message]) => level === "INFO" && message === "Heave-ho, a{b} is hauled!"), json.stderr);

  const file = await get("c", "--log-file", "run.log", "--log-level", "debug");
  assertEquals(file.stderr, "");
  const text = await Deno.readTextFile(home.join("run.log"));
  assertMatch(text, /^\d{4}-\d\d-\d\dT[\d:.]+Z \[DBG\].*proc_worker-0 runs on core \d+$/m);
  assertMatch(text, /^\d{4}-\d\d-\d\dT[\d:.]+Z \[INF\].*Heave-ho, c is hauled!$/m);

  await get("d", "--log-file", "run.jsonl", "--log-format", "json");
  const logged = jsonLines(await Deno.readTextFile(home.join("run.jsonl")));
  assert(logged.some(({ message }) => message === "Heave-ho, d is hauled!"));

  const quiet = await get("e", "--log-level", "error", "--progress", "none");
  assertEquals([quiet.stdout, quiet.stderr], ["", ""]);
  const url = `${server.url}/q`;
  for (const args of [[url, "-q"], ["add", url, "-q"], ["cancel", "--all", "-q"], ["gc", "--keep", "0", "-q"]]) {
    const ended = await corehaul(args, { cwd: home.path });
    assertEquals([ended.code, ended.stdout, ended.stderr], [0, "", ""], args[0]);
  }
  assertMatch((await get("e", "-q", "--json")).stdout, /"type":"summary"/);
  assertMatch((await corehaul([url, "-v"], { cwd: home.path })).stderr, /^debug: .*proc_worker-0 runs on core \d+$/m);
});

Deno.test("corehaul rotates a log file that has grown to its size, and keeps what was in it", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 10)));
  await home.write("run.log", "x".repeat(10 * 1024 * 1024 - 20) + "\n");
  assertCode(await corehaul(["get", `${server.url}/a`, "--log-file", "run.log"], { cwd: home.path }), 0);
  const old = await Deno.readTextFile(home.join("run.log.1"));
  const fresh = await Deno.readTextFile(home.join("run.log"));
  assert(old.startsWith("xxx") && fresh.length < 10_000);
  assert((old + fresh).includes("Heave-ho, a is hauled!"));
});
