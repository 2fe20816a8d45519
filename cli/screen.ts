import { format as formatBytes } from "@std/fmt/bytes";
import type { CoreProgress, DownloaderProgress, RunSummary, TaskCounts } from "../mod.ts";
import { bar, ProgressLine } from "./progress_line.ts";

const LOAD_BAR = 10;

/** Draws what a downloader does: all of it, and one line a core. */
export class Screen {
  readonly #line = new ProgressLine();

  /**
   * Makes the block to show.
   *
   * @param progress What the workers did.
   * @param counts What the list says.
   * @param now In milliseconds.
   * @param width What a line may take. Default: any number of columns.
   * @returns Some lines.
   */
  render(progress: DownloaderProgress, counts: TaskCounts, now: number, width: number = Infinity): string {
    const open = counts.waiting + counts.running;
    const first = this.#line.render(
      {
        settled: counts.done + counts.failed,
        of: open + counts.done + counts.failed + counts.paused,
        open,
        files: progress.done + progress.failed,
        bytes: progress.bytes,
        notes: counts.failed > 0 ? [`${counts.failed} failed`] : [],
        ...(progress.opensAt === undefined ? {} : { opensAt: progress.opensAt }),
      },
      now,
      width,
    );
    return [first, ...progress.cores.map((core) => coreLine(core).slice(0, width))].join("\n");
  }
}

/** What a run did, for people: a few lines and a table of cores. */
export function summaryText(summary: RunSummary): string {
  const seconds = Math.max(summary.ms, 1) / 1000;
  const speed = formatBytes(summary.bytes / seconds, { binary: true });
  const { counts } = summary;
  const rest = [["paused", counts.paused], ["canceled", counts.canceled]] as const;
  const others = rest.filter(([, count]) => count > 0).map(([status, count]) => `, ${count} ${status}`).join("");
  const lines = [
    `${summary.done} files, ${formatBytes(summary.bytes, { binary: true })} in ${seconds.toFixed(1)} s: ${speed}/s, ${
      (summary.done / seconds).toFixed(0)
    } files/s`,
    `${summary.retried} retries, ${summary.failed} failures, ${summary.refused} entries refused`,
    `the list now: ${counts.done} done, ${counts.failed} failed, ${counts.waiting} waiting, ${counts.running} running${others}`,
    "",
    ...table("core", summary.cores.map((core) => ({ ...core, name: core.core }))),
  ];
  const { schemes } = summary;
  // Lists of web addresses are the rule: there the table would say nothing new.
  if (schemes.length > 1 || schemes.some(({ scheme }) => !scheme.startsWith("http"))) {
    lines.push("", ...table("scheme", schemes.map((scheme) => ({ ...scheme, name: scheme.scheme }))));
  }
  return lines.join("\n");
}

function table(
  title: string,
  rows: readonly { name: string | number; done: number; failed: number; retried: number; bytes: number }[],
): string[] {
  const width = Math.max(title.length, ...rows.map(({ name }) => String(name).length));
  return [
    `${title.padStart(width)}     done   failed  retries        bytes`,
    ...rows.map(({ name, done, failed, retried, bytes }) => {
      const [files, failures, retries] = [done, failed, retried].map((count) => String(count).padStart(8));
      const size = formatBytes(bytes, { binary: true }).padStart(12);
      return `${String(name).padStart(width)} ${files} ${failures} ${retries} ${size}`;
    }),
  ];
}

function coreLine(core: CoreProgress): string {
  return `core ${String(core.core).padEnd(3)} load ${bar(core.load / 100, LOAD_BAR)} ${
    String(core.load).padStart(3)
  }%  limit ${String(core.limit).padEnd(4)} active ${String(core.active).padEnd(4)} done ${core.done}`;
}
