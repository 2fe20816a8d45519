/** Servers that speak HTTP/2 and nothing else, and files that are read slowly. */
import { assertEquals } from "@std/assert";
import { assertCode, Corehaul } from "../support/corehaul.ts";
import { testClients } from "../support/run_once.ts";
import { ScriptServer } from "../support/script_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";

const SIZE = 64 * 1024 * 1024;
const SLOW = ["slow0", "slow1", "slow2", "slow3"];

/** Node's own HTTP/2; it answers everything by its one file. */
const HTTP2_ONLY = `
const { createSecureServer } = require("node:http2");
const { readFileSync } = require("node:fs");
const pem = (name) => readFileSync(process.argv[4] + "/" + name);
const content = Buffer.alloc(${SIZE}, "corehaul");
const server = createSecureServer({ allowHTTP1: false, cert: pem("cert.pem"), key: pem("key.pem") });
server.on("stream", (stream, headers) => {
  log("HTTP/2 " + headers[":path"]);
  stream.on("error", () => {});
  stream.respond({ ":status": 200, "content-length": content.length, etag: '"1"' });
  stream.end(content);
});
server.on("sessionError", () => {});
server.listen(Number(port), "127.0.0.1", () => log("listening"));
`;

testClients(
  "corehaul fetches a file at full speed beside four slow ones of a server of HTTP/2 only",
  async (client) => {
    await using home = await TempDir.create();
    const pair = await testCertificate(["localhost"]);
    await using server = await ScriptServer.start("node", HTTP2_ONLY, { "cert.pem": pair.cert, "key.pem": pair.key });
    const url = `https://localhost:${server.port}`;
    const ca = await home.write("ca.pem", pair.cert);
    // These would take the better part of an hour.
    const slow = SLOW.map((name) => ({ url: `${url}/${name}`, limitRate: 20_000 }));
    await home.write("tasks.json", JSON.stringify([...slow, `${url}/fast`]));
    const args = [
      "run",
      "100",
      "--once",
      "--tasks",
      "tasks.json",
      "--dir",
      "files",
      "--queue",
      "kv:queue.db",
      "--json",
    ];
    await using corehaul = await Corehaul.start([...args, "--http-client", client, "--ca", ca, "--grace", "0"], {
      cwd: home.path,
    });
    const done = () => corehaul.events("task_done");
    await corehaul.until("the fast file", () => done().length > 0);
    await corehaul.until("all requests", async () => (await server.requests()).length === SLOW.length + 1);
    assertEquals(done().map(({ out }) => out), ["fast"]);
    assertEquals((await Deno.stat(home.join("files/fast"))).size, SIZE);
    corehaul.kill("SIGTERM");
    assertCode(await corehaul.ended(), 143);
  },
);
