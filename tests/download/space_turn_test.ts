import { assertEquals } from "@std/assert";
import { spaceTurn, type SpaceWaiter } from "../../download/space_turn.ts";

function file(id: string, missing: number, held = 0, atLeast = false): SpaceWaiter {
  return { id, missing, held, atLeast };
}

/** What each file does where all of them look. */
function turns(free: number, ...files: SpaceWaiter[]): string {
  return files.map((own) => spaceTurn(own, files.filter((other) => other !== own), free)).join(", ");
}

Deno.test("spaceTurn lets the nearest to its end go, and others as far as there is room for all before them", () => {
  assertEquals(turns(10, file("a", 3), file("b", 2), file("c", 9)), "go, go, wait");
  assertEquals(turns(2, file("a", 3), file("b", 2), file("c", 9)), "wait, go, wait");
  // Of two that are as near, the name decides.
  assertEquals(turns(3, file("b", 3), file("a", 3)), "wait, go");
  assertEquals(turns(2, file("a", 3)), "wait");
});

Deno.test("spaceTurn lets those furthest from their ends give back what the nearest lacks, and no more", () => {
  assertEquals(turns(0, file("a", 1, 5), file("b", 2, 5), file("c", 3, 5)), "wait, wait, give back");
  assertEquals(turns(0, file("a", 6, 5), file("b", 7, 5), file("c", 8, 5)), "wait, give back, give back");
  // Those without anything have nothing to give.
  assertEquals(turns(0, file("a", 1), file("b", 2, 5), file("c", 3)), "wait, give back, wait");
  // Nobody gives anything for what would not help.
  assertEquals(turns(0, file("a", 12, 9), file("b", 13, 5), file("c", 14, 5)), "wait, wait, wait");
});

Deno.test("spaceTurn lets one file of unknown length go at a time, unless there is plenty of room", () => {
  const three = ["a", "b", "c"].map((id) => file(id, 7, 0, true));
  assertEquals(turns(20, ...three), "go, wait, wait");
  assertEquals(turns(28, ...three), "go, go, wait");
  assertEquals(turns(100, ...three), "go, go, go");
  assertEquals(turns(8, file("a", 7, 0, true)), "go");
});
