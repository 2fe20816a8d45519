/** Folders whose listings are hostile, by a driver of the user: it can say anything. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type DownloaderOptions, settingsFromOptions } from "../../app/downloader_options.ts";
import { FolderLister } from "../../app/folder_lister.ts";
import { WorkerAnswers } from "../../app/worker_answers.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { outProblem } from "../../download/task_names.ts";
import { TempDir } from "../support/temp_dir.ts";

async function listerFor(
  home: TempDir,
  names: unknown,
  more = "",
  options: DownloaderOptions = {},
): Promise<FolderLister> {
  await home.write(
    "mem_driver.ts",
    `
    let tries = 0;
    export default {
      open() { throw new Error("not asked for"); },
      async *list({ url }) {
        ${more}
        for (const path of ${JSON.stringify(names)}) yield { url: url + encodeURIComponent(path), path };
      },
    };`,
  );
  const settings = settingsFromOptions({
    protocols: { "mem:": home.join("mem_driver.ts") },
    folderLimit: 50,
    ...options,
  });
  return new FolderLister({ settings, identity: () => ANONYMOUS, answers: new WorkerAnswers(settings) });
}

async function placesOf(folders: FolderLister, draft: Parameters<FolderLister["list"]>[0]): Promise<string[]> {
  const result = await folders.list(draft);
  if (result.type === "problem") throw new Error(`${result.field} ${result.message}`);
  return result.drafts.map(({ out }) => out);
}

Deno.test("FolderLister knows what a folder is", async () => {
  await using home = await TempDir.create();
  await using folders = await listerFor(home, []);
  const folder = ["ftp://h/", "ftp://h/a/", "FTPS://h/a/", "ftpes://u:p@h:1/a/?x/", "sftp://h/~/a/", "mem://x/a/"];
  const letters = ["ftp://h/a?b/", "sftp://h/a#/", "s3://b/a?b#c/", "s3://b/a?b*", "mem://h/a/?x", "mem://h/a/#x"];
  const whole = ["s3://b", "ftp://h", "sftp://h:22"];
  const patterns = ["s3://b/", "s3://b/a/", "s3://b/a/*", "s3://b/a*"];
  for (const url of [...folder, ...letters, ...whole, ...patterns]) assert(folders.isFolder(url), url);
  const files = [
    "http://h/a/",
    "https://h/a/",
    "ftp://h/a",
    "ftp://h/a/?b",
    "sftp://h/a/#",
    "ftp://h?b",
    "s3://b/a",
    "s3://b/a/?b",
    "s3://b/a/?versionId=1",
    "s3://b/a*?versionId=1",
    "s3://b/a%2A",
    "s3://b/a*b",
    "mem://h/a?b/",
    "data:,a/",
    "mem:a/",
  ];
  for (const url of files) assert(!folders.isFolder(url), url);
});

Deno.test("FolderLister keeps every name of a listing below the folder", async () => {
  await using home = await TempDir.create();
  const names = [
    "../../x",
    "/etc/passwd",
    "a/../../b",
    "..",
    "",
    "line\nbreak",
    "nul\0byte",
    "back\\slash",
    "C:\\windows",
    ".corehaul/manifest/x.jsonl",
    "x".repeat(300),
    "ä".repeat(300),
    "deep/".repeat(40) + "end",
    `${"deeper/".repeat(300)}end`,
    "file.part",
    "\u202egnp.exe",
    "CON",
    "fine name.txt",
  ];
  await using folders = await listerFor(home, names);
  const outs = await placesOf(folders, { url: "mem://x/set/", out: "set" });
  assertEquals(outs.length, names.length);
  for (const out of outs) {
    assertEquals(outProblem(out), undefined, out);
    assert(out.startsWith("set/"), out);
  }
  assertEquals(outs.slice(0, 3), ["set/index/index/x", "set/etc/passwd", "set/a/index/index/b"]);
  assertEquals(outs.at(-1), "set/fine name.txt");
  assertEquals(
    await placesOf(folders, { url: "mem://x/set/", out: "mine/of it", named: true }).then(([first]) => first),
    "mine/of it/index/index/x",
  );
  assertEquals((await placesOf(folders, { url: "mem://x/", out: "index" })).at(-1), "fine name.txt");
});

Deno.test("FolderLister gives the fields of the entry to every file, and refuses those of one file", async () => {
  await using home = await TempDir.create();
  await using folders = await listerFor(home, ["a", "b"]);
  const result = await folders.list({ url: "mem://x/s/", out: "s", priority: 5, headers: { "x-a": "1" }, segments: 2 });
  assert(result.type === "drafts");
  assertEquals(
    result.drafts.map(({ url, out, priority, headers, segments, named }) => ({
      url,
      out,
      priority,
      headers,
      segments,
      named,
    })),
    ["a", "b"].map((name) => ({
      url: `mem://x/s/${name}`,
      out: `s/${name}`,
      priority: 5,
      headers: { "x-a": "1" },
      segments: 2,
      named: true,
    })),
  );
  const sized = await folders.list({ url: "mem://x/s/", out: "s", size: 5 });
  assertEquals(sized, { type: "problem", field: "size", message: "must be for one file: the url is a folder" });
});

Deno.test("FolderLister refuses what is too large, tries again what may pass, and gives up what may not", async () => {
  await using home = await TempDir.create();
  const many = Array.from({ length: 51 }, (_, i) => `${i}`);
  await using large = await listerFor(home, many);
  const refused = await large.list({ url: "mem://x/s/", out: "s" });
  assert(refused.type === "problem");
  assertMatch(refused.message, /^must be a folder with at most 50 files/);

  await using second = await TempDir.create();
  await using shaky = await listerFor(second, ["a"], 'if (++tries < 3) throw new Error("not now");');
  assertEquals(await placesOf(shaky, { url: "mem://me:secret@x/s/", out: "s" }), ["s/a"]);
  await using third = await TempDir.create();
  await using closed = await listerFor(
    third,
    ["a"],
    'throw Object.assign(new Error(`try ${++tries}`), { kind: "auth" });',
  );
  const failed = await closed.list({ url: "mem://me:secret@x/s/", out: "s" });
  assertEquals(failed, { type: "problem", field: "url", message: "cannot be listed: try 1: mem://x/s/" });
});

Deno.test("FolderLister gives up a listing that stands still, or that nobody wants any more", async () => {
  await using home = await TempDir.create();
  const never = "await new Promise(() => {});";
  await using still = await listerFor(home, ["a"], never, { stallTimeoutMs: 200 });
  const failed = await still.list({ url: "mem://x/s/", out: "s" });
  assert(failed.type === "problem");
  assertMatch(failed.message, /^cannot be listed: no file for 0\.2 s: mem:/);
  await using second = await TempDir.create();
  const ended = await listerFor(second, ["a"], never);
  const listing = assertRejects(() => ended.list({ url: "mem://x/s/", out: "s" }), Error, "Stopped");
  await ended[Symbol.asyncDispose]();
  await listing;
});
