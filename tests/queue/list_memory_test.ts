import { assertEquals } from "@std/assert";
import { ListMemory } from "../../queue/list_memory.ts";

type Look = [name: string, last: number, open: number];

function forgotten(...looks: Look[]): number {
  const memory = new ListMemory();
  for (const look of looks) memory.learn(...look);
  return memory.forgotten;
}

Deno.test("ListMemory takes a list that begins, grows and is worked off for the same one", () => {
  assertEquals(forgotten(["", 0, 0], ["a", 3, 3], ["a", 9, 5], ["a", 9, 0]), 0);
  // A list of an older version has no name.
  assertEquals(forgotten(["", 5, 5], ["", 9, 2]), 0);
  assertEquals(forgotten(["", 0, 0], ["", 0, 0]), 0);
});

Deno.test("ListMemory notices a list that is gone, begun anew or put back, and remembers it", () => {
  assertEquals(forgotten(["a", 9, 4], ["", 0, 0]), 4);
  assertEquals(forgotten(["a", 9, 0], ["", 0, 0]), 9);
  assertEquals(forgotten(["a", 9, 4], ["b", 9, 9]), 4);
  assertEquals(forgotten(["a", 9, 4], ["a", 8, 4]), 4);
  assertEquals(forgotten(["", 9, 4], ["b", 20, 9]), 4);
  assertEquals(forgotten(["a", 9, 4], ["", 0, 0], ["b", 20, 20]), 4);
});
