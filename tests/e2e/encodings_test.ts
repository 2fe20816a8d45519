/** What the command says of files that come under a Content-Encoding, and what the manifest keeps of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { runOnce } from "../support/run_once.ts";
import { TempDir } from "../support/temp_dir.ts";

const PLAIN = "corehaul ".repeat(20_000);
const PACKED = Uint8Array.from(gzipSync(PLAIN));

shareCommandProcesses(1);

/** Serves the packed bytes; the first part of the path is their Content-Encoding. */
function serve(): FaultServer {
  return FaultServer.start(({ path }) => {
    const coding = path.split("/")[1]!;
    return new Response(PACKED, { headers: { "content-encoding": coding } });
  });
}

/** What the manifest says of each file. */
async function manifest(home: TempDir): Promise<Record<string, { contentEncoding?: string; bytes: number }>> {
  const { stdout } = await corehaul(["manifest", "--dir", "files", "--json"], { cwd: home.path });
  const records = stdout.trim().split("\n").map((line) => JSON.parse(line));
  return Object.fromEntries(records.map((record) => [record.out, record]));
}

Deno.test("corehaul warns once a host of a Content-Encoding that is none, and the manifest names what is stored as sent", async () => {
  await using home = await TempDir.create();
  await using one = serve();
  await using other = serve();
  const urls = [
    `${one.url}/utf-8/a.txt`,
    `${one.url}/utf-8/b.txt`,
    `${one.url}/none/c.txt`,
    `${other.url}/binary/d.txt`,
    `${one.url}/gzip/e.tar.gz`,
    `${one.url}/gzip/f.txt`,
  ];
  const { ended } = await runOnce(home, "auto", urls);
  assertCode(ended, 0);
  const warnings = ended.stderr.split("\n").filter((line) => line.includes("Content-Encoding"));
  assertEquals(warnings.length, 2, ended.stderr);
  for (const { url } of [one, other]) assert(warnings.some((line) => line.includes(new URL(url).host)), ended.stderr);
  for (const line of warnings) assertMatch(line, /"(utf-8|none|binary)", which is no coding/);
  const records = await manifest(home);
  assertEquals(Object.entries(records).map(([out, { contentEncoding }]) => [out, contentEncoding]).sort(), [
    ["a.txt", "utf-8"],
    ["b.txt", "utf-8"],
    ["c.txt", "none"],
    ["d.txt", "binary"],
    ["e.tar.gz", "gzip"],
    ["f.txt", undefined],
  ]);
  for (const out of ["a.txt", "c.txt", "e.tar.gz"]) assertEquals(await Deno.readFile(home.join("files", out)), PACKED);
  assertEquals(await Deno.readTextFile(home.join("files/f.txt")), PLAIN);
});

Deno.test("corehaul --content-encoding decodes always or never", async () => {
  await using home = await TempDir.create();
  await using server = serve();
  const urls = [`${server.url}/gzip/a.tar.gz`, `${server.url}/gzip/b.txt`];
  for (const [mode, first, second] of [["decode", PLAIN, PLAIN], ["keep", PACKED, PACKED], ["auto", PACKED, PLAIN]]) {
    const args = ["get", ...urls, "--dir", mode as string, "--content-encoding", mode as string];
    const ended = await corehaul(args, { cwd: home.path });
    assertCode(ended, 0);
    for (const [out, bytes] of [["a.tar.gz", first!], ["b.txt", second!]] as const) {
      const wanted = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
      assertEquals(await Deno.readFile(home.join(mode as string, out)), wanted, `${mode} ${out}`);
    }
  }
  const wrong = await corehaul(["get", urls[0]!, "--content-encoding", "raw"], { cwd: home.path });
  assertCode(wrong, 2);
  assertMatch(wrong.stderr, /--content-encoding.*must be one of auto, decode, keep.*raw/);
});
