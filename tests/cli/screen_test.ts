import { stripAnsiCode } from "@std/fmt/colors";
import { assert, assertEquals, assertMatch } from "@std/assert";
import stringWidth from "string-width";
import {
  type DownloaderProgress,
  type FileProgress,
  type ListProgress,
  type TaskCounts,
  workProgress,
} from "../../mod.ts";
import type { Lang } from "../../cli/human.ts";
import { Screen } from "../../cli/screen.ts";

const MIB = 1024 ** 2;
const COUNTS: TaskCounts = { waiting: 8000, running: 64, paused: 0, done: 1200, failed: 3, canceled: 0 };

function file(id: number, out: string, some: Partial<FileProgress> = {}): FileProgress {
  const [bytes, size, speed] = [12.8 * MIB, 28 * MIB, 3.1 * MIB];
  return { id: `t${id}`, url: "http://h/x", out, core: 1, bytes, size, speed, ...some };
}

const FILES = [
  file(1, "a-rather-long-name-of-a-large-file-of-some-kind.iso", { continuedAt: 12.8 * MIB }),
  file(2, "文件/大文件.bin", { bytes: 1.5 * MIB, speed: 0 }),
  file(3, "stream", { bytes: 700 * MIB }),
];
delete (FILES[2] as { size?: number }).size;

function draw(
  { columns = 120, rows = 30, files = FILES, cores = 2, lang = "en" as Lang, colors = false, opensAt = 0 } = {},
): string[] {
  const core = { load: 55, limit: 64, active: 64, claimed: 10, done: 600, failed: 3, retried: 0, bytes: 256 * MIB };
  const own: DownloaderProgress = {
    done: 1200,
    failed: 3,
    retried: 0,
    active: 64,
    bytes: 512 * MIB,
    fileBytes: 512 * MIB,
    speed: 3.1 * MIB,
    filesPerSecond: 23,
    ms: 1000,
    ...(opensAt === 0 ? {} : { opensAt }),
    open: { sized: 0, sizedBytes: 0, size: 0, unsizedBytes: 0 },
    files: [...files],
    cores: Array.from({ length: cores }, (_, i) => ({ ...core, core: i + 1 })),
  };
  const { speed, filesPerSecond } = own;
  const list: ListProgress = { ...workProgress(COUNTS, own), counts: COUNTS, speed, filesPerSecond, files: own.files };
  return new Screen({ lang, colors }).render(list, own, { columns, rows }).split("\n");
}

Deno.test("Screen.render shows percent, bytes and time left of all, and of the largest files", () => {
  const [first, ...others] = draw({ columns: 200 });
  assertEquals(
    first,
    "████░░░░░░░░░░░░░░░░░░░░░░░░░░ 12%  1203/9267 files  512 MiB of about 3.85 GiB  3.1 MiB/s  23 files/s  3 failed" +
      "  ETA about 18 min 28 s",
  );
  assertEquals(others.slice(0, 3).map((line) => line.trimEnd()), [
    "  a-rather-long-name-of-a-large-file-of-some-kind.iso   45%  12.8 MiB of 28 MiB  3.1 MiB/s  ETA 5 s  continued at 12.8 MiB",
    "  文件/大文件.bin                                        5%  1.5 MiB of 28 MiB   0 B/s",
    "  stream                                                     700 MiB             3.1 MiB/s",
  ]);
  assertEquals(others.slice(3), [
    "core 1   load ██████░░░░  55%  limit 64    active 64    done 600",
    "core 2   load ██████░░░░  55%  limit 64    active 64    done 600",
  ]);
});

Deno.test("Screen.render fits every width and height: the bar is the last to go, then the percentage", () => {
  for (let columns = 1; columns <= 220; columns += columns < 40 ? 1 : 7) {
    for (const lang of ["en", "zh"] as const) {
      const lines = draw({ columns, lang });
      for (const line of lines) assert(stringWidth(line) <= columns, `${columns}: ${line}`);
      assertMatch(lines[0]!, /^[█░]+( |$)/);
    }
  }
  const first = (columns: number) => draw({ columns })[0]!.replace(/^[█░]+ ?/, "");
  assertEquals(first(10), "");
  assertEquals(first(16), "12%");
  assertEquals(first(40), "12%  ETA about 18 min 28 s");
  assertMatch(first(60), /^12% .*ETA about 18 min 28 s$/);
  assertMatch(first(80), /^12% {2}1203\/9267 files .*3 failed {2}ETA about 18 min 28 s$/);
  assertMatch(draw({ columns: 40 })[1]!, /^ {2}a-r.*….*\.iso {3}45% {2}ETA 5 s$/);
  for (const rows of [2, 3, 5, 8, 24]) {
    const lines = draw({ rows, cores: 64 });
    assert(lines.length <= rows - 1, `${rows} rows: ${lines.length} lines`);
    assertMatch(lines[0]!, /12%/);
  }
  assertEquals(draw({ rows: 24, cores: 64 }).at(-1), "and 46 more cores");
  const many = Array.from({ length: 30 }, (_, i) => file(i, `file-${i}`));
  assertEquals(draw({ files: many })[5], "  and 26 more");
});

Deno.test("Screen.render says when a window opens, in colours where it has them, and in Chinese", () => {
  assertMatch(draw({ opensAt: Date.UTC(2026, 0, 2) })[0]!, / starts at 2026-01-0[12] \d\d:00:00$/);
  const colored = draw({ colors: true });
  assert(colored[0]!.includes("\u001b[31m3 failed"), colored[0]);
  assertEquals(colored.map(stripAnsiCode), draw());
  const chinese = draw({ lang: "zh", columns: 200, cores: 70 }).join("\n");
  assertMatch(chinese, /1203\/9267 个文件 {2}512 MiB \/ 约 3\.85 GiB .*23 个\/秒 {2}3 个失败 {2}ETA 约 18 分 28 秒/);
  assertMatch(chinese, /续传自 12\.8 MiB/);
  assertMatch(chinese, /核心 1 +负载 █+░+ +55% {2}上限 64 +在跑 64 +完成 600/);
  assertMatch(chinese, /还有 \d+ 个核心/);
  // Nothing of it is English but what is called so everywhere.
  assertEquals(chinese.replace(/ETA|[KMG]?i?B(\/s)?|a-rather\S+|\.bin|stream/g, "").match(/[A-Za-z]+/g), null);
});

Deno.test("Screen.render lets nothing in a name do anything to the terminal", () => {
  assert(!draw({ files: [file(1, "a\u001b[31mb")] }).join("\n").includes("\u001b"));
});
