import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { HttpLane } from "../../download/protocols/http_lane.ts";
import { answering, latin1, RawServer, reply } from "./raw_server.ts";

const never = new AbortController().signal;

function der(tag: number, ...parts: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  const content = parts.flatMap((part) => [...part]);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Uint8Array.from([tag, ...length, ...content]);
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** A positive number as DER wants it: no needless zero in front, but one before a high bit. */
function whole(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at++;
  return der(0x02, bytes[at]! > 127 ? [0] : [], bytes.subarray(at));
}

/** A certificate for the name localhost, signed by its own key, which nobody trusts unless told to. */
async function certificate(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const ecdsaWithSha256 = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
  const name = der(0x30, der(0x31, der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0c, latin1("lane test")))));
  const time = (date: string) => der(0x18, latin1(date));
  const names = der(0x30, der(0x82, latin1("localhost")));
  const extension = der(0x30, der(0x06, [0x55, 0x1d, 0x11]), der(0x04, names));
  const body = der(
    0x30,
    der(0xa0, der(0x02, [2])),
    der(0x02, [1]),
    ecdsaWithSha256,
    name,
    der(0x30, time("20200101000000Z"), time("20990101000000Z")),
    name,
    new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    der(0xa3, der(0x30, extension)),
  );
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, body));
  const pair = der(0x30, whole(signature.subarray(0, 32)), whole(signature.subarray(32)));
  return {
    cert: pem("CERTIFICATE", der(0x30, body, ecdsaWithSha256, der(0x03, [0], pair))),
    key: pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey))),
  };
}

Deno.test("HttpLane does not trust a certificate that fetch does not trust, and says it the same way", async () => {
  await using server = new RawServer(answering(reply("hello")), await certificate());
  using lane = new HttpLane({ idlePerHost: 2 });
  using driver = new HttpDriver({ idlePerHost: 2, lane: false });
  const url = server.url("/", "localhost");
  const ours = await assertRejects(() => lane.open({ url, headers: {}, signal: never }), DownloadError);
  const request = { url: url.href, headers: {}, maxRedirects: 0, signal: never };
  const theirs = await assertRejects(() => driver.open(request), DownloadError);
  assertEquals([ours.kind, ours.retryable], ["network", false], ours.message);
  assertEquals(theirs.kind, "network");
  assertEquals(lane.connections, 0);
});

Deno.test("HttpLane downloads over TLS from a server that is trusted, under its own name only", async () => {
  const pair = await certificate();
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
          const text = new TextDecoder().decode(await answer.bytes());
          if (text === body("/" + i)) good++;
        }
      }));
      console.log(good, lane.connections);
      await ask("127.0.0.1", "/1").catch((error) => console.log(error.kind, error.retryable));`;
    const args = ["eval", "--cert", file, code];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } }).output();
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stdout), "300 6\nnetwork false\n", decoder.decode(stderr));
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
  assertEquals(error.kind, "network");
  const controller = new AbortController();
  const reason = new Error("enough");
  const opening = open(silent, controller.signal);
  opening.catch(() => {});
  await asked.promise;
  controller.abort(reason);
  assert(await assertRejects(() => opening) === reason);
  assertEquals(lane.connections, 0);
});
