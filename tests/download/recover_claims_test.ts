import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { ClaimLog, type OpenClaim } from "../../download/claim_log.ts";
import { closeLocked } from "../../download/close_locked.ts";
import { Manifest, type ManifestLine } from "../../download/manifest.ts";
import { openLocked } from "../../download/open_locked.ts";
import { recoverClaims } from "../../download/recover_claims.ts";
import { unfinishedPath } from "../../download/unfinished_path.ts";
import { FileSpace } from "../../ffi/file_space.ts";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { type ProcIdentity, procIdentity } from "../../ffi/proc_identity.ts";
import { mayMount, onSmallDisk } from "../support/small_disk.ts";

const OWNER = "0a-owner";
const FENCE = "f1";
const STATE = JSON.stringify({ version: 1, url: "http://h/x", length: 9, etag: '"e"', bootId: "b", synced: 0 });

/** No process that is there now started then. */
const dead = (): ProcIdentity => ({ ...procIdentity(), startTime: "1" });

class CrashedFolder implements AsyncDisposable {
  readonly claims: OpenClaim[] = [];
  readonly log: ClaimLog;
  readonly manifest: Manifest;

  constructor(readonly root: string, identity: ProcIdentity) {
    this.log = new ClaimLog(root, { ...identity, owner: OWNER }, () => this.claims);
    this.manifest = new Manifest(root, `${OWNER}-0`);
  }

  static async make(identity = dead()): Promise<CrashedFolder> {
    return new CrashedFolder(await Deno.realPath(await Deno.makeTempDir()), identity);
  }

  claim(...outs: string[]): void {
    const claims = outs.map((out) => ({ worker: 0, fence: FENCE, out }));
    this.claims.push(...claims);
    this.log.add(claims);
  }

  write(name: string, text: string): void {
    Deno.mkdirSync(dirname(join(this.root, name)), { recursive: true });
    Deno.writeTextFileSync(join(this.root, name), text);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  own(out: string): string {
    return `${out}.part-${OWNER}-0-${FENCE}`;
  }

  read(name: string): string {
    return Deno.readTextFileSync(join(this.root, name));
  }

  /** The line of a file that is now called `name`. */
  line(out: string, name: string, more: Partial<ManifestLine> = {}): ManifestLine {
    const { ino, size } = Deno.statSync(join(this.root, name));
    const url = `http://h/${out}`;
    const about = { id: "t1", url, finalUrl: url, attempts: 1, core: 0, startedAt: 1 };
    return { ...about, fence: FENCE, out, bytes: size, inode: ino!, finishedAt: Date.now(), ...more };
  }

  async recover() {
    this.log.leave();
    return await recoverClaims({ root: this.root, library: libcLibrary(), remoteTime: true });
  }

  /** Whether the manifest still vouches for a file. */
  async knows(out: string, size: number): Promise<boolean> {
    using reader = new Manifest(this.root, "reader");
    return await reader.find(`http://h/${out}`, out, size) !== undefined;
  }

  names(folder = "."): string[] {
    return [...Deno.readDirSync(join(this.root, folder))].map(({ name }) => name).filter((name) => name !== ".corehaul")
      .sort();
  }

  get logs(): number {
    return [...Deno.readDirSync(join(this.root, ".corehaul/running"))].length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.log.leave();
    this.manifest[Symbol.dispose]();
    await Deno.remove(this.root, { recursive: true });
  }
}

Deno.test("recoverClaims gives whole files their names, whatever their unfinished ones are called", async () => {
  await using folder = await CrashedFolder.make();
  folder.claim("a", "sub/b", "c");
  folder.write(folder.own("a"), "AAA");
  folder.write("sub/b.part", "BBBB");
  folder.write("sub/b.part-info", STATE);
  const lastModified = "Tue, 14 Nov 2023 22:13:20 GMT";
  folder.manifest.append([folder.line("a", folder.own("a")), folder.line("sub/b", "sub/b.part", { lastModified })]);
  // Its rename was the last thing that happened; its state was not removed any more.
  folder.write("c", "C");
  folder.write("c.part-info", STATE);
  folder.manifest.append([folder.line("c", "c")]);
  const { named, removed, done } = await folder.recover();
  assertEquals([named, removed], [2, 0]);
  assertEquals([...done.keys()].sort(), ["a", "c", "sub/b"]);
  assertEquals(done.get("a"), "http://h/a");
  assertEquals([folder.names(), folder.names("sub")], [["a", "c", "sub"], ["b"]]);
  assertEquals([folder.read("a"), folder.read("sub/b"), folder.read("c")], ["AAA", "BBBB", "C"]);
  assertEquals(Deno.statSync(join(folder.root, "sub/b")).mtime, new Date(lastModified));
  for (const [out, size] of [["a", 3], ["sub/b", 4], ["c", 1]] as const) assert(await folder.knows(out, size));
  assertEquals(folder.logs, 0);
  assertEquals(await folder.recover(), { named: 0, removed: 0, done: new Map() });
});

Deno.test("recoverClaims gives whole files names of 255 bytes, and removes what is left under their short ones", async () => {
  await using folder = await CrashedFolder.make();
  const [small, large, lost] = ["s", "l", "x"].map((first) => first + "n".repeat(254)) as [string, string, string];
  folder.claim(small, large, lost);
  const own = (out: string) => `${unfinishedPath(out)}-${OWNER}-0-${FENCE}`;
  folder.write(own(small), "AAA");
  folder.write(unfinishedPath(large), "BBBB");
  folder.write(`${unfinishedPath(large)}-info`, STATE);
  folder.write(own(lost), "12345");
  folder.write(`${unfinishedPath(lost)}-info-${OWNER}-0-${FENCE}`, STATE);
  folder.manifest.append([folder.line(small, own(small)), folder.line(large, unfinishedPath(large))]);
  const { named, removed, done } = await folder.recover();
  assertEquals([named, removed, done.size], [2, 2, 2]);
  assertEquals(folder.names(), [large, small]);
});

Deno.test("recoverClaims gives decoded files their names, and removes what was sent unless it is another's", async () => {
  await using folder = await CrashedFolder.make();
  folder.claim("x", "locked", "alone", "other");
  const state = (out: string) => STATE.replace("http://h/x", `http://h/${out}`);
  for (const out of ["x", "locked", "other"]) {
    folder.write(folder.own(out), "decoded");
    folder.write(`${out}.part`, "sent");
    folder.write(`${out}.part-info`, state(out === "other" ? "x" : out));
    folder.manifest.append([folder.line(out, folder.own(out))]);
  }
  folder.write(folder.own("alone"), "sent");
  folder.write(`${folder.own("alone")}-2`, "decoded");
  folder.manifest.append([folder.line("alone", `${folder.own("alone")}-2`)]);
  const held = openLocked(join(folder.root, "locked.part"))!;
  const recovered = await folder.recover();
  closeLocked(held.file);
  assertEquals([recovered.named, recovered.removed], [4, 2]);
  for (const out of ["x", "locked", "alone", "other"]) assertEquals(folder.read(out), "decoded", out);
  const kept = ["locked.part", "locked.part-info", "other.part", "other.part-info"];
  assertEquals(folder.names(), [...kept, "alone", "locked", "other", "x"].sort());
});

Deno.test("recoverClaims removes what nobody can continue, and touches nothing else", async () => {
  await using folder = await CrashedFolder.make();
  folder.claim("no-line", "torn", "short", "void", "young", "info", "kept", "gone");
  for (const out of ["no-line", "torn", "short", "void", "young"]) folder.write(folder.own(out), "12345");
  folder.write(`info.part-info-${OWNER}-0-${FENCE}`, STATE);
  // A large file that can be continued, one of a user, and one of somebody else.
  for (const name of ["kept.part", "kept.part-info", "info.part", "no-line.part-other-1"]) folder.write(name, "mine");
  folder.write("never-claimed.part-x", "mine");
  folder.manifest.append([
    folder.line("short", folder.own("short"), { bytes: 6 }),
    folder.line("void", folder.own("void")),
    folder.line("young", folder.own("young"), { finishedAt: Date.now() - 60_000 }),
  ]);
  folder.manifest.void({ fence: FENCE, out: "void" });
  const journal = join(folder.root, `.corehaul/manifest/${OWNER}-0.jsonl`);
  const torn = JSON.stringify(folder.line("torn", folder.own("torn")));
  Deno.writeTextFileSync(journal, torn.slice(0, -2), { append: true });
  const { named, removed, done } = await folder.recover();
  assertEquals([named, removed, done.size], [0, 6, 0]);
  assertEquals(folder.names(), [
    "info.part",
    "kept.part",
    "kept.part-info",
    "never-claimed.part-x",
    "no-line.part-other-1",
  ]);
  for (const out of ["torn", "short", "void", "young"]) assert(!await folder.knows(out, 5), out);
  assertEquals(folder.logs, 0);
});

Deno.test("recoverClaims replaces nothing that its owner would not have replaced", async () => {
  await using folder = await CrashedFolder.make();
  folder.claim("foreign", "old", "new", "folder");
  folder.write("old", "old");
  folder.write("folder/x", "x");
  for (const out of ["foreign", "old", "new", "folder"]) folder.write(folder.own(out), "ours!");
  const replace = true;
  folder.manifest.append([
    folder.line("foreign", folder.own("foreign")),
    // Its owner was told to replace what was there when the file was finished.
    folder.line("old", folder.own("old"), { replace, finishedAt: Date.now() + 2000 }),
    folder.line("new", folder.own("new"), { replace }),
    folder.line("folder", folder.own("folder"), { replace, finishedAt: Date.now() + 2000 }),
  ]);
  const finished = Date.now();
  while (Date.now() < finished + 20) await new Promise((resolve) => setTimeout(resolve, 5));
  folder.write("foreign", "THEIR");
  folder.write("new", "newer");
  const { named, removed, done } = await folder.recover();
  assertEquals([named, removed, [...done.keys()]], [1, 3, ["old"]]);
  assertEquals([folder.read("foreign"), folder.read("old"), folder.read("new")], ["THEIR", "ours!", "newer"]);
  assertEquals(folder.names(), ["folder", "foreign", "new", "old"]);
  // The same size, the same url: it still must not count as ours.
  assert(!await folder.knows("foreign", 5));
});

Deno.test("recoverClaims trusts no bytes of before a boot, but names that are there", async () => {
  await using folder = await CrashedFolder.make({ ...procIdentity(), bootId: "another boot" });
  folder.claim("a", "b");
  folder.write(folder.own("a"), "AAA");
  folder.write("b", "BBB");
  folder.manifest.append([folder.line("a", folder.own("a")), folder.line("b", "b")]);
  const { named, removed, done } = await folder.recover();
  assertEquals([named, removed, [...done.keys()]], [0, 1, ["b"]]);
  assertEquals(folder.names(), ["b"]);
});

Deno.test("recoverClaims leaves alone what is not certainly a dead owner's", async () => {
  const elsewhere = { ...procIdentity(), host: "another-host", bootId: "another boot" };
  for (const identity of [procIdentity(), elsewhere]) {
    await using folder = await CrashedFolder.make(identity);
    folder.claim("a");
    folder.write(folder.own("a"), "AAA");
    folder.manifest.append([folder.line("a", folder.own("a"))]);
    assertEquals((await folder.recover()).named, 0);
    assertEquals([folder.names(), folder.logs], [[folder.own("a")], 1]);
  }
  await using folder = await CrashedFolder.make();
  folder.claim("a", "b");
  folder.write(folder.own("a"), "AAA");
  folder.write("b.part", "BBB");
  folder.manifest.append([folder.line("a", folder.own("a")), folder.line("b", "b.part")]);
  {
    const file = openLocked(join(folder.root, "b.part"))!.file;
    using _held = { [Symbol.dispose]: () => closeLocked(file) };
    assertEquals((await folder.recover()).named, 1);
    assertEquals([folder.names(), folder.logs], [["a", "b.part"], 1]);
  }
  assertEquals((await folder.recover()).named, 1);
  assertEquals([folder.names(), folder.logs], [["a", "b"], 0]);
});

Deno.test("recoverClaims follows no link out of the folder, and no path that leads out", async () => {
  await using outside = await CrashedFolder.make();
  await using folder = await CrashedFolder.make();
  Deno.symlinkSync(outside.root, join(folder.root, "way-out"));
  const names = ["way-out/a", `../${outside.root.split("/").at(-1)}/b`];
  folder.claim(...names);
  outside.write(folder.own("a"), "AAA");
  outside.write(folder.own("b"), "BBB");
  folder.manifest.append([folder.line(names[0]!, `way-out/${folder.own("a")}`)]);
  // What has the name of an unfinished file is removed itself, not what it leads to.
  outside.write("precious", "mine");
  folder.claim("c");
  Deno.symlinkSync(join(outside.root, "precious"), join(folder.root, folder.own("c")));
  assertEquals((await folder.recover()).named, 0);
  assertEquals(outside.names(), [folder.own("a"), folder.own("b"), "precious"].sort());
  assertEquals(folder.names(), ["way-out"]);
});

Deno.test("recoverClaims waits for another one at the same log, so that nothing is claimed before it is done", async () => {
  await using folder = await CrashedFolder.make();
  const outs = Array.from({ length: 300 }, (_, i) => `f${i}`);
  folder.claim(...outs);
  for (const out of outs) folder.write(folder.own(out), out);
  folder.manifest.append(outs.map((out) => folder.line(out, folder.own(out))));
  const all = await Promise.all(Array.from({ length: 4 }, async () => {
    const { named } = await folder.recover();
    assertEquals(folder.names().length, outs.length);
    assertEquals(folder.names().filter((name) => name.includes("part")), []);
    return named;
  }));
  assertEquals(all.reduce((sum, named) => sum + named), outs.length);
});

Deno.test("ClaimLog is written anew with what is open, is locked, and is gone in the end", async () => {
  const root = await Deno.makeTempDir();
  const running = join(root, ".corehaul/running");
  const open = new Map<string, OpenClaim>();
  try {
    const log = new ClaimLog(root, { ...procIdentity(), owner: "o" }, () => open.values(), 2000);
    for (let i = 0; i < 500; i++) {
      const claim = { worker: i % 2, fence: `f${i}`, out: `file-${i}` };
      open.set(claim.out, claim);
      open.delete(`file-${i - 10}`);
      log.add([claim]);
      const texts = [...Deno.readDirSync(running)].map(({ name }) => Deno.readTextFileSync(join(running, name)));
      assertEquals(texts.length, 1);
      assert(texts[0]!.length < 3000);
      for (const { out } of open.values()) assert(texts[0]!.includes(`"${out}"`), out);
    }
    using file = Deno.openSync(log.path!, { read: true, write: true });
    assertEquals(file.tryLockSync(true), false);
    log[Symbol.dispose]();
    assertEquals([...Deno.readDirSync(running)], []);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test({
  name: "recoverClaims gives back what was reserved for unfinished files, unless somebody goes on with them",
  ignore: !mayMount,
  fn: async () => {
    const root = await Deno.makeTempDir();
    await onSmallDisk(root, async () => {
      const folder = new CrashedFolder(await Deno.realPath(root), dead());
      using space = new FileSpace(libcLibrary());
      const free = () => Math.round(space.free(root)!.bytes / 1_000_000);
      const [url, length] = ["http://h/x", 6_000_000];
      const state = { url, length, etag: '"e"', bootId: "b" };
      const held = ["plain", "pieces", "other"];
      for (const name of held) {
        folder.claim(name);
        await Deno.writeFile(folder.path(`${name}.part`), new Uint8Array(name === "pieces" ? length : 1_000_000));
        assertEquals(await space.reserve(folder.path(`${name}.part`), [[1_000_000, length]]), "reserved");
        const pieces = { written: [[0, 2_000_000], [4_000_000, 5_000_000]], synced: [] };
        const more = name === "pieces" ? { version: 2, ...pieces } : { version: 1, synced: 0 };
        folder.write(`${name}.part-info`, JSON.stringify({ ...more, ...state }));
      }
      const lock = openLocked(folder.path("other.part"))!;
      assertEquals(free(), 3);
      await folder.recover();
      assertEquals(free(), 11);
      closeLocked(lock.file);
      const sizes = held.map((name) => Deno.statSync(folder.path(`${name}.part`)).size);
      assertEquals(sizes, [1_000_000, length, 1_000_000]);
      folder.manifest[Symbol.dispose]();
    }, "20m");
    await Deno.remove(root);
  },
});

Deno.test("recoverClaims removes what is left of a file that another owner has finished since, and nothing that will be continued", async () => {
  await using folder = await CrashedFolder.make();
  folder.claim("finished", "refreshed", "foreign", "held", "changed");
  using other = new Manifest(folder.root, "0b-other-0");
  const finish = (out: string, more: Partial<ManifestLine> = {}) => {
    folder.write(out, "whole");
    other.append([folder.line(out, out, { finishedAt: Date.now() + 10, ...more })]);
  };
  // Its next version was being fetched.
  finish("refreshed", { finishedAt: Date.now() - 10_000 });
  for (const { out } of folder.claims) {
    folder.write(`${out}.part`, "left");
    folder.write(`${out}.part-info`, STATE.replace("http://h/x", `http://h/${out}`));
  }
  finish("finished");
  finish("held");
  finish("changed", { bytes: 4 });
  folder.write("foreign", "whole");
  const held = openLocked(join(folder.root, "held.part"))!;
  const recover = async () => {
    const { named, removed } = await folder.recover();
    return [named, removed];
  };
  assertEquals(await recover(), [0, 1]);
  const left = ["changed", "foreign", "held", "refreshed"];
  const names = (outs: string[]) => outs.flatMap((out) => [out, `${out}.part`, `${out}.part-info`]);
  assertEquals(folder.names(), [...names(left), "finished"].sort());
  closeLocked(held.file);
});
