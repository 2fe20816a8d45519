import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { HttpLane } from "../../download/protocols/http_lane.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;

Deno.test("HttpLane does not trust a certificate that fetch does not trust, and says it the same way", async () => {
  await using server = new RawServer(answering(reply("hello")), await testCertificate(["localhost"]));
  using lane = new HttpLane({ idlePerHost: 2 });
  using driver = new HttpDriver({ idlePerHost: 2, lane: false });
  const url = server.url("/", "localhost");
  const ours = await assertRejects(() => lane.open({ url, headers: {}, signal: never }), DownloadError);
  const request = { url: url.href, headers: {}, maxRedirects: 0, signal: never };
  const theirs = await assertRejects(() => driver.open(request), DownloadError);
  assertEquals([ours.kind, ours.retryable], ["security", false], ours.message);
  assertEquals(theirs.kind, "security");
  assertEquals(lane.connections, 0);
});

Deno.test("HttpLane downloads over TLS from a server that is trusted, under its own name only", async () => {
  const pair = await testCertificate(["localhost"]);
  const body = (path: string) => path.repeat(1 + Number(path.slice(1)) * 40);
  await using server = new RawServer(answering((head) => reply(body(head.split(" ")[1]!))), pair);
  const file = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(file, pair.cert);
    const module = new URL("../../download/protocols/http_lane.ts", import.meta.url).href;
    const code = `import { HttpLane } from ${JSON.stringify(module)};
      const body = ${body};
      const lane = new HttpLane({ idlePerHost: 8 });
      const ask = (name, path) => {
        const url = new URL(path, "https://" + name + ":${server.port}");
        return lane.open({ url, headers: {}, signal: new AbortController().signal });
      };
      let next = 0, good = 0;
      await Promise.all(Array.from({ length: 6 }, async () => {
        for (let i = next++; i < 300; i = next++) {
          const answer = await ask("localhost", "/" + i);
          const text = new TextDecoder().decode(await answer.whole((bytes) => bytes.slice()));
          if (text === body("/" + i)) good++;
        }
      }));
      console.log(good, lane.connections);
      await ask("127.0.0.1", "/1").catch((error) => console.log(error.kind, error.retryable));`;
    const args = ["eval", "--cert", file, code];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } }).output();
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stdout), "300 6\nsecurity false\n", decoder.decode(stderr));
    assertEquals(server.accepted, 7);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("HttpLane fails on a server that speaks no TLS, and gives up a handshake that hangs", async () => {
  const asked = Promise.withResolvers<void>();
  await using plain = new RawServer((connection) => connection.send("no TLS here"));
  await using silent = new RawServer(async (connection) => {
    asked.resolve();
    await connection.gone();
  });
  using lane = new HttpLane({ idlePerHost: 2 });
  const open = (server: RawServer, signal: AbortSignal) => {
    const url = server.url();
    url.protocol = "https:";
    return lane.open({ url, headers: {}, signal });
  };
  const error = await assertRejects(() => open(plain, never), DownloadError);
  assertEquals([error.kind, error.retryable], ["protocol", false]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const opening = open(silent, controller.signal);
  opening.catch(() => {});
  await asked.promise;
  controller.abort(reason);
  assert(await assertRejects(() => opening) === reason);
  assertEquals(lane.connections, 0);
});
