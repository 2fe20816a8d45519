import { assertEquals, assertRejects } from "@std/assert";
import { StoppedError } from "../../download/download_error.ts";
import { NameDesk } from "../../workers/name_desk.ts";
import type { RenameAsk } from "../../workers/proc_messages.ts";

Deno.test("NameDesk asks for what comes in one turn in one message, and tells each its own answer", async () => {
  const sent: RenameAsk[][] = [];
  const desk = new NameDesk((asks) => sent.push(asks));
  const one = desk.ask({ seq: 1, fence: "a" }, "x", "x.1");
  const two = desk.ask({ seq: 2, fence: "a" }, "x");
  // The same task under another claim is another question.
  const again = desk.ask({ seq: 1, fence: "b" }, "y");
  assertEquals(sent, []);
  await Promise.resolve();
  assertEquals(sent, [[[1, "a", "x", "x.1"], [2, "a", "x", null], [1, "b", "y", null]]]);
  desk.answer([[2, "a", "old"], [1, "b", null]]);
  desk.answer([[1, "a", "x.1"], [7, "a", "nobody waits"], [2, "a", "twice"]]);
  assertEquals([await one, await two], ["x.1", "old"]);
  await assertRejects(() => again, StoppedError);
  void desk.ask({ seq: 3, fence: "a" }, "z");
  await Promise.resolve();
  assertEquals(sent[1], [[3, "a", "z", null]]);
});
