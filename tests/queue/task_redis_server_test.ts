/** What a server does to a list: how it is reached, what it drops, and what it has lost. */
import { assertEquals } from "@std/assert";
import { parseRedisAddress } from "../../config/redis_address.ts";
import { openTaskList } from "../../app/open_task_list.ts";
import { TaskRedisList, type TaskRedisListOptions } from "../../queue/task_redis_list.ts";
import { RedisServer } from "../support/redis_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { claimAs, draft, drafts, ownerInfo, settleAll, taskError } from "./contract_kit.ts";

async function open(
  server: RedisServer,
  options: TaskRedisListOptions = {},
  login = "",
): Promise<TaskRedisList> {
  const parsed = parseRedisAddress(server.url(0, login));
  if (parsed.type === "problem") throw new Error(parsed.reason);
  return await TaskRedisList.open(parsed.address, options);
}

for (const address of ["127.0.0.1", "::1"]) {
  Deno.test(`TaskRedisList reaches a server with TLS by its address ${address}, and by no certificate of others`, async () => {
    const { cert, key } = await testCertificate([address]);
    const other = await testCertificate(["localhost", "192.0.2.1"]);
    await using server = await RedisServer.start({ address, tls: { cert, key, ca: cert } });
    const url = address.includes(":") ? `rediss://[${address}]:${server.port}` : server.url();
    const tls = { ca: cert, cert, key };
    {
      await using list = await openTaskList(url, { tls });
      assertEquals((await list.add([draft(1)])).map(({ type }) => type), ["added"]);
    }
    const refused = await openTaskList(url, { tls: { ...tls, ca: other.cert }, patienceMs: 0 }).catch((error) => error);
    assertEquals(refused.code, "queue_unavailable");
  });
}

Deno.test("TaskRedisList reaches no server with TLS whose certificate is for another address", async () => {
  const { cert, key } = await testCertificate(["localhost", "192.0.2.1"]);
  await using server = await RedisServer.start({ tls: { cert, key, ca: cert } });
  const options = { tls: { ca: cert, cert, key }, patienceMs: 0 };
  assertEquals((await openTaskList(server.url(), options).catch((error) => error)).code, "queue_unavailable");
  await using list = await openTaskList(`rediss://localhost:${server.port}`, options);
  assertEquals((await list.counts()).waiting, 0);
});

Deno.test("TaskRedisList tells the policy by which its server may drop tasks, and openTaskList warns of it", async () => {
  await using server = await RedisServer.start();
  await using list = await open(server);
  const warnings: string[] = [];
  const opened = async () => {
    await using _list = await openTaskList(server.url(), { warn: (message) => warnings.push(message) });
  };
  assertEquals(await list.evicts(), undefined);
  await opened();
  assertEquals(warnings, []);
  for (const policy of ["allkeys-lru", "volatile-ttl"]) {
    await server.ask("config", "set", "maxmemory-policy", policy);
    assertEquals(await list.evicts(), policy);
    await opened();
    assertEquals(warnings.splice(0), [
      `the Redis of the task list may drop tasks when its memory is full: its maxmemory-policy is ${policy} and must be noeviction`,
    ]);
  }
});

Deno.test("TaskRedisList knows nothing of the policy of a server that does not tell it", async () => {
  await using server = await RedisServer.start({ more: ["user app on >secret ~* &* +@all -info -config"] });
  await using list = await open(server, {}, "app:secret@");
  assertEquals(await list.evicts(), undefined);
});

Deno.test("TaskRedisList.lost counts what nobody can claim any more, and nothing while something may still come", async () => {
  await using server = await RedisServer.start();
  await using list = await open(server);
  const keys = async () => (await server.ask("keys", "*")).split("\n").filter((key) => key !== "");
  const drop = async (pattern: RegExp) => {
    for (const key of await keys()) if (pattern.test(key)) await server.ask("del", key);
  };
  const fill = async () => {
    await server.ask("flushall");
    await list.add(drafts(30));
    await list.register(ownerInfo("one"));
  };
  const claimAll = async () => {
    while ((await list.claim({ owner: "one", core: 1, limit: 500 })).length > 0);
  };
  await fill();
  assertEquals(await list.lost(), 0);
  // The records, the index of the claims, and the tasks of the hosts.
  for (const pattern of [/:b:/, /:heads$/, /:q:/]) {
    await fill();
    await drop(pattern);
    await claimAll();
    assertEquals(await list.lost(), 30, String(pattern));
  }
  await fill();
  await drop(/:(?!seq$)\w+$|:b:|:q:/);
  assertEquals(await list.lost(), 30);
  await fill();
  const claimed = await claimAs(list, "one");
  assertEquals(await list.lost(), 0);
  const notBefore = Date.now() + 3_600_000;
  await settleAll(list, claimed.slice(0, 10), { type: "retry", startedAt: 1, error: taskError(), notBefore });
  await settleAll(list, claimed.slice(10));
  assertEquals(await list.lost(), 0);
  await drop(/:delayed$/);
  assertEquals(await list.lost(), 10);
  await fill();
  await claimAs(list, "one");
  await drop(/:run:/);
  assertEquals(await list.lost(), 30);
  await list.control({ verb: "remove" });
});
