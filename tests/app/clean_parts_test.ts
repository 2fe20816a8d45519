import { assertEquals, assertRejects } from "@std/assert";
import { cleanParts } from "../../app/clean_parts.ts";
import { PartsOfMoved } from "../../app/parts_left.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { ClaimLog } from "../../download/claim_log.ts";
import { encodePartState } from "../../download/part_state.ts";
import { unfinishedPath } from "../../download/unfinished_path.ts";
import { procIdentity } from "../../ffi/proc_identity.ts";
import { TaskKvList } from "../../queue/task_kv_list.ts";
import { draft } from "../queue/contract_kit.ts";
import { TempDir } from "../support/temp_dir.ts";

const OWNER = "0b8a4e2c-1f2d-4c3b-9a8e-7d6c5b4a3f2e";
const OLD = new Date(Date.now() - 30 * 60 * 60 * 1000);
const { bootId } = procIdentity();

/** A download folder, and what writes into it. */
async function downloads() {
  const home = await TempDir.create();
  await Deno.mkdir(home.join(".corehaul"));
  const write = async (name: string, text = "0123456789", old = true) => {
    const path = await home.write(name, text);
    if (old) await Deno.utime(path, OLD, OLD);
  };
  const writeState = (name: string, url: string, more: object = {}) =>
    write(`${name}-info`, encodePartState({ url, length: 100, etag: '"1"', bootId, synced: 0, ...more }));
  return { home, write, writeState };
}

async function allFiles(home: TempDir, folder = "."): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(home.join(folder))) {
    if (name === ".corehaul") continue;
    const path = folder === "." ? name : `${folder}/${name}`;
    if (isDirectory) names.push(...await allFiles(home, path));
    else names.push(path);
  }
  return names.sort();
}

Deno.test("cleanParts removes what nobody can continue, and nothing else", async () => {
  const { home, write, writeState } = await downloads();
  await using _home = home;
  const long = "n".repeat(200);
  const longPart = unfinishedPath(`/${long}`).slice(1);
  // Nobody can continue them: no state, a state of another boot that vouches for no byte, files of one claim, a state alone.
  const gone = [
    "a.part",
    "sub/deep/b.part",
    longPart,
    "boot.part",
    `c.part-${OWNER}-0-m1k2j3`,
    `c.part-${OWNER}-0-m1k2j3-2`,
    `c.part-info-${OWNER}-12-m1k2j3`,
    "alone.part-info",
  ];
  for (const name of gone.filter((name) => name !== "alone.part-info")) await write(name);
  await writeState("boot.part", "http://h/boot", { bootId: "another" });
  await writeState("alone.part", "http://h/alone");
  // They stay, each for its own reason.
  await write("get.part");
  await writeState("get.part", "http://h/get");
  await write("synced.part");
  await writeState("synced.part", "http://h/synced", { bootId: "another", synced: 4 });
  await write("newer.part");
  await write("newer.part-info", '{"version":9}');
  await write("young.part", "x", false);
  await write("claimed.part");
  await write("listed.part");
  await write("first.part");
  await write("held.part");
  const whole = ["whole.bin", "my.part.txt", "x.part-1", ".part", `d.part-${OWNER}`];
  for (const name of whole) await write(name);
  await write(".corehaul/z.part");
  await Deno.mkdir(home.join(".corehaul/../elsewhere.part"));
  await using outside = await TempDir.create();
  await outside.write("o.part", "x");
  await Deno.utime(outside.join("o.part"), OLD, OLD);
  await Deno.symlink(outside.path, home.join("link"));
  await Deno.symlink(outside.join("o.part"), home.join("link.part"));
  const open = [{ worker: 0, fence: "1", out: "claimed" }];
  using log = new ClaimLog(home.path, { ...procIdentity(), owner: OWNER }, () => open);
  log.add(open);
  using held = await Deno.open(home.join("held.part"), { read: true, write: true });
  await held.lock(true);
  await using list = await TaskKvList.open(":memory:");
  await list.add([draft(1, { out: "listed" }), draft(2, { out: "first" })]);

  const before = await allFiles(home);
  const found = await cleanParts(home.path, { lists: [list] });
  assertEquals(found.parts.map(({ path }) => path).sort(), gone.toSorted());
  assertEquals(found.parts.every(({ removed, bytes }) => !removed && bytes > 0), true);
  assertEquals(found.spared, { continuable: 2, unclear: 1, recent: 1, claimed: 1, listed: 2, held: 1 });
  assertEquals(await allFiles(home), before);

  const cleaned = await cleanParts(home.path, { lists: [list], remove: true });
  assertEquals(
    cleaned.parts.map(({ path, removed }) => `${path} ${removed}`).sort(),
    gone.map((p) => `${p} true`).sort(),
  );
  assertEquals(await allFiles(home), before.filter((name) => !gone.includes(name) && name !== "boot.part-info"));
  assertEquals(await outside.names(), ["o.part"]);
  assertEquals((await cleanParts(home.path, { lists: [list], remove: true })).parts, []);
});

Deno.test("cleanParts refuses a folder that is no download folder", async () => {
  await using home = await TempDir.create();
  await home.write("a.part", "another program's");
  for (const path of [home.path, home.join("none"), home.join("a.part")]) {
    const error = await assertRejects(() => cleanParts(path, { remove: true }), CfgError);
    assertEquals(error.problems[0]!.field, "dir");
  }
  assertEquals(await home.names(), ["a.part"]);
});

Deno.test("PartsOfMoved says what stays, and removes what is a task's own and free", async () => {
  const { home, write, writeState } = await downloads();
  await using _home = home;
  await using list = await TaskKvList.open(":memory:");
  const outs = ["mine", "pieces", "mirrored", "nobody", "others", "none", "d/link", "busy"];
  await list.add(
    outs.map((out, i) =>
      draft(i, {
        id: out,
        out,
        url: `http://me:secret@h/${out}`,
        ...(out === "mirrored" ? { mirrors: ["http://m/x"] } : {}),
      })
    ),
  );
  for (const name of ["mine", "nobody", "others", "busy"]) await write(`${name}.part`);
  await write("pieces.part", "x".repeat(100));
  await write("mirrored.part", "xy");
  await writeState("mine.part", "http://h/mine");
  await writeState("mirrored.part", "http://m/x");
  await writeState("others.part", "http://h/another");
  await writeState("pieces.part", "http://h/pieces", { pieces: { written: [[0, 3], [50, 54]], synced: [] } });
  await using outside = await TempDir.create();
  await outside.write("link.part", "x");
  await Deno.symlink(outside.path, home.join("d"));
  const moved = async (drop: boolean) => {
    const parts = (await PartsOfMoved.at(home.path, { drop }))!;
    await list.control({ verb: drop ? "remove" : "cancel", moved: (task) => parts.note(task) });
    return parts;
  };
  assertEquals(await (await moved(false)).settled(), {
    left: { files: 5, bytes: 10 + 7 + 2 + 10 + 10 },
    dropped: { files: 0, bytes: 0 },
    held: { files: 0, bytes: 0 },
  });
  // A download that has not ended yet is waited for.
  using busy = await Deno.open(home.join("busy.part"), { read: true, write: true });
  await busy.lock(true);
  const parts = await moved(true);
  const settled = parts.settled();
  await busy.unlock();
  assertEquals(await settled, {
    left: { files: 0, bytes: 0 },
    dropped: { files: 5, bytes: 39 },
    held: { files: 0, bytes: 0 },
  });
  assertEquals(await home.names(), [".corehaul", "d", "others.part", "others.part-info"]);
  assertEquals(await outside.names(), ["link.part"]);
  assertEquals(await PartsOfMoved.at(home.join("nowhere")), undefined);
  assertEquals(await PartsOfMoved.at(home.join("others.part")), undefined);
});
