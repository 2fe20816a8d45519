import { assertEquals } from "@std/assert";
import { ClaimKeeper } from "../../app/claim_keeper.ts";
import { ClaimLog, type OpenClaim } from "../../download/claim_log.ts";
import { Manifest } from "../../download/manifest.ts";
import { libcLibrary } from "../../ffi/libc_library.ts";
import { procIdentity } from "../../ffi/proc_identity.ts";
import type { WorkerTask } from "../../workers/proc_messages.ts";
import { TempDir } from "../support/temp_dir.ts";

function task(out: string, more: Partial<WorkerTask> = {}): WorkerTask {
  return { id: out, seq: 1, url: `http://h/${out}`, out, attempts: 0, core: 0, fence: "f", ...more };
}

Deno.test("ClaimKeeper clears up after a worker that died, and tells which tasks it had finished", async () => {
  await using home = await TempDir.create();
  const told: { named: number; removed: number }[] = [];
  const open: OpenClaim[] = [];
  const keeper = new ClaimKeeper({
    owner: "o",
    root: home.path,
    library: libcLibrary(),
    remoteTime: true,
    open: () => open,
    recovered: (counts) => told.push(counts),
  });
  open.push({ worker: 1, fence: "f", out: "first" }, { worker: 1, fence: "f", out: "half" });
  keeper.handing(1, [task("first"), task("half")]);
  open[0]!.out = "learned";
  keeper.renaming(1, [[1, "f", "learned"], [2, "f", null]]);
  await home.write("learned.part-o-1-f", "whole");
  await home.write("half.part-o-1-f", "half");
  await home.write("learned.part-o-2-f", "of another worker");
  const { ino } = await Deno.stat(home.join("learned.part-o-1-f"));
  {
    using manifest = new Manifest(home.path, "o-1");
    const about = { id: "t", url: "http://h/first", finalUrl: "", attempts: 1, core: 0, startedAt: 1 };
    manifest.append([{ ...about, fence: "f", out: "learned", bytes: 5, inode: ino!, finishedAt: Date.now() }]);
  }
  // As long as the owner is there, nobody touches what it has, itself included.
  await keeper.recover();
  assertEquals(told, []);
  keeper.lost(open.splice(0));
  await keeper.end();
  assertEquals(told, [{ named: 1, removed: 1 }]);
  assertEquals(await home.names(), [".corehaul", "learned", "learned.part-o-2-f"]);
  assertEquals([...Deno.readDirSync(home.join(".corehaul/running"))], []);
  const again = [
    task("learned", { url: "http://me:secret@h/first", begun: true }),
    task("learned", { url: "http://h/first" }),
    task("learned", { url: "http://h/other", begun: true }),
  ];
  open.push({ worker: 0, fence: "f", out: "learned" });
  keeper.handing(0, again);
  assertEquals(again.map(({ replayed }) => replayed), [true, undefined, undefined]);
  open.length = 0;
  keeper.lost([]);
  await keeper.end();
});

Deno.test("ClaimKeeper clears up after owners of any list when there is no space", async () => {
  await using home = await TempDir.create();
  const { promise, resolve } = Promise.withResolvers<{ named: number; removed: number }>();
  const keeper = new ClaimKeeper({
    owner: "o",
    root: home.path,
    library: libcLibrary(),
    remoteTime: true,
    open: () => [],
    recovered: resolve,
  });
  await keeper.recover();
  // No process that is there now started then.
  const claims = [{ worker: 0, fence: "f", out: "half" }];
  const log = new ClaimLog(home.path, { ...procIdentity(), startTime: "1", owner: "other" }, () => claims);
  log.add(claims);
  log.leave();
  await home.write("half.part-other-0-f", "half");
  keeper.spaceMissing();
  keeper.spaceMissing();
  assertEquals(await promise, { named: 0, removed: 1 });
  await keeper.end();
});
