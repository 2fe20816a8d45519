import { assertEquals } from "@std/assert";
import { SpaceLine } from "../../download/space_line.ts";
import type { SpaceWaiter } from "../../download/space_turn.ts";
import { TempDir } from "../support/temp_dir.ts";

const FOLDER = ".corehaul/space";

function names(home: TempDir): string[] {
  return Array.from(Deno.readDirSync(home.join(FOLDER)), ({ name }) => name).sort();
}

Deno.test("SpaceLine tells each file who else waits, of any process, as long as that looks", async () => {
  await using home = await TempDir.create();
  const [here, there] = [new SpaceLine(home.path), new SpaceLine(home.path)];
  const waiter = (out: string, missing: number, held = 0, atLeast = false): SpaceWaiter => {
    return { id: here.idOf(out), missing, held, atLeast };
  };
  const [a, b, c] = [waiter("a", 9), waiter("b", 5, 4), waiter("c", 7, 0, true)];
  assertEquals([here.join(a), there.join(b)], [[], [a]]);
  assertEquals(here.join(c).sort((x, y) => x.missing - y.missing), [b, a]);
  // What it needs has changed.
  const less = waiter("a", 3, 6);
  here.join(less);
  assertEquals(there.join(b).sort((x, y) => x.missing - y.missing), [less, c]);
  // One has not looked for a while, and one is long gone; what is no name of theirs is nobody's.
  const age = (id: string, seconds: number) => {
    const name = names(home).find((name) => name.startsWith(id))!;
    const then = new Date(Date.now() - seconds * 1000);
    Deno.utimeSync(home.join(FOLDER, name), then, then);
  };
  await home.write(`${FOLDER}/odd`, "");
  age(less.id, 20);
  age(c.id, 70);
  assertEquals(there.join(b), []);
  assertEquals(names(home).length, 3);
  here.refresh(less.id);
  assertEquals(there.join(b), [less]);
  there.leave(b.id);
  here.leave(less.id);
  assertEquals(names(home), ["odd"]);
});

Deno.test("SpaceLine names no more than 32 that have nothing to give, and lets a file wait alone where it cannot be named", async () => {
  await using home = await TempDir.create();
  const line = new SpaceLine(home.path);
  for (let i = 0; i < 40; i++) line.join({ id: line.idOf(`f${i}`), missing: i, held: 0, atLeast: false });
  assertEquals(names(home).length, 32);
  // Those that can give something back are named all the same.
  const others = line.join({ id: line.idOf("x"), missing: 1, held: 1, atLeast: false });
  assertEquals([names(home).length, others.length], [33, 32]);
  await using file = await TempDir.create();
  await file.write(".corehaul", "no folder");
  const nowhere = new SpaceLine(file.path);
  assertEquals(nowhere.join({ id: nowhere.idOf("a"), missing: 1, held: 0, atLeast: false }), []);
  nowhere.refresh(nowhere.idOf("a"));
  nowhere.leave(nowhere.idOf("a"));
});
