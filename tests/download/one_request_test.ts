/** Bodies of every form come with one request. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { DownloadError, networkError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive, request } from "../support/drive.ts";
import { bytesFor } from "../support/fault_server.ts";
import { ScriptServer } from "../support/script_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { DownloadBench } from "./download_bench.ts";
import { latin1, RawServer } from "./raw_server.ts";

const SIZES = [0, 1, 1000, 65_000, 300_000];
const decoder = new TextDecoder("latin1");

function text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** A body in chunks of many sizes, with extensions and trailers. */
function inChunks(body: string): string {
  let chunks = "";
  for (let at = 0, size = 1; at < body.length; at += size, size = (size * 7) % 40_000 + 1) {
    const chunk = body.slice(at, at + size);
    chunks += `${chunk.length.toString(16)}${at % 2 === 0 ? "" : ' ; a="b c"'}\r\n${chunk}\r\n`;
  }
  return `${chunks}000\r\nX-Trailer: y\r\nEmpty:\r\n\r\n`;
}

async function gzip(body: string): Promise<string> {
  const stream = new Blob([latin1(body)]).stream().pipeThrough(new CompressionStream("gzip"));
  return text(await new Response(stream).bytes());
}

/** How an answer goes over the wire, and whether its connection may carry another one. */
const FORMS: Record<string, { kept: boolean; render(body: string): string | Promise<string> }> = {
  length: { kept: true, render: (body) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}` },
  chunks: { kept: true, render: (body) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${inChunks(body)}` },
  "chunks, then the end": {
    kept: false,
    render: (body) => `HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${inChunks(body)}`,
  },
  "until the end": { kept: false, render: (body) => `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}` },
  "until the end, as nothing is said": { kept: false, render: (body) => `HTTP/1.1 200 OK\r\n\r\n${body}` },
  "HTTP/1.0": { kept: false, render: (body) => `HTTP/1.0 200 OK\r\n\r\n${body}` },
  "HTTP/1.0 with a length": {
    kept: false,
    render: (body) => `HTTP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  },
  gzip: {
    kept: true,
    async render(body) {
      const packed = await gzip(body);
      return `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n${packed}`;
    },
  },
  "gzip in chunks": {
    kept: true,
    render: async (body) =>
      `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n${inChunks(await gzip(body))}`,
  },
  "gzip until the end": {
    kept: false,
    render: async (body) => `HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n${await gzip(body)}`,
  },
};

Deno.test("HttpDriver asks once for a file, whatever form its body has, and keeps its Set-Cookie", async () => {
  for (const [name, form] of Object.entries(FORMS)) {
    for (const cuts of [undefined, [7, 50_000]]) {
      const wires = new Map<string, string>();
      for (const size of SIZES) {
        const wire = await form.render(text(bytesFor(name, size)));
        wires.set(`/${size}`, wire.replace("\r\n", "\r\nSet-Cookie: a=b\r\n"));
      }
      const paths: string[] = [];
      await using server = new RawServer(async (connection) => {
        for (let head = await connection.request(); head !== undefined; head = await connection.request()) {
          const path = head.split(" ")[1]!;
          paths.push(path);
          if (cuts === undefined) await connection.send(wires.get(path)!);
          else await connection.trickle(wires.get(path)!, cuts);
          if (!form.kept) return;
        }
      });
      using driver = new HttpDriver({ idlePerHost: 2, lane: true });
      for (const size of SIZES) {
        const { bytes: sent, response } = await drive(driver, server.url(`/${size}`).href);
        const { contentEncoding } = response;
        assertEquals(contentEncoding, name.startsWith("gzip") ? "gzip" : undefined, name);
        const bytes = contentEncoding === undefined ? sent : Uint8Array.from(gunzipSync(sent));
        assert(
          bytes.length === size && decoder.decode(bytes) === decoder.decode(bytesFor(name, size)),
          `${name} ${size}`,
        );
        assertEquals((response as { setCookie?: readonly string[] }).setCookie, ["a=b"], name);
      }
      assertEquals(paths, SIZES.map((size) => `/${size}`), name);
      assertEquals(server.accepted, form.kept ? 1 : SIZES.length, name);
    }
  }
});

Deno.test("HttpDriver fails a body that ends early or is not framed as it says, and asks once", async () => {
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const bodies: Record<string, string> = {
    "no chunk": "",
    "no last chunk": "5\r\nhello\r\n",
    "half a chunk": "5\r\nhel",
    "half a size": "5",
    "no end behind the last chunk": "5\r\nhello\r\n0\r\n",
    "half a trailer": "5\r\nhello\r\n0\r\nX: y",
    "no size": "\r\nhello\r\n0\r\n\r\n",
    "a blank before the size": " 5\r\nhello\r\n0\r\n\r\n",
    "a size that is no number": "5g\r\nhello\r\n0\r\n\r\n",
    "a negative size": "-5\r\nhello\r\n0\r\n\r\n",
    "a size with a prefix": "0x5\r\nhello\r\n0\r\n\r\n",
    "an endless size": `${"f".repeat(17)}\r\nhello\r\n0\r\n\r\n`,
    "a size that ends without CR": "5\nhello\r\n0\r\n\r\n",
    "a size that ends without LF": "5\rhello\r\n0\r\n\r\n",
    "an extension that ends without CR": "5;a\nhello\r\n0\r\n\r\n",
    "an extension with a control character": "5;a\x00\r\nhello\r\n0\r\n\r\n",
    "an endless extension": `5;${"a".repeat(17_000)}\r\nhello\r\n0\r\n\r\n`,
    "a longer chunk": "4\r\nhello\r\n0\r\n\r\n",
    "a chunk that ends without CR": "5\r\nhello\n0\r\n\r\n",
    "a shorter chunk": "6\r\nhello\r\n0\r\n\r\n",
    "a trailer that is no field": "5\r\nhello\r\n0\r\nhello\r\n\r\n",
    "a trailer that ends without CR": "5\r\nhello\r\n0\r\nX: y\n\r\n",
    "endless trailers": `5\r\nhello\r\n0\r\n${"X: y\r\n".repeat(4000)}\r\n`,
  };
  for (const [name, body] of Object.entries(bodies)) {
    for (const cuts of [[100_000], [1000, 1]]) {
      await using server = new RawServer(async (connection) => {
        await connection.request();
        await connection.trickle(`${head}${body}`, body.length > 1000 ? [20_000] : cuts);
      });
      using driver = new HttpDriver({ idlePerHost: 2, lane: true });
      const error = await assertRejects(() => drive(driver, server.url().href), DownloadError, undefined, name);
      assertEquals([error.kind, error.retryable, server.accepted], ["network", true, 1], `${name}: ${error.message}`);
    }
  }
});

/** Answers without a length; the first by TLS and the end of TCP, others plainly and by a reset. */
const CUT = `
import socket, ssl, struct
listener = socket.socket()
listener.bind(("127.0.0.1", port))
listener.listen(5)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3] + "/cert.pem", sys.argv[3] + "/key.pem")
log("listening")
while True:
    plain, _ = listener.accept()
    secure = plain.recv(1, socket.MSG_PEEK) == b"\\x16"
    conn = context.wrap_socket(plain, server_side=True) if secure else plain
    log(conn.recv(65536).split(b" ")[1].decode())
    conn.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nhello")
    # Python says no good-bye of TLS by itself.
    if not secure:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
`;

Deno.test("HttpDriver fails a body until the end whose connection is reset, or ends without the end of TLS", async () => {
  const pair = await testCertificate(["localhost"]);
  await using server = await ScriptServer.start("python", CUT, { "cert.pem": pair.cert, "key.pem": pair.key });
  for (const [lane, scheme] of [[true, "http"], [true, "https"], [false, "http"], [false, "https"]] as const) {
    using driver = new HttpDriver({ idlePerHost: 2, lane, identity: { ...ANONYMOUS, caCerts: [pair.cert] } });
    const url = `${scheme}://localhost:${server.port}/${scheme}-${lane}`;
    const reading = () => drive(driver, url).catch((error) => Promise.reject(networkError(error, url)));
    const error = await assertRejects(reading, DownloadError);
    assertEquals([error.kind, error.retryable], ["network", true], error.message);
  }
  assertEquals(await server.requests(), ["/http-true", "/https-true", "/http-false", "/https-false"]);
});

Deno.test("HttpDriver reads what follows a body in chunks for no other answer", async () => {
  const hello = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  await using server = new RawServer(async (connection) => {
    for (; await connection.request() !== undefined;) {
      await connection.send(`${hello}${hello.replace("hello", "WRONG")}`);
    }
  });
  using driver = new HttpDriver({ idlePerHost: 2, lane: true });
  for (let i = 0; i < 3; i++) assertEquals(decoder.decode((await drive(driver, server.url().href)).bytes), "hello");
  assertEquals(server.accepted, 3);
});

Deno.test("HttpDriver lets go of bodies of every form that nobody wants, and of those that are aborted", async () => {
  const gone = new Set<number>();
  const body = text(bytesFor("x", 100_000));
  for (const form of Object.values(FORMS)) {
    gone.clear();
    const wire = await form.render(body);
    await using server = new RawServer(async (connection) => {
      await connection.request();
      await connection.send(wire.slice(0, wire.length / 2));
      await connection.gone();
      gone.add(connection.index);
    });
    using driver = new HttpDriver({ idlePerHost: 2, lane: true });
    (await driver.open(request(server.url().href)))[Symbol.dispose]();
    const controller = new AbortController();
    const reason = new Error("enough");
    const response = await driver.open(request(server.url().href, { signal: controller.signal }));
    const first = Promise.withResolvers<void>();
    const reading = response.read(() => void first.resolve());
    reading.catch(() => first.resolve());
    await first.promise;
    controller.abort(reason);
    assertEquals(await assertRejects(() => reading), reason);
    while (gone.size < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  }
});

Deno.test("HttpDriver gives a body in chunks in pieces no larger than there is room for", async () => {
  const body = text(bytesFor("x", 50_000));
  let asked = false;
  await using slow = new RawServer(async (connection) => {
    await connection.request();
    await connection.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`);
    while (!asked) await new Promise((resolve) => setTimeout(resolve, 1));
    await connection.send(inChunks(body));
  });
  using driver = new HttpDriver({ idlePerHost: 2, lane: true });
  using response = await driver.open(request(slow.url().href));
  let got = "";
  await response.read((piece) => {
    assert(piece.length <= 1000, `${piece.length}`);
    got += text(piece);
    return undefined;
  }, () => {
    asked = true;
    return 1000;
  });
  assert(got === body);
  assertEquals(slow.accepted, 1);
});

Deno.test("a link that serves once brings its file, whatever form its body has", async () => {
  const body = bytesFor("once", 200_000);
  const served = new Set<string>();
  await using bench = await DownloadBench.start(async ({ path }) => {
    if (served.has(path)) return new Response("gone", { status: 410 });
    served.add(path);
    if (path === "/gzip") {
      const packed = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
      return new Response(await new Response(packed).bytes(), { headers: { "content-encoding": "gzip" } });
    }
    return new Response(path === "/chunks" ? new Blob([body]).stream() : body);
  });
  for (const path of ["/length", "/chunks", "/gzip"]) {
    assertEquals((await bench.fetch(path, { out: path.slice(1) })).type, "done", path);
    const stored = bench.read(path.slice(1));
    assert(stored.length === body.length && stored.every((byte, i) => byte === body[i]), path);
    assertEquals(bench.server.hits(path), 1);
  }
});
