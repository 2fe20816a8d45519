import { assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { identityProbe } from "../../download/identity_probe.ts";
import { until } from "../support/until.ts";

const never = new AbortController().signal;

/** Lets two servers be tried, connects to each once more, and says which ones these `count` connections were for. */
async function seen(count: number, probe: (target: number, proxy: number) => Promise<void>): Promise<string[]> {
  const names: string[] = [];
  const listeners = ["target", "proxy"].map((name) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const over = (async () => {
      for await (const connection of listener) {
        names.push(name);
        connection.close();
      }
    })();
    return { listener, over };
  });
  const [target, proxy] = listeners.map(({ listener }) => listener.addr.port);
  try {
    await probe(target!, proxy!);
    // What was connected before is accepted before.
    for (const { listener } of listeners) (await Deno.connect({ port: listener.addr.port })).close();
    await until("the connections", () => names.length >= count);
  } finally {
    for (const { listener } of listeners) listener.close();
    await Promise.all(listeners.map(({ over }) => over));
  }
  return names.sort();
}

function probing(count: number, make: (target: number, proxy: number) => Partial<HttpIdentity>) {
  return seen(count, async (target, proxy) => {
    const probe = identityProbe({ ...ANONYMOUS, ...make(target, proxy) });
    await probe(`http://127.0.0.1:${target}/x`, never);
  });
}

Deno.test("identityProbe tries the way that the requests go: the server, the proxy, or none that it knows", async () => {
  assertEquals(await probing(3, () => ({})), ["proxy", "target", "target"]);
  assertEquals(await probing(3, (_, proxy) => ({ proxy: `socks5://127.0.0.1:${proxy}` })), [
    "proxy",
    "proxy",
    "target",
  ]);
  const environmentProxies = (proxy: number) => ({ http: `http://127.0.0.1:${proxy}` });
  assertEquals(await probing(3, (_, proxy) => ({ environmentProxies: environmentProxies(proxy) })), [
    "proxy",
    "proxy",
    "target",
  ]);
  const exempt = (target: number, proxy: number) => ({
    environmentProxies: environmentProxies(proxy),
    noProxy: `127.0.0.0/8:${target}`,
  });
  assertEquals(await probing(3, exempt), ["proxy", "target", "target"]);
});

Deno.test("identityProbe keeps away from private addresses, too", async () => {
  const deny = (allowPrivate: string[]) => identityProbe({ ...ANONYMOUS, denyPrivate: true, allowPrivate });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  await assertRejects(() => deny([])(url, never), DownloadError, "public internet");
  await deny([`127.0.0.1:${listener.addr.port}`])(url, never);
  (await listener.accept()).close();
  listener.close();
});
