import { assert, assertEquals, assertMatch } from "@std/assert";
import { Screen } from "../../cli/screen.ts";
import type { DownloaderProgress, TaskCounts } from "../../mod.ts";

const MIB = 1024 ** 2;
const COUNTS: TaskCounts = { waiting: 8000, running: 64, paused: 0, done: 1200, failed: 3, canceled: 0 };

function progress(done: number, bytes: number): DownloaderProgress {
  const core = { core: 1, load: 55, limit: 64, active: 64, claimed: 10, done, failed: 3, retried: 0, bytes };
  return { done, failed: 3, retried: 0, active: 64, bytes, ms: 1000, cores: [core] };
}

function lines(width?: number): string[] {
  const screen = new Screen();
  screen.render(progress(0, 0), COUNTS, 0, width);
  return screen.render(progress(1200, 512 * MIB), COUNTS, 3500, width).split("\n");
}

Deno.test("Screen.render makes its bar as long as the terminal leaves room for it, and cuts what is still too long", () => {
  const [wide] = lines();
  assertMatch(wide!, /^[█░]{30} 13% {2}1203\/9267 files .*ETA .*$/);
  for (const width of [120, 100, 90, 85, 80]) {
    const drawn = lines(width);
    for (const line of drawn) assert(line.length <= width, line);
    // Only the bar gets shorter.
    assertEquals(drawn[0]!.replace(/^[█░]+ /, ""), wide!.replace(/^[█░]+ /, ""));
  }
  assertMatch(lines(85)[0]!, /^[█░]{5,29} 13%/);
  for (const width of [60, 40]) {
    for (const line of lines(width)) assert(line.length <= width, line);
    assertMatch(lines(width)[0]!, /^13% {2}1203\/9267 files/);
  }
});
