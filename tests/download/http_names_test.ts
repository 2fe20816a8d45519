/** How HTTP gets from the name of a host to its addresses. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HostAddresses } from "../../download/host_addresses.ts";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { NameLookups } from "../../download/name_lookups.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive } from "../support/drive.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { SocksServer } from "../support/socks_server.ts";

const SIZE = 2000;

/** A driver that knows these names, and what was asked of it. */
function driverOf(lane: boolean, known: Record<string, string[]>, identity: Partial<HttpIdentity> = {}) {
  const asked: string[] = [];
  const told: string[] = [];
  const names = new NameLookups({
    resolve: (name) => {
      asked.push(name);
      const addresses = known[name];
      return addresses === undefined
        ? Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "EAI_AGAIN" }))
        : Promise.resolve(addresses);
    },
  });
  const who = { ...ANONYMOUS, ...identity };
  const driver = new HttpDriver({ idlePerHost: 2, lane, identity: who, hosts: new HostAddresses(who, names) });
  const watch = { lookingUp: () => void told.push("looking"), lookedUp: () => void told.push("looked") };
  return { driver, asked, told, watch, [Symbol.dispose]: () => driver[Symbol.dispose]() };
}

function serve() {
  return FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
}

Deno.test("HttpDriver looks a name up once for all who wait, and connects to the addresses that it got, over the lane", async () => {
  await using server = serve();
  const { port } = new URL(server.url);
  using client = driverOf(true, { "files.test": ["127.0.0.9", "::1", "127.0.0.1"] });
  const { driver, watch } = client;
  const fetch = async (path: string) => {
    assertEquals((await drive(driver, `http://files.test:${port}${path}`, { watch })).bytes, bytesFor(path, SIZE));
  };
  await Promise.all(["/a", "/b", "/c"].map(fetch));
  const told = client.told.length;
  assertEquals([client.asked, told], [["files.test"], 6]);
  // A kept connection needs no name.
  await fetch("/d");
  assertEquals([client.asked.length, client.told.length], [1, told]);
});

Deno.test("HttpDriver lets fetch look no name up that has no answer", async () => {
  await using server = serve();
  const { port } = new URL(server.url);
  using client = driverOf(false, { localhost: ["127.0.0.1"] });
  const { driver, watch } = client;
  await Promise.all(["/a", "/b"].map((path) => drive(driver, `http://localhost:${port}${path}`, { watch })));
  await drive(driver, `http://localhost:${port}/c`, { watch });
  assertEquals([client.asked, client.told], [["localhost"], ["looking", "looking", "looked", "looked"]]);
});

for (const lane of [true, false]) {
  const way = lane ? "lane" : "fetch";
  Deno.test(`HttpDriver says of a name without an address when it is worth another try, ${way}`, async () => {
    const before = Date.now();
    for (const identity of [{}, { denyPrivate: true }]) {
      using client = driverOf(lane, {}, identity);
      const error = await assertRejects(() => drive(client.driver, "http://dead.test:81/x"), DownloadError);
      assertEquals(error.message, "dead.test:81: the name cannot be looked up: no name server answers (EAI_AGAIN)");
      assertEquals([error.kind, error.retryable, client.asked], ["network", true, ["dead.test"]]);
      assert(error.retryAt! >= before + 1000 && error.retryAt! <= Date.now() + 1001);
      await assertRejects(() => drive(client.driver, "http://dead.test:81/y"), DownloadError, "looked up");
      assertEquals(client.asked, ["dead.test"]);
    }
  });

  Deno.test(`HttpDriver looks up the name of the proxy, and leaves that of the host to the proxy, ${way}`, async () => {
    await using server = serve();
    const { port } = new URL(server.url);
    await using socks = new SocksServer(Number(port));
    using client = driverOf(lane, { localhost: ["127.0.0.1"] }, { proxy: `socks5://localhost:${socks.port}` });
    assertEquals((await drive(client.driver, "http://files.test/a")).bytes, bytesFor("/a", SIZE));
    assertEquals([client.asked, socks.requests[0]?.target], [["localhost"], "files.test:80"]);
    using lost = driverOf(lane, {}, { proxy: "http://proxy.test:3128" });
    const error = await assertRejects(() => drive(lost.driver, "http://files.test/a"), DownloadError);
    assertMatch(
      error.message,
      /^files\.test: through the proxy http:\/\/proxy\.test:3128: the name cannot be looked up: /,
    );
    assertEquals([error.retryable, error.retryAt !== undefined, lost.asked], [true, true, ["proxy.test"]]);
  });
}

Deno.test("HttpDriver connects by name where it may reach only some hosts", async () => {
  await using server = serve();
  const { port } = new URL(server.url);
  const permissions = { net: [`localhost:${port}`], read: false, env: false, import: "inherit" as const };
  const worker = new Worker(new URL("fixtures/named_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions },
  });
  try {
    for (const lane of [true, false]) {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ lane, url: `http://localhost:${port}/a` });
      assertEquals(await promise, bytesFor("/a", SIZE), `lane: ${lane}`);
    }
  } finally {
    worker.terminate();
  }
});
