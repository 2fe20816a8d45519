import { assertEquals, assertRejects } from "@std/assert";
import { hash } from "node:crypto";
import { join } from "@std/path";
import { readManifest } from "../../app/read_manifest.ts";
import { type ManifestFinding, verifyManifest, type VerifyProgress } from "../../app/verify_manifest.ts";
import { Manifest, type ManifestLine } from "../../download/manifest.ts";
import { TempDir } from "../support/temp_dir.ts";

function line(out: string, bytes: number, more: Partial<ManifestLine> = {}): ManifestLine {
  const url = `http://h/${out}`;
  const about = { id: "t1", fence: "1", url, finalUrl: url, attempts: 2, core: 3, startedAt: 1, finishedAt: 2 };
  return { ...about, out, bytes, inode: 7, ...more };
}

async function findings(dir: string): Promise<Record<string, ManifestFinding>> {
  const all: Record<string, ManifestFinding> = {};
  for await (const finding of verifyManifest(dir)) all[finding.out] = finding;
  return all;
}

Deno.test("readManifest gives the newest record of each path, over all writers and files", async () => {
  await using home = await TempDir.create();
  {
    using first = new Manifest(home.path, "a", { fullBytes: 400 });
    using second = new Manifest(home.path, "b", { fullBytes: 400 });
    for (let i = 0; i < 30; i++) first.append([line(`f${i}`, i, { finishedAt: 10 })]);
    const facts = { originalName: ".f3", contentEncoding: "gzip", digest: "md5:x", etag: '"e"', lastModified: "then" };
    second.append([line("f3", 33, { finishedAt: 20, ...facts })]);
    second.append([line("f4", 44, { finishedAt: 5 }), line("f5", 55, { finishedAt: 20, fence: "9" })]);
    second.void({ fence: "9", out: "f5" });
  }
  await Deno.writeTextFile(home.join(".corehaul/manifest/c.jsonl"), 'no line\n{"out":1}\n\n{"id":"torn');
  await Deno.symlink(home.join(".corehaul/manifest/b.jsonl"), home.join(".corehaul/manifest/d.jsonl"));
  const records = await Array.fromAsync(readManifest(home.path));
  assertEquals(records.map(({ out }) => out).sort(), Array.from({ length: 30 }, (_, i) => `f${i}`).sort());
  const bytes = (out: string) => records.find((record) => record.out === out)?.bytes;
  assertEquals([bytes("f3"), bytes("f4"), bytes("f5")], [33, 4, 5]);
  assertEquals(records.at(-1), {
    out: "f3",
    originalName: ".f3",
    contentEncoding: "gzip",
    url: "http://h/f3",
    finalUrl: "http://h/f3",
    bytes: 33,
    digest: "md5:x",
    etag: '"e"',
    lastModified: "then",
    attempts: 2,
    core: 3,
    startedAt: 1,
    finishedAt: 20,
    id: "t1",
  });
  assertEquals(await Array.fromAsync(readManifest(home.join("nothing"))), []);
});

Deno.test("verifyManifest tells files that are missing, no files, of another size or digest, or unreadable", async () => {
  await using home = await TempDir.create();
  await using outside = await TempDir.create();
  const digest = `sha-256:${hash("sha256", "right", "hex")}`;
  await home.write("sub/ok", "right");
  await home.write("unhashed", "right");
  await home.write("size", "longer");
  await home.write("digest", "wrong");
  await home.write("in-the-way", "x");
  await Deno.mkdir(home.join("folder"));
  await outside.write("file", "right");
  await Deno.symlink(outside.path, home.join("way-out"));
  await Deno.symlink(home.join("sub/ok"), home.join("link"));
  const outs = [
    "sub/ok",
    "size",
    "digest",
    "folder",
    "link",
    "way-out/file",
    "missing",
    "none/missing",
    "in-the-way/x",
  ];
  {
    using manifest = new Manifest(home.path, "w");
    manifest.append(outs.map((out) => line(out, 5, { digest })));
    manifest.append([line("unhashed", 5), line("../up", 5), line("size", 5, { digest: "odd", finishedAt: 1 })]);
  }
  const found = await findings(home.path);
  const states = Object.fromEntries(Object.entries(found).map(([out, { state }]) => [out, state]));
  assertEquals(states, {
    "sub/ok": "ok",
    "unhashed": "ok",
    "size": "size",
    "digest": "digest",
    "folder": "no file",
    "link": "no file",
    "way-out/file": "no file",
    "../up": "no file",
    "missing": "missing",
    "none/missing": "missing",
    "in-the-way/x": "missing",
  });
  assertEquals(found.size!.found, "6");
  assertEquals(found.digest!.found, `sha-256:${hash("sha256", "wrong", "hex")}`);
  await assertRejects(() => findings(join(home.path, "nothing")), Deno.errors.NotFound);
});

Deno.test("verifyManifest says how far it has come, in large files too", async () => {
  await using home = await TempDir.create();
  const large = 2.5 * 1024 * 1024;
  await home.write("large", new Uint8Array(large));
  await home.write("small", "right");
  {
    using manifest = new Manifest(home.path, "w");
    manifest.append([line("small", 4, { finishedAt: 1 }), line("small", 5), line("large", large), line("gone", 1)]);
    manifest.append([line("taken back", 1, { fence: "9" })]);
    manifest.void({ fence: "9", out: "taken back" });
  }
  const seen: VerifyProgress[] = [];
  for await (const _ of verifyManifest(home.path, { onProgress: (progress) => seen.push(progress) }));
  assertEquals([seen[0], seen.at(-1)], [{ files: 0, of: 3, bytes: 0 }, { files: 3, of: 3, bytes: large + 5 }]);
  const within = seen.filter(({ files, bytes }) => files === 1 && bytes > 5 && bytes < large + 5);
  assertEquals(within.length, 2);
});
