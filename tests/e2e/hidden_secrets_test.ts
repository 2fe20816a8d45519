/** What is secret in an entry is shown nowhere, however the entry is written. */
import { assert, assertEquals } from "@std/assert";
import { walk } from "@std/fs/walk";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { CFG_FIELDS, cfgEnvName, cfgFileKey } from "../../config/cfg_fields.ts";
import { FaultServer } from "../support/fault_server.ts";
import { runOnce } from "../support/run_once.ts";
import { TempDir } from "../support/temp_dir.ts";

/** Everything below the download folder, and the log. */
async function leftBehind(home: TempDir): Promise<string> {
  let all = await Deno.readTextFile(`${home.path}/run.log`);
  for await (const { path } of walk(`${home.path}/files`, { includeDirs: false })) {
    all += `${path}\n${await Deno.readTextFile(path)}\n`;
  }
  return all;
}

shareCommandProcesses();

Deno.test("corehaul shows no credentials of urls that are written in another way than usual", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) =>
    path.startsWith("/gone") ? new Response("", { status: 403 }) : new Response(path)
  );
  const { host } = new URL(server.url);
  const ways = ["http:/", "http:///", "http:", " http://", "ht\ntp://", "http:\\\\"];
  const entries = ways.flatMap((way, i) => [`${way}me:SECRET@${host}/ok${i}`, `${way}me:SECRET@${host}/gone${i}`]);
  const more = ["--log-level", "debug", "--log-file", "run.log"];
  const { ended, tasks } = await runOnce(home, "auto", entries, more);
  assertCode(ended, 1);
  assertEquals(tasks.filter(({ status }) => status === "done").length, ways.length);
  assert(server.requests.every(({ headers }) => headers.get("authorization") === `Basic ${btoa("me:SECRET")}`));
  const shown = [ended.stdout, ended.stderr, JSON.stringify(tasks), await leftBehind(home)].join("\n");
  assert(shown.includes("gone0") && shown.includes("ok0"));
  assert(!shown.includes("SECRET"), shown);
});

Deno.test("corehaul shows no secrets of entries that it does not take", async () => {
  await using home = await TempDir.create();
  const url = "https://h.example/";
  const entries = [
    { url: "https://me:SECRET@h.example:99999/x" },
    "https://me:SEC/RET@h.example/x",
    { url, mirrors: ["https://me:SECRET@h.example:99999/x"] },
    { url, headers: "Authorization: SECRET" },
    { url, headers: ["Authorization: SECRET"] },
    [{ url, password: "SECRET" }],
  ];
  await home.write("tasks.json", JSON.stringify(entries));
  await home.write("lines.txt", "https://me:SECRET@h.example:99999/x\nheader=Authorization: SECRET\n");
  await home.write("table.csv", 'url,header:Authorization\nhttps://me:SECRET@h.example/"x,SECRET\n');
  await home.write("broken.json", "[https://me:SECRET@h.example/]");
  const queue = ["--queue", "kv:queue.db"];
  const run = ["run", "--once", "--json", "--log-level", "debug", "--dir", "files", ...queue];
  for (const file of ["tasks.json", "lines.txt", "table.csv", "broken.json"]) {
    for (const args of [["check", file, ...queue], ["add", "--input", file, ...queue], [...run, "--tasks", file]]) {
      const { code, stdout, stderr } = await corehaul(args, { cwd: home.path });
      assert(code !== 0, args.join(" "));
      assert(!/SEC|RET/.test(stdout + stderr), `${args.join(" ")}: ${stdout}${stderr}`);
    }
  }
});

Deno.test("corehaul shows no part of an address of Redis before its last @, and says how to write a password", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  for (const password of ["SEC@RET", "SEC#RET", "SEC%RET", "SEC/RET", "SEC?RET"]) {
    const queue = `redis://:${password}@127.0.0.1:1/0`;
    await home.write("cfg.json", JSON.stringify({ cfg_queue: queue }));
    const ways: [string[], Record<string, string>][] = [
      [["list", "--queue", queue], {}],
      [["doctor"], { CFG_QUEUE: queue }],
      [["run", "--config", "cfg.json"], {}],
      [["status", "--queue", `kv:${queue}`], {}],
    ];
    for (const [args, env] of ways) {
      const ended = await corehaul(args, { ...options, env });
      assertCode(ended, 2);
      assert(!/SEC|RET/.test(ended.stdout + ended.stderr), ended.stderr);
      assert(ended.stderr.includes("…@127.0.0.1:1/0"), ended.stderr);
      if (args[0] !== "status") assert(ended.stderr.includes("percent-encoded: @ is %40"), ended.stderr);
    }
  }
  assertEquals(await home.names(), ["cfg.json"]);
});

/** The options that take an address, each with addresses that are refused or lead nowhere. */
const ADDRESS_OPTIONS: Record<string, readonly string[]> = {
  queue: [
    "https://me:SECRET@127.0.0.1:1/db?token=SECRET",
    "https://127.0.0.1:1/db?token=SEC@RET#SECRET",
    "kv:https://me:SECRET@127.0.0.1:1/db?token=SECRET",
    "https://me:SEC/RET@127.0.0.1:1/db",
    "https://me:SECRET",
    "redis://me:SECRET",
    "redis://127.0.0.1:1/0?password=SECRET",
    "redis://127.0.0.1:1/0?a=b@SECRET",
    "redis:me:SECRET",
    "redis://me:SECRET@127.0.0.1:1/0",
    "ftp://me:SECRET@127.0.0.1/x?SECRET",
  ],
  "s3-endpoint": [
    "https://me:SECRET@127.0.0.1:1",
    "http://:SECRET@127.0.0.1:1",
    "http://127.0.0.1:1/?token=SECRET",
    "ftp://:SECRET",
  ],
  proxy: ["http://me:SECRET@127.0.0.1:1", "http://127.0.0.1:1/?token=SECRET", "ftp://me:SECRET@h", "http://me:SECRET"],
  referer: ["http://me:SEC/RET@h", "//me:SECRET@h?SECRET"],
  "allow-private": ["http://me:SECRET@127.0.0.1:1", "127.0.0.1:1/?token=SECRET", "me:SECRET@127.0.0.1:1"],
  protocol: [
    "mem:=https://me:SECRET@127.0.0.1:1/driver.ts?token=SECRET",
    "https://me:SECRET@127.0.0.1:1/driver.ts?token=SECRET",
  ],
};

Deno.test("corehaul shows no user info and no query of an address that an option takes, wherever it comes from", async () => {
  const taking = CFG_FIELDS.filter(({ placeholder = "" }) => /URL|HOST|MODULE/.test(placeholder));
  assertEquals(taking.map(({ flag }) => flag).sort(), Object.keys(ADDRESS_OPTIONS).sort());
  await using home = await TempDir.create();
  const lists: Record<string, string> = { "s3-endpoint": "s3://bucket/key", protocol: "mem://x/y" };
  const run = ["run", "--once", "--log-level", "debug", "--retries", "0", "--queue-timeout", "0.1"];
  let queues = 0;
  const check = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await corehaul(args, { cwd: home.path, env });
    const what = `${args.join(" ")} ${JSON.stringify(env)}`;
    assert(code !== 0, what);
    assert(!/SEC|RET/.test(stdout + stderr), `${what}: ${stdout}${stderr}`);
  };
  for (const field of taking) {
    const addresses = ADDRESS_OPTIONS[field.flag]!;
    const tasks = `${field.flag}.txt`;
    await home.write(tasks, `${lists[field.flag] ?? "http://127.0.0.1:1/a"}\n`);
    const command = () => {
      const queue = field.flag === "queue" ? [] : ["--queue", `kv:queue${++queues}.db`];
      return [...run, "--tasks", tasks, ...queue, ...field.flag === "allow-private" ? ["--deny-private"] : []];
    };
    for (const address of addresses) await check([...command(), `--${field.flag}`, address]);
    await check(command(), { [cfgEnvName(field)]: addresses.at(-1)! });
    await home.write("cfg.json", JSON.stringify({ [cfgFileKey(field)]: addresses.at(-1) }));
    await check([...command(), "--config", "cfg.json"]);
  }
  const [server] = ADDRESS_OPTIONS.queue!;
  for (const command of [["doctor"], ["gc", "--keep", "0"], ["check", "queue.txt"]]) {
    await check([...command, "--queue", server!]);
  }
  // Deno itself tells the whole address of a server that it cannot reach.
  await check(["list", "--queue-timeout", "0.1", "--queue", server!], { DENO_KV_ACCESS_TOKEN: "SECRET" });
  const address = "http://me:SECRET@127.0.0.1:1/?token=SECRET";
  const s3 = [...run, "--queue", "kv:s3.db", "--tasks", "s3-endpoint.txt"];
  await check(s3, { AWS_ENDPOINT_URL: address, http_proxy: "" });
  await check(s3, { http_proxy: address });
});
