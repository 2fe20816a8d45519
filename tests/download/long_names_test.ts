/** Files whose names are as long as the file system takes: their unfinished files have short names. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { FinalNames } from "../../download/final_names.ts";
import { PartFile } from "../../download/part_file.ts";
import { outProblem } from "../../download/task_names.ts";
import { unfinishedPath } from "../../download/unfinished_path.ts";
import { bytesFor } from "../support/fault_server.ts";
import { RemoteFile } from "../support/remote_file.ts";
import { TempDir } from "../support/temp_dir.ts";
import { DownloadBench } from "./download_bench.ts";

const LONGEST = "n".repeat(251) + ".iso";
const byteLength = (text: string) => new TextEncoder().encode(text).length;

Deno.test("outProblem takes segments of up to 255 bytes, and names the limit for longer ones", () => {
  for (const out of [LONGEST, `${"d".repeat(255)}/${LONGEST}`, "é".repeat(127), "文".repeat(85)]) {
    assertEquals(outProblem(out), undefined, out);
  }
  for (const out of ["n".repeat(256), "é".repeat(128), "文".repeat(86), `${"d".repeat(256)}/a`, "😀".repeat(64)]) {
    assertEquals(outProblem(out), "must have segments of at most 255 bytes", out);
  }
});

Deno.test("unfinishedPath keeps the name that older versions gave, and is short for a longer one", () => {
  for (const name of ["a", "n".repeat(180), "é".repeat(90), "文".repeat(60)]) {
    assertEquals(unfinishedPath(`/root/sub/${name}`), `/root/sub/${name}.part`);
  }
  const long = ["n".repeat(181), LONGEST, "é".repeat(91), "文".repeat(85), "😀".repeat(63)];
  for (const name of long) {
    const path = unfinishedPath(`/root/${"d".repeat(255)}/${name}`);
    const last = path.slice(path.lastIndexOf("/") + 1);
    assert(path.startsWith(`/root/${"d".repeat(255)}/${[...name][0]}`), path);
    assert(byteLength(last) <= 185 && last.isWellFormed(), last);
    assertMatch(last, /\.part$/);
    // No file of a list can have the name that its suffix is added to.
    assertNotEquals(outProblem(last.replace(/\.part$/, "")), undefined);
  }
  assertEquals(new Set(long.map(unfinishedPath)).size, long.length);
  // Names that begin alike have different unfinished files.
  assertNotEquals(unfinishedPath(`${"n".repeat(250)}1`), unfinishedPath(`${"n".repeat(250)}2`));
});

Deno.test("PartFile writes, keeps and finishes a file whose name has 255 bytes, beside another writer of it", async () => {
  await using folder = await TempDir.create();
  const root = await Deno.realPath(folder.path);
  const of = (tag: string) => ({ root, out: LONGEST, tag, url: "http://h/x", bootId: "boot" });
  const state = { url: "http://h/x", length: 7, etag: '"e"', bootId: "boot", synced: 0 };
  const tag = `${crypto.randomUUID()}-15-123456789012`;
  {
    using part = PartFile.open(of(tag));
    part.begin(0, state);
    part.write(new TextEncoder().encode("four"));
    using other = PartFile.open(of(`${tag}3`));
    assertEquals(other.left, undefined);
  }
  assert(PartFile.isLeft(of(tag)));
  assertEquals(PartFile.urlLeft(root, LONGEST), "http://h/x");
  {
    using part = PartFile.open(of(tag));
    assertEquals(part.left?.bytes, 4);
    part.begin(4, state);
    part.write(new TextEncoder().encode("7th"));
    part.finish(new FinalNames());
  }
  assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), [LONGEST]);
  assertEquals(await Deno.readTextFile(join(root, LONGEST)), "four7th");
});

for (const lane of [true, false]) {
  Deno.test(`Attempt stores small and large files whose names have 255 bytes, ${lane ? "lane" : "fetch"}`, async () => {
    const large = new RemoteFile({});
    await using bench = await DownloadBench.start(
      (request) => request.path === "/large" ? large.answer(request) : new Response(bytesFor("small", 100)),
      { lane },
    );
    const small = await bench.fetch("/small", { out: `s${LONGEST.slice(1)}` });
    assertEquals(small.type, "done", JSON.stringify(small));
    assertEquals(bench.read(`s${LONGEST.slice(1)}`), bytesFor("small", 100));
    large.breaks.push(1_500_000);
    const out = `d/${LONGEST}`;
    assertEquals((await bench.fetch("/large", { out })).type, "retry");
    const before = bench.bytes;
    assertEquals((await bench.fetch("/large", { out, attempts: 1 })).type, "done");
    assertEquals(bench.read(out), large.content());
    assert(bench.bytes - before < 2_000_000, "it goes on at its byte");
    assertEquals([...Deno.readDirSync(bench.path("d"))].map(({ name }) => name), [LONGEST]);
  });
}

Deno.test("Attempt continues the unfinished file that an older version left under a name of 180 bytes", async () => {
  const file = new RemoteFile({});
  await using bench = await DownloadBench.start((request) => file.answer(request));
  const out = "n".repeat(180);
  file.breaks.push(1_500_000);
  assertEquals((await bench.fetch("/x", { out })).type, "retry");
  assertEquals(bench.names(), [`${out}.part`, `${out}.part-info`]);
  assertEquals((await bench.fetch("/x", { out, attempts: 1 })).type, "done");
  assertEquals(bench.read(out), file.content());
});
