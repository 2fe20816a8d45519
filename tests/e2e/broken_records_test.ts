/** A record of the list that cannot be read is named, removable, and in nobody's way. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses();

function inFile(home: TempDir) {
  return {
    address: `kv:${home.join("queue.db")}`,
    async tear(url: string) {
      const kv = await Deno.openKv(home.join("queue.db"));
      for await (const { key, value } of kv.list({ prefix: ["task_shared_list", "ready"] })) {
        const lines = new TextDecoder().decode(value as Uint8Array).split("\n");
        const torn = lines.map((line) => line.includes(url) ? line.slice(0, -3) : line).join("\n");
        await kv.set(key, new TextEncoder().encode(torn));
      }
      kv.close();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function onRedis() {
  const redis = await RedisServer.start();
  return {
    address: redis.url(),
    async tear(url: string) {
      for (const seq of ["1", "2", "3"]) {
        const record = await redis.ask("hget", "corehaul:{default}:b:0", seq);
        if (record.includes(url)) await redis.ask("hset", "corehaul:{default}:b:0", seq, record.slice(0, -3));
      }
    },
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}

for (const [name, open] of Object.entries({ "a file": inFile, Redis: onRedis })) {
  Deno.test(`corehaul goes on past a broken record in ${name}, names it in list and doctor, and removes it`, async () => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(({ path }) => new Response(path));
    await using list = await open(home);
    const call = (...args: string[]) => corehaul([...args, "--queue", list.address], { cwd: home.path });
    const urls = ["a", "b", "c"].map((file) => `${server.url}/${file}?key=SECRET`);
    assertCode(await call("add", ...urls), 0);
    await list.tear("/b?");
    const text = /1 record of the task list cannot be read and is set aside: (\S+); corehaul remove KEY takes one off/;
    const run = ["run", "--once", "--dir", "files"];
    const ended = await call(...run);
    assertCode(ended, 1);
    assertMatch(ended.stderr, text);
    assertEquals(server.requests.map(({ path }) => path).sort(), ["/a", "/c"]);
    const listed = await call("list", "--json");
    assertCode(listed, 0);
    assertEquals(jsonLines(listed.stdout).map(({ status }) => status), ["done", "done"]);
    const key = text.exec(listed.stderr)![1]!;
    const doctor = await call("doctor");
    assertCode(doctor, 1);
    assert(doctor.stdout.includes(`BAD records   1 record of the task list cannot be read and is set aside: ${key};`));
    assert(!(ended.stderr + listed.stderr + doctor.stdout).includes("SECRET"));
    const removed = await call("remove", key);
    assertCode(removed, 0);
    assertEquals(removed.stdout, "1 task removed\n");
    assertMatch((await call("doctor")).stdout, /^ok {2}records {3}all records of the list can be read$/m);
    assertCode(await call("add", ...urls), 0);
    assertCode(await call(...run), 0);
    assertEquals(server.requests.map(({ path }) => path).sort(), ["/a", "/b", "/c"]);
  });
}
