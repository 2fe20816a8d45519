/** `corehaul collect`: one manifest of many machines. */
import { assertEquals, assertMatch } from "@std/assert";
import { parse } from "csv-parse/sync";
import { Manifest, type ManifestLine } from "../../download/manifest.ts";
import { assertCode, corehaul, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { makeFifo } from "../support/nodes.ts";
import { TempDir } from "../support/temp_dir.ts";

function line(out: string, more: Partial<ManifestLine> = {}): ManifestLine {
  const url = `http://a.example/${encodeURIComponent(out)}`;
  const numbers = { bytes: 5, attempts: 1, core: 1, startedAt: 1000, finishedAt: 2000, inode: 1 };
  return { id: out, fence: `f ${out}`, url, finalUrl: url, out, ...numbers, ...more };
}

/** Writes the manifest of a machine as its worker does. */
function machine(home: TempDir, name: string, lines: readonly ManifestLine[]): void {
  using manifest = new Manifest(home.join(name), `${name}-0`, { machine: name });
  manifest.append(lines);
}

shareCommandProcesses();

Deno.test("corehaul collect merges what machines have fetched, each record with its machine and its folder", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, 100)));
  const options = { cwd: home.path };
  for (const index of [0, 1]) {
    const urls = [0, 1, 2].map((i) => `${server.url}/${index}${i}`);
    assertCode(await corehaul(["get", ...urls, "--dir", `m${index}`], options), 0);
  }
  const ended = await corehaul(["collect", "m0", "m1", "--output", "all.jsonl"], options);
  assertCode(ended, 0);
  assertEquals(ended.stdout, "");
  const records = jsonLines(await Deno.readTextFile(home.join("all.jsonl")));
  assertEquals(
    records.map(({ folder, out, bytes }) => `${folder}/${out} ${bytes}`).sort(),
    ["m0/00 100", "m0/01 100", "m0/02 100", "m1/10 100", "m1/11 100", "m1/12 100"],
  );
  assertEquals(new Set(records.map(({ machine }) => machine)), new Set([Deno.hostname()]));
  assertEquals(await home.names(), ["all.jsonl", "m0", "m1"]);
});

Deno.test("corehaul collect --output keeps links, modes, nodes, and files whose names are like its own", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  machine(home, "one", [line("a")]);
  await home.write("real.jsonl", "old");
  await Deno.chmod(home.join("real.jsonl"), 0o600);
  await Deno.symlink("real.jsonl", home.join("all.jsonl"));
  await home.write("all.jsonl.part", "the user's");
  assertCode(await corehaul(["collect", "one", "--output", "all.jsonl"], options), 0);
  assertEquals(jsonLines(await Deno.readTextFile(home.join("real.jsonl"))).map(({ out }) => out), ["a"]);
  assertEquals((await Deno.stat(home.join("real.jsonl"))).mode! & 0o777, 0o600);
  assertEquals(await Deno.readTextFile(home.join("all.jsonl.part")), "the user's");
  const fifo = await makeFifo(home.join("fifo"));
  const reader = new Deno.Command("cat", { args: [fifo], stdout: "piped" }).spawn();
  assertCode(await corehaul(["collect", "one", "--output", "fifo"], options), 0);
  assertEquals(jsonLines(await new Response(reader.stdout).text()).map(({ out }) => out), ["a"]);
  await reader.status;
  assertEquals((await Deno.lstat(fifo)).isFifo, true);
  assertEquals((await Deno.lstat(home.join("all.jsonl"))).isSymlink, true);
  assertEquals(await home.names(), ["all.jsonl", "all.jsonl.part", "fifo", "one", "real.jsonl"]);
});

Deno.test("corehaul collect says in one line that a disk is full, whatever it writes to", async () => {
  await using home = await TempDir.create();
  machine(home, "one", [line("a")]);
  const ended = await corehaul(["collect", "one", "--output", "/dev/full"], { cwd: home.path });
  assertCode(ended, 1);
  assertEquals(ended.stdout, "");
  assertMatch(ended.stderr, /^corehaul: Cannot write to "\/dev\/full" \(--output\): No space left on device.*\n$/);
});

Deno.test("corehaul collect writes CSV that comes back as it was, whatever is in it", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const names = ['a,b"c.txt', "line\nbreak", "=cmd()", "漢字", "plain"];
  machine(home, "one", names.map((name) => line(name, { digest: "md5:00", etag: '"x"' })));
  machine(home, "two", [line("other", { finishedAt: 1 }), line("other", { finishedAt: 2, bytes: 6, fence: "later" })]);
  const ended = await corehaul(["collect", "one", "two", "--format", "csv"], options);
  assertCode(ended, 0);
  const rows = parse<Record<string, string>>(ended.stdout, { columns: true });
  assertEquals(
    rows.map(({ machine, folder, out, bytes, etag }) => [machine, folder, out, bytes, etag]),
    [
      // A spreadsheet must not take a name for a formula.
      ...names.map((name) => ["one", "one", name.startsWith("=") ? `'${name}` : name, "5", '"x"']),
      ["two", "two", "other", "6", ""],
    ],
  );
  machine(home, "empty", []);
  const none = await corehaul(["collect", "empty", "--format", "csv"], options);
  assertMatch(none.stdout, /^machine,folder,out,url,.*,id\n$/);
});

Deno.test("corehaul collect names what two machines have under one path, and fails if that is not the same file", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  const digest = (n: number) => `md5:${String(n).repeat(32)}`;
  machine(home, "one", ["same", "digest", "size", "unknown"].map((out) => line(out, { digest: digest(1) })));
  machine(home, "two", [line("same", { digest: digest(1) }), line("unknown")]);
  const same = await corehaul(["collect", "one", "two", "--log-level", "info"], options);
  assertCode(same, 0);
  assertEquals(jsonLines(same.stdout).length, 6);
  assertMatch(same.stderr, /same is in one and in two/);
  machine(home, "three", [line("digest", { digest: digest(2) }), line("size", { bytes: 7 })]);
  const ended = await corehaul(["collect", "one", "three"], options);
  assertCode(ended, 1);
  assertEquals(jsonLines(ended.stdout).length, 6, "all of it is there all the same");
  for (const out of ["digest", "size"]) {
    assertMatch(ended.stderr, new RegExp(`${out} is not the same file in one and in three`));
  }
});

Deno.test("corehaul collect loses nothing beside a torn line, and refuses a folder without a manifest", async () => {
  await using home = await TempDir.create();
  const options = { cwd: home.path };
  machine(home, "one", [line("a"), line("b")]);
  const file = home.join("one/.corehaul/manifest/one-0.jsonl");
  await Deno.writeTextFile(file, '{"out":"torn"', { append: true });
  machine(home, "one", [line("c")]);
  const ended = await corehaul(["collect", "one"], options);
  assertCode(ended, 0);
  assertEquals(jsonLines(ended.stdout).map(({ out }) => out), ["a", "b", "c"]);
  await Deno.mkdir(home.join("bare"));
  for (const folder of ["bare", "none"]) {
    const wrong = await corehaul(["collect", "one", folder, "--output", "all"], options);
    assertCode(wrong, 2);
    assertMatch(wrong.stderr, new RegExp(`Cannot use DIR .*there is no manifest in "${folder}"`));
  }
  const unwritable = await corehaul(["collect", "one", "--output", "no/such/file"], options);
  assertCode(unwritable, 2);
  assertMatch(
    unwritable.stderr,
    /Cannot use --output as it must be a file that can be written: current value is "no\/such/,
  );
  assertCode(await corehaul(["collect"], options), 2);
  assertEquals(await home.names(), ["bare", "one"]);
});
