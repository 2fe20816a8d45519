/** Wrong command lines and configurations: one clear line, the right exit code, and nothing created. */
import { assert, assertEquals } from "@std/assert";
import { allowedCores } from "../support/busy_cores.ts";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { freePort } from "../support/nginx_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { listedTasks } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

interface Case {
  /** What is wrong. */
  name: string;
  args: string[];
  env?: Record<string, string>;
  /** What the one line must name. */
  names: string[];
  /** Default 2. */
  code?: number;
  /** Default 1. */
  lines?: number;
}

const RANGE = "a whole number from 1 to 100";
const MD5 = "md5:d41d8cd98f00b204e9800998ecf8427e";
const GET = ["get", "http://127.0.0.1:1/x"];
const CASES: Case[] = [
  {
    name: "an unknown flag",
    args: ["run", "--treshold", "75"],
    names: ["Unknown option --treshold: did you mean --cpu-threshold?"],
  },
  { name: "an unknown flag with a value", args: ["run", "--foo=bar"], names: ["--foo; see corehaul --help"] },
  { name: "an unknown short flag", args: ["run", "-x"], names: ["-x"] },
  { name: "a flag of another command", args: ["status", "--once"], names: ["--once", "status"] },
  { name: "a flag without its value", args: ["run", "--dir"], names: ["--dir"] },
  { name: "a switch that is neither on nor off", args: ["run", "--once=maybe"], names: ["--once", '"maybe"'] },
  { name: "a negated switch with a value", args: ["run", "--no-pin=5"], names: ["--no-pin"] },
  { name: "an unknown command", args: ["statsu"], names: ['Unknown command "statsu": did you mean status?'] },
  { name: "a command of other tools", args: ["fetch"], names: ['Unknown command "fetch": write corehaul get URL'] },
  { name: "a file in place of a command", args: ["half.json"], names: ['"half.json": write', "corehaul get -i FILE"] },
  {
    name: "an unknown key in the configuration file",
    args: ["run", "--config", "slip.json"],
    names: ["Cannot use cfg_retires in slip.json as it is not an option: did you mean cfg_retries?"],
  },
  {
    name: "a threshold before a URL",
    args: ["75", "http://127.0.0.1:1/x"],
    names: ["write corehaul get --cpu-threshold 75 URL"],
  },
  { name: "a URL for run", args: ["run", "http://127.0.0.1:1/x"], names: ["write corehaul get URL"] },
  { name: "-c", args: [...GET, "-c"], names: ["Unknown option -c: what was broken off is always continued"] },
  { name: "-O", args: [...GET, "-O", "name"], names: ["Unknown option -O: ", "write -o NAME"] },
  { name: "--user", args: [...GET, "--user", "me:secret"], names: ["Unknown option --user: write --netrc FILE"] },
  { name: "--user=", args: [...GET, "--user=me:secret"], names: ["Unknown option --user: write --netrc FILE"] },
  { name: "-o -", args: [...GET, "-o", "-"], names: ["--out", "standard output", "write -o NAME"] },
  { name: "-o- of add", args: ["add", "http://127.0.0.1:1/x", "-o-"], names: ["--out", "standard output"] },
  { name: "--quiet and --verbose", args: [...GET, "-qv"], names: ["Cannot use --quiet together with --verbose"] },
  { name: "a threshold of 0", args: ["0"], names: ["cpu-threshold", RANGE, '"0"'] },
  { name: "a threshold of 101", args: ["run", "101"], names: ["cpu-threshold", RANGE, '"101"'] },
  { name: "a threshold of 7.5", args: ["run", "7.5"], names: ["cpu-threshold", RANGE, '"7.5"'] },
  { name: "a threshold of abc", args: ["run", "abc"], names: ["CPU_THRESHOLD", RANGE, '"abc"'] },
  { name: "a negative threshold", args: ["run", "--cpu-threshold", "-5"], names: ["--cpu-threshold", RANGE, '"-5"'] },
  { name: "two thresholds", args: ["75", "--cpu-threshold", "80"], names: ["CPU_THRESHOLD", "75", "80"] },
  { name: "a core that is not allowed", args: ["run", "--cores", "1000"], names: ["cores", "1000"] },
  { name: "a range of cores that runs backwards", args: ["run", "--cores", "3-1"], names: ["--cores", '"3-1"'] },
  ...["0", "17", "2.5", "many"].map((value) => ({
    name: `${value} segments`,
    args: [...GET, "--segments", value],
    names: ["--segments", "auto or a whole number from 1 to 16", `"${value}"`],
  })),
  { name: "no worker", args: ["run", "--workers", "0"], names: ["--workers", '"0"'] },
  {
    name: "a task file that is a device",
    args: ["run", "--tasks", "/dev/null"],
    names: ["--tasks", '"/dev/null"', "neither a file nor a folder"],
  },
  {
    name: "a folder without any task file, with --once",
    args: ["run", "--once", "--tasks", "/proc/self/fdinfo"],
    names: ["--tasks", '"/proc/self/fdinfo"', "there is none"],
  },
  {
    name: "a task file that is not there, with --once",
    args: ["run", "--once", "--tasks", "nowhere.json"],
    names: ["--tasks", "nowhere.json"],
  },
  {
    name: "a task file of the environment that is not there, with --once",
    args: ["run", "--once"],
    env: { CFG_TASKS: "nowhere.json" },
    names: ["--tasks", "nowhere.json"],
  },
  {
    name: "a task file of the configuration file that is not there, with --once",
    args: ["run", "--once", "--config", "tasks.json"],
    names: ["--tasks", "nowhere.json"],
  },
  {
    name: "the default task file, where it is named and not there, with --once",
    args: ["run", "--once"],
    env: { CFG_TASKS: "code_tasks.json" },
    names: ["--tasks", "code_tasks.json"],
  },
  {
    name: "a download folder below a file",
    args: ["run", "--dir", "/dev/null/files"],
    names: ["--dir", "/dev/null/files"],
  },
  {
    name: "a download folder below a file, for get",
    args: ["get", "http://127.0.0.1:1/x", "-d", "/dev/null/files"],
    names: ["--dir", "/dev/null/files"],
  },
  { name: "a queue of no known kind", args: ["run", "--queue", "x"], names: ["--queue", '"x"'] },
  { name: "a negative wait", args: ["run", "--retry-wait", "-1"], names: ["--retry-wait", '"-1"'] },
  { name: "a duration with an unknown unit", args: ["run", "--timeout", "5y"], names: ["--timeout", '"5y"'] },
  { name: "a wrong language", args: ["run", "--lang", "fr"], names: ["--lang", '"fr"', "en, zh"] },
  {
    name: "a wrong variable",
    args: ["run"],
    env: { CFG_CONCURRENCY: "abc" },
    names: ["CFG_CONCURRENCY", '"abc"'],
  },
  {
    name: "an unknown key of the configuration file",
    args: ["run", "--config", "cfg.json"],
    names: ["cfg_speed", "cfg.json"],
  },
  {
    name: "a configuration file that is not there",
    args: ["run", "--config", "no.json"],
    names: ["--config", "no.json"],
  },
  ...["netrc", "cookies", "ca", "cert"].flatMap((flag) => [
    { name: `a --${flag} that is not there`, args: [...GET, `--${flag}`, "no.txt"], names: [`--${flag}`, "no.txt"] },
    { name: `a --${flag} that is a folder`, args: [...GET, `--${flag}`, "/"], names: [`--${flag}`, '"/"', "folder"] },
    ...(flag === "cookies" ? [] : [{
      name: `a malformed --${flag}`,
      args: [...GET, `--${flag}`, "half.json"],
      names: [`--${flag}`, "half.json"],
    }]),
  ]),
  {
    name: "a key without a certificate",
    args: [...GET, "--key", "half.json"],
    names: ["--key", "half.json"],
    lines: 2,
  },
  { name: "a header without a name", args: [...GET, "--header", "no name: x"], names: ["--header", "Name: value"] },
  { name: "a header of two lines", args: [...GET, "--header", "A: b\r\nC: d"], names: ["--header", '"A: …"'] },
  { name: "a header of the client's own", args: [...GET, "--header", "Host: x"], names: ["--header", '"Host: …"'] },
  { name: "a proxy that is none", args: [...GET, "--proxy", "ftp://x"], names: ["--proxy", '"ftp://x"', "socks5"] },
  { name: "a proxy without a scheme", args: [...GET, "--proxy", "me:pw@x:80"], names: ["--proxy", '"…"'] },
  { name: "a server without a port", args: [...GET, "--allow-private", "x"], names: ["--allow-private", '"x"'] },
  { name: "a referer that is no url", args: [...GET, "--referer", "foo"], names: ["--referer", '"foo"', "url"] },
  ...["../x", "/abs", "sub/", "a//b", "x.part", ".corehaul/x"].flatMap((out) =>
    ["get", "add"].map((command): Case => ({
      name: `a name of ${out}, for ${command}`,
      args: [command, "http://127.0.0.1:1/a", "-o", out],
      names: ["Cannot use --out as it must", `"${out}"`],
    }))
  ),
  ...["/nowhere/log.txt", "/"].map((file) => ({
    name: `a log file at ${file}`,
    args: [...GET, "--log-file", file],
    names: ["--log-file", `"${file}"`],
  })),
  { name: "an option with an empty value", args: ["run", "--dir="], names: ["--dir", "needs a value"] },
  { name: "an empty header", args: [...GET, "--header", ""], names: ["--header", "value"] },
  {
    name: "--deny-private and a proxy",
    args: [...GET, "--deny-private", "--proxy", "http://127.0.0.1:1"],
    names: ["--deny-private", "proxy"],
  },
  {
    name: "--deny-private and a proxy of the environment",
    args: [...GET, "--deny-private"],
    env: { https_proxy: "http://127.0.0.1:1" },
    names: ["--deny-private", "proxy"],
  },
  { name: "get without a url", args: ["get"], names: ["URL"] },
  {
    name: "get -o for two urls",
    args: ["get", "http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "-o", "c"],
    names: ["--out", "2"],
  },
  {
    name: "a checksum of no known algorithm",
    args: ["get", "http://127.0.0.1:1/a", "--checksum", "crc32:00000000"],
    names: ["--checksum", "sha-256", '"crc32:00000000"'],
  },
  {
    name: "a checksum that is too short, for add",
    args: ["add", "http://127.0.0.1:1/a", "--checksum", "md5:d41d"],
    names: ["--checksum", "32 hexadecimal digits", '"md5:d41d"'],
  },
  {
    name: "get --checksum for two urls",
    args: ["get", "http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "--checksum", MD5],
    names: ["--checksum", "2"],
  },
  { name: "--checksum for run", args: ["run", "--checksum", MD5], names: ["--checksum", "run"] },
  ...["run", "get", "add"].flatMap((command): Case[] => {
    const args = command === "run"
      ? [command, "--checksum-file"]
      : [command, "http://127.0.0.1:1/a", "--checksum-file"];
    return [
      {
        name: `a file of checksums that is not there, for ${command}`,
        args: [...args, "no.txt"],
        names: ["--checksum-file", '"no.txt"'],
      },
      {
        name: `a file of checksums that is not valid, for ${command}`,
        args: [...args, "bad.sums"],
        names: ["--checksum-file", '"bad.sums"', "line 1", '"<!doctype html>"'],
      },
    ];
  }),
  {
    name: "an algorithm that is none",
    args: ["run", "--checksum-file", "bad.sums", "--checksum-algo", "blake3"],
    names: ["--checksum-algo", '"blake3"', "sha-256"],
  },
  {
    name: "a file of checksums that is a folder",
    args: ["run", "--checksum-file", "/"],
    names: ["--checksum-file", '"/"'],
  },
  { name: "a template that is none", args: ["run", "--name-template", "{x}"], names: ["--name-template", "{x}"] },
  {
    name: "a template that leads out",
    args: ["add", "http://127.0.0.1:1/a", "--name-template", "../{name}"],
    names: ["--name-template", '"../{name}"'],
  },
  { name: "a type that is none", args: ["run", "--expect-type", "image"], names: ["--expect-type", '"image"', "auto"] },
  {
    name: "a type that is none, for get",
    args: ["get", "http://127.0.0.1:1/a", "--expect-type", "image/*,"],
    names: ["--expect-type", '"image/*,"'],
  },
  { name: "a status to retry on that is none", args: ["run", "--retry-on", "429,600"], names: ["--retry-on", '"600"'] },
  {
    name: "a list of statuses with a gap, for get",
    args: ["get", "http://127.0.0.1:1/a", "--retry-on", "429,,503"],
    names: ["--retry-on", '"429,,503"'],
  },
  { name: "an input file that is not there", args: ["add", "-i", "no.txt"], names: ["--input", "no.txt"] },
  { name: "an input file that is not valid", args: ["add", "-i", "half.json"], names: ["--input", "line 2", "column"] },
  { name: "a list that is not there", args: ["list"], names: ["kv:.corehaul/queue.db"], code: 3 },
  { name: "a list that is no database", args: ["status", "--queue", "kv:half.json"], names: ["half.json"], code: 3 },
  {
    name: "a list that is no database, for run",
    args: ["run", "--once", "--dir", ".", "--queue", "kv:half.json"],
    names: ["half.json"],
    code: 3,
  },
  {
    name: "a list below a file",
    args: ["add", "http://127.0.0.1:1/a", "--queue", "kv:/dev/null/q.db"],
    names: ["/dev/null/q.db"],
    code: 3,
  },
];

shareCommandProcesses();

Deno.test("corehaul names what is wrong in one line, and creates nothing", async (t) => {
  for (const { name, args, env, names, code = 2, lines: expected = 1 } of CASES) {
    await t.step(name, async () => {
      await using home = await TempDir.create();
      await home.write("cfg.json", '{ "cfg_speed": 1 }');
      await home.write("slip.json", '{ "cfg_retires": 1 }');
      await home.write("tasks.json", '{ "cfg_tasks": ["nowhere.json"] }');
      await home.write("half.json", '[\n  { "url": ');
      await home.write("bad.sums", "<!doctype html>\n\nnot a checksum\n");
      const before = await home.names();
      const ended = await corehaul(args, { cwd: home.path, ...(env === undefined ? {} : { env }) });
      assertCode(ended, code);
      assertEquals(ended.stdout, "");
      const lines = ended.stderr.trimEnd().split("\n");
      assertEquals(lines.length, expected, ended.stderr);
      for (const part of names) assert(lines[0]!.includes(part), `${part} is missing in: ${lines[0]}`);
      assertEquals((await home.names()).filter((entry) => !(code === 3 && entry === ".corehaul")), before);
      assertEquals(await Deno.readTextFile(home.join("half.json")), '[\n  { "url": ');
    });
  }
});

Deno.test("corehaul names every wrong option at once", async () => {
  await using home = await TempDir.create();
  const ended = await corehaul(["run", "--retries", "x", "--lang", "fr"], {
    cwd: home.path,
    env: { CFG_TIMEOUT: "soon", CFG_WORKERS: "none" },
  });
  assertCode(ended, 2);
  for (const part of ["--retries", "--lang", "CFG_TIMEOUT", "CFG_WORKERS"]) assert(ended.stderr.includes(part));
  assertEquals(ended.stderr.trimEnd().split("\n").length, 4);
});

Deno.test("corehaul names variables that stand for no option, and goes on", async () => {
  await using home = await TempDir.create();
  const env = { CFG_RETRIS: "0", CFG_CONFIG: "/nope", CFG_RETRIES: "1" };
  const ended = await corehaul(["add", "http://127.0.0.1:1/x"], { cwd: home.path, env });
  assertCode(ended, 0);
  assertEquals(ended.stderr.trimEnd().split("\n"), [
    "warning: the variable CFG_CONFIG stands for no option, and is ignored",
    "warning: the variable CFG_RETRIS stands for no option, and is ignored: did you mean CFG_RETRIES?",
  ]);
});

Deno.test("corehaul takes variables over the configuration file, and flags over both", async () => {
  await using home = await TempDir.create();
  await home.write("cfg.json", '{ "cfg_workers": 3, "cfg_cores": "0", "cfg_lang": "zh" }');
  const core = (await allowedCores())[0]!;
  const doctor = async (args: string[], env: Record<string, string> = {}) => {
    const all = ["doctor", "--json", "--config", "cfg.json", "--cores", String(core), ...args];
    const { stdout } = await corehaul(all, { cwd: home.path, env });
    return /download workers on ([\d,]+)/.exec(stdout)?.[1]?.split(",").length;
  };
  assertEquals(await doctor([]), 3);
  assertEquals(await doctor([], { CFG_WORKERS: "2" }), 2);
  assertEquals(await doctor(["--workers", "4"], { CFG_WORKERS: "2" }), 4);
});

Deno.test("corehaul names every entry with a bad checksum or size, and takes the good ones around them", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const entry = (name: string, more: object) => ({ url: `gopher://127.0.0.1/${name}`, ...more });
  const entries = [
    entry("a", { checksum: MD5, size: 0 }),
    entry("b", { checksum: "md5:d41d" }),
    entry("c", { size: -1 }),
    entry("d", { size: "12" }),
    entry("e", {}),
  ];
  const parts = [["entry 1", "checksum", '"md5:d41d"'], ["entry 2", "size", "-1"], ["entry 3", "size", '"12"']];
  const assertNamed = (stderr: string) => {
    const lines = stderr.split("\n");
    for (const names of parts) {
      assert(
        lines.some((line) => names.every((name) => line.includes(name))),
        `${names.join()} is missing in: ${stderr}`,
      );
    }
  };
  await home.write("tasks.json", JSON.stringify(entries));
  const added = await corehaul(["add", "-i", "tasks.json", "--queue", "kv:added.db"], options);
  assertCode(added, 1);
  assertNamed(added.stderr);
  const run = await corehaul(["run", "--once", "--tasks", "tasks.json", "--queue", "kv:run.db"], options);
  assertCode(run, 1);
  assertNamed(run.stderr);
  for (const queue of ["kv:added.db", "kv:run.db"]) {
    const tasks = await listedTasks(queue, options);
    assertEquals(tasks.map(({ url, checksum, size }) => [url.at(-1), checksum, size]), [
      ["a", MD5, 0],
      ["e", undefined, undefined],
    ]);
  }
});

Deno.test("corehaul fails a url of an unsupported scheme as a task, with its reason in the list", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  await home.write("tasks.json", JSON.stringify([{ url: "gopher://127.0.0.1/hole" }, { url: "file:///etc/passwd" }]));
  const run = ["run", "--once", "--tasks", "tasks.json", "--queue", "kv:q.db"];
  assertCode(await corehaul(run, options), 1);
  const tasks = await listedTasks("kv:q.db", options);
  assertEquals(tasks.map(({ status, attempts, error }) => [status, attempts, error?.kind]), [
    ["failed", 1, "unsupported"],
    ["failed", 1, "unsupported"],
  ]);
  const plain = await corehaul(["list", "--queue", "kv:q.db"], options);
  assert(/gopher:.*http: https:/.test(plain.stdout), plain.stdout);
});

Deno.test("corehaul fails a task whose server refuses the connection, after its retries", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const url = `http://127.0.0.1:${freePort()}/x`;
  const run = ["get", url, "--retries", "2", "--retry-wait", "0.01", "--json"];
  const ended = await corehaul(run, options);
  assertCode(ended, 1);
  const events = ended.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assertEquals(events.filter((type) => type === "task_retry").length, 2);
  assertEquals(events.filter((type) => type === "task_failed").length, 1);
});

Deno.test("corehaul names a file with secrets that it cannot read, and the line, but nothing of what is in it", async () => {
  await using home = await TempDir.create();
  const [pair, other] = [await testCertificate(["a.test"]), await testCertificate(["b.test"])];
  await home.write("cert.pem", pair.cert);
  const half = "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n";
  const cases: [flag: string, text: string, more: string[], names: string[]][] = [
    ["--netrc", 'machine a.test login me\npassword "secret\n', [], ["line 2"]],
    ["--ca", pair.cert + half, [], ["certificate 2"]],
    ["--cert", half, [], ["certificate 1"]],
    ["--key", "secret", ["--cert", "cert.pem"], ["private key"]],
    ["--key", other.key, ["--cert", "cert.pem"], ["private key of --cert"]],
    ["--key", pair.key.replace(/\n[^-]+\n/, "\nc2VjcmV0\n"), ["--cert", "cert.pem"], ["private key"]],
  ];
  for (const [flag, text, more, names] of cases) {
    await home.write("file.txt", text);
    const ended = await corehaul([...GET, flag, "file.txt", ...more], { cwd: home.path });
    assertCode(ended, 2);
    for (const part of [flag, '"file.txt"', ...names]) assert(ended.stderr.includes(part), `${part}: ${ended.stderr}`);
    assertEquals(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr);
    assert(!/secret|c2VjcmV0|me\b/.test(ended.stderr), ended.stderr);
  }
});

Deno.test("corehaul passes over the lines of a cookie file that have no cookie, and names them by their numbers", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ headers }) => new Response(headers.get("cookie")));
  const cookie = ["127.0.0.1", "FALSE", "/", "FALSE", "", "a", "1"].join("\t");
  await home.write("cookies.txt", `# Netscape\n\nsecret\n${cookie}\n127.0.0.1\tsecret\n`);
  const ended = await corehaul(["get", `${server.url}/x`, "--cookies", "cookies.txt"], { cwd: home.path });
  assertCode(ended, 0);
  assertEquals(await Deno.readTextFile(home.join("downloads/x")), "a=1");
  const warnings = ended.stderr.split("\n").filter((line) => line.startsWith("warning: "));
  assertEquals(warnings.length, 1, ended.stderr);
  assert(/^warning: lines 3, 5 of the cookie file \(--cookies\)/.test(warnings[0]!), warnings[0]);
  assert(!ended.stderr.includes("secret"), ended.stderr);
});
