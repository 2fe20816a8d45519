/** The servers that come with Python and Node, and nginx, see one request for each file, whatever form its body has. */
import { assertEquals } from "@std/assert";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor } from "../support/fault_server.ts";
import { NginxServer } from "../support/nginx_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { ScriptServer } from "../support/script_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

/** Static files by `http.server`, and below `/made` bodies without a length. */
const PYTHON = `
import http.server, os, sys
os.chdir(sys.argv[3])
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        log(self.path)
        if not self.path.startswith("/made"):
            return super().do_GET()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"made " * 20000)
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
log("listening")
server.serve_forever()
`;

/** Streams, plain and encoded; each path below `/once` is served once. */
const NODE = `
const { createServer } = require("node:http");
const { Readable } = require("node:stream");
const { createGzip } = require("node:zlib");
const served = new Set();
createServer((request, response) => {
  log(request.url);
  if (served.has(request.url)) return response.writeHead(410).end();
  served.add(request.url);
  const body = Readable.from((function* () {
    for (let i = 0; i < 40; i++) yield Buffer.alloc(1000 + i, i);
  })());
  if (!request.url.endsWith("gzip")) return body.pipe(response);
  response.setHeader("content-encoding", "gzip");
  body.pipe(createGzip()).pipe(response);
}).listen(Number(port), "127.0.0.1", () => log("listening"));
`;

/** What the streams of Node bring. */
const STREAMED = Uint8Array.from(Array.from({ length: 40 }, (_, i) => Array(1000 + i).fill(i)).flat());

shareCommandProcesses(2);

testClients("corehaul run asks Python's http.server once for each file", async (client) => {
  await using home = await TempDir.create();
  await using server = await ScriptServer.start("python", PYTHON, { a: "a", b: "b".repeat(100_000), c: "" });
  const paths = ["/a", "/b", "/c", "/made1", "/made2", "/made3"];
  const { ended } = await runOnce(home, client, paths.map((path) => server.url + path));
  assertCode(ended, 0);
  assertEquals((await server.requests()).sort(), paths);
  assertEquals(await Deno.readTextFile(home.join("files/made2")), "made ".repeat(20_000));
  assertEquals(await Deno.readTextFile(home.join("files/b")), "b".repeat(100_000));
});

testClients("corehaul run asks once for streams of Node, which serve each link once", async (client) => {
  await using home = await TempDir.create();
  await using server = await ScriptServer.start("node", NODE);
  const paths = ["/1", "/2", "/3", "/4-gzip", "/5-gzip", "/6-gzip"];
  const { ended } = await runOnce(home, client, paths.map((path) => server.url + path));
  assertCode(ended, 0);
  assertEquals((await server.requests()).sort(), paths);
  for (const path of paths) assertEquals(await Deno.readFile(home.join("files", path)), STREAMED);
});

testClients("corehaul run asks nginx once for pages that it makes in chunks", async (client) => {
  await using home = await TempDir.create();
  const part = new TextDecoder("latin1").decode(bytesFor("part", 70_000).map((byte) => 97 + byte % 26));
  await home.write("root/part.txt", part);
  const paths = ["/1.shtml", "/2.shtml", "/3.shtml"];
  for (const path of paths) await home.write(`root${path}`, `<!--# include virtual="/part.txt" -->${path}`);
  await using server = await NginxServer.start(home.join("root"), { server: ["ssi on;", "ssi_types *;"] });
  const { ended } = await runOnce(home, client, paths.map((path) => server.url + path));
  assertCode(ended, 0);
  for (const path of paths) assertEquals(await Deno.readTextFile(home.join("files", path)), part + path);
  const asked = async () => (await server.requests()).map(({ path }) => path).filter((path) => path.endsWith(".shtml"));
  await until("the log", async () => (await asked()).length >= paths.length);
  assertEquals((await asked()).sort(), paths);
});
