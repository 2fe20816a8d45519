import { assert, assertEquals } from "@std/assert";
import { HttpLane } from "../../download/protocols/http_lane.ts";
import { LaneConnection } from "../../download/protocols/lane_connection.ts";
import { LanePool } from "../../download/protocols/lane_pool.ts";
import { laneHost } from "../../download/protocols/lane_request.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;

async function connect(pool: LanePool, url: URL): Promise<LaneConnection> {
  const connection = await LaneConnection.open(laneHost(url)!, never);
  pool.add(connection);
  return connection;
}

Deno.test("LanePool gives no connection that was idle for half a minute", async () => {
  await using server = new RawServer((connection) => connection.gone());
  using pool = new LanePool(4);
  const { origin } = server.url();
  const [old, young] = [await connect(pool, server.url()), await connect(pool, server.url())];
  pool.park(old);
  pool.park(young);
  old.idleSince -= 30_001;
  young.idleSince -= 29_000;
  assertEquals(pool.take(origin), young);
  assertEquals(pool.take(origin), undefined);
  assertEquals(pool.size, 1);
});

Deno.test("LanePool forgets a server with its last connection", async () => {
  await using server = new RawServer((connection) => connection.gone());
  using pool = new LanePool(4);
  const url = server.url();
  assertEquals(pool.host(url.origin), undefined);
  const first = await connect(pool, url);
  const second = await connect(pool, url);
  assertEquals(pool.host(url.origin)?.port, server.port);
  pool.park(second);
  first.close();
  first.close();
  assertEquals(pool.host(url.origin)?.port, server.port);
  assertEquals(pool.take(url.origin), second);
  second.close();
  assertEquals([pool.host(url.origin), pool.size], [undefined, 0]);
});

Deno.test("LanePool closes the connection that was idle for longest when there are too many", async () => {
  await using server = new RawServer((connection) => connection.gone());
  using pool = new LanePool(1000);
  const connections: LaneConnection[] = [];
  for (let i = 0; i < 258; i++) connections.push(await connect(pool, server.url()));
  for (const connection of connections) pool.park(connection);
  assertEquals(pool.size, 256);
  for (const connection of connections.slice(2).reverse()) assertEquals(pool.take(server.url().origin), connection);
  assertEquals(pool.take(server.url().origin), undefined);
});

Deno.test("laneHost knows names, ports and addresses", () => {
  const cases: [string, string, string, number][] = [
    ["http://example.org/x", "example.org", "example.org", 80],
    ["https://example.org", "example.org", "example.org", 443],
    ["http://EXAMPLE.org.:8080/", "example.org.:8080", "example.org.", 8080],
    ["https://[2001:db8::1]/", "[2001:db8::1]", "2001:db8::1", 443],
    ["http://[::1]:81/", "[::1]:81", "::1", 81],
    ["http://bücher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example", 80],
  ];
  for (const [url, name, hostname, port] of cases) {
    const host = laneHost(new URL(url));
    assertEquals([host?.name, host?.hostname, host?.port], [name, hostname, port], url);
    assertEquals(host?.key, new URL(url).origin);
  }
});

Deno.test({
  name: "HttpLane goes to addresses of IPv6",
  ignore: !Deno.networkInterfaces().some(({ address }) => address === "::1"),
  async fn() {
    let host: string | undefined;
    const script = answering((head) => {
      host = head.match(/^Host: (.*)\r$/m)?.[1];
      return reply("hello");
    });
    await using server = new RawServer(script, undefined, "::1");
    using lane = new HttpLane({ idlePerHost: 1 });
    const answer = await lane.open({ url: server.url("/", "[::1]"), headers: {}, signal: never });
    assert(answer?.ok);
    assertEquals((await answer.whole((bytes) => bytes.slice(), () => {})).length, 5);
    assertEquals(host, `[::1]:${server.port}`);
  },
});
