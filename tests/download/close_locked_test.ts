/** What was let go can be locked again at once, whatever programs are being started meanwhile. */
import { assertEquals } from "@std/assert";
import { ClaimLog, type OpenClaim } from "../../download/claim_log.ts";
import { closeLocked } from "../../download/close_locked.ts";
import { deadClaimLogs } from "../../download/dead_claim_logs.ts";
import { openLocked } from "../../download/open_locked.ts";
import { PartFile } from "../../download/part_file.ts";
import { procIdentity } from "../../ffi/proc_identity.ts";
import { ForkedCopies } from "../support/forked_copies.ts";
import { TempDir } from "../support/temp_dir.ts";
import { CallWorker } from "./fixtures/call_worker.ts";

const target = (root: string) => ({ root, out: "a", tag: "1", url: "http://h/x", bootId: "boot-1" });

Deno.test("closeLocked gives back a lock of which a child that is being started has a copy", async () => {
  await using folder = await TempDir.create();
  const path = folder.join("a");
  const first = openLocked(path)!;
  using _copies = new ForkedCopies(path);
  assertEquals(openLocked(path), undefined);
  closeLocked(first.file);
  closeLocked(openLocked(path)!.file);
});

/** An unfinished file with something that can be continued. */
function begin(root: string): PartFile {
  const part = PartFile.open(target(root));
  part.begin(0, { url: "http://h/x", length: 9, etag: '"e"', bootId: "boot-1", synced: 0 });
  part.write(new Uint8Array(3));
  return part;
}

Deno.test("PartFile that was let go can be opened again while a child is being started", async () => {
  await using folder = await TempDir.create();
  const first = begin(folder.path);
  using _copies = new ForkedCopies(first.path);
  first[Symbol.dispose]();
  using second = PartFile.open(target(folder.path));
  assertEquals([second.path, second.left?.bytes], [folder.join("a.part"), 3]);
});

Deno.test("ClaimLog that was left can be taken in hand, and let go, while a child is being started", async () => {
  await using folder = await TempDir.create();
  const claim: OpenClaim = { worker: 1, fence: "f", out: "a" };
  using log = new ClaimLog(folder.path, { ...procIdentity(), owner: "o" }, () => [claim]);
  log.add([claim]);
  using _owners = new ForkedCopies(log.path!);
  const path = log.path!;
  log.leave();
  for (let times = 0; times < 2; times++) {
    const copies: ForkedCopies[] = [];
    for await (const dead of deadClaimLogs(folder.path, "o")) {
      assertEquals(dead.claims, [claim]);
      copies.push(new ForkedCopies(path));
    }
    using _copies = copies[0];
    assertEquals(copies.length, 1);
  }
});

Deno.test("PartFile can be opened again at once, each of many times, while other threads start programs", async () => {
  await using folder = await TempDir.create();
  using stack = new DisposableStack();
  const entry = new URL("./fixtures/fork_worker.ts", import.meta.url);
  const workers = [1, 2].map(() => stack.use(new CallWorker<number, number>(entry)));
  begin(folder.path)[Symbol.dispose]();
  let running = true;
  const programs = Promise.all(workers.map((worker) => worker.call(150))).finally(() => running = false);
  let opened = 0;
  const refused: number[] = [];
  while (running) {
    for (let times = 0; times < 50; times++, opened++) {
      using part = PartFile.open(target(folder.path));
      if (part.left?.bytes !== 3) refused.push(opened);
    }
    // The answers of the threads come in between.
    await new Promise((resolve) => setTimeout(resolve));
  }
  await programs;
  assertEquals(refused, [], `of ${opened}`);
});
