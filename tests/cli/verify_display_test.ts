import { assertEquals, assertMatch } from "@std/assert";
import { VerifyDisplay } from "../../cli/verify_display.ts";

/** What a display says on a terminal, or beside one, with a clock of its own. */
function display(live: boolean): { shown: string[]; at: (ms: number) => VerifyDisplay } {
  const shown: string[] = [];
  let now = 0;
  const say = (text: string) => void shown.push(text);
  const made = new VerifyDisplay({ live, room: { columns: 100, rows: 24 }, draw: say }, { info: say }, () => now);
  const at = (ms: number) => {
    now = ms;
    return made;
  };
  return { shown, at };
}

Deno.test("VerifyDisplay draws a line on a terminal a few times a second, and the last of it", () => {
  const { shown, at } = display(true);
  for (let ms = 0; ms <= 1000; ms += 10) at(ms).note({ files: ms, of: 4000, bytes: ms * 1024 }, 0);
  assertEquals(shown.length, 5);
  assertMatch(shown.at(-1)!, /^█+░+ 25% {2}1000\/4000 files {2}1000 kiB {2}.*\/s {2}1000 files\/s {2}ETA 3s$/);
  at(1010).end({ files: 4000, of: 4000, bytes: 0 }, 2);
  assertMatch(shown.at(-1)!, /^█+ 100% {2}4000\/4000 files .* 2 wrong$/);
});

Deno.test("VerifyDisplay writes a line every ten seconds where nothing is drawn, and none at the end", () => {
  const { shown, at } = display(false);
  for (let ms = 0; ms < 30_000; ms += 100) at(ms).note({ files: ms, of: 90_000, bytes: ms }, 1);
  at(30_000).end({ files: 90_000, of: 90_000, bytes: 0 }, 1);
  assertEquals(shown, ["10000 of 90000 files verified, 1 wrong", "20000 of 90000 files verified, 1 wrong"]);
});
