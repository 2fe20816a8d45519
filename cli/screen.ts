import { format as formatBytes } from "@std/fmt/bytes";
import { format as formatDuration } from "@std/fmt/duration";
import type { CoreProgress, DownloaderProgress, RunSummary, TaskCounts } from "../mod.ts";

const BAR = 30;
/** What a bar must have to say more than its percentage does. */
const LEAST_BAR = 5;
const LOAD_BAR = 10;
/** How much the newest look weighs in the speed. */
const NEWEST = 0.3;
/** Fewer files a second say nothing about when the rest will come. */
const STANDSTILL = 0.01;

/** Draws what a downloader does: all of it, and one line a core. */
export class Screen {
  #last: { at: number; bytes: number; files: number } | undefined;
  #bytesPerSecond = 0;
  #filesPerSecond = 0;

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
    this.#measure(progress, now);
    const open = counts.waiting + counts.running;
    const total = open + counts.done + counts.failed + counts.paused;
    const settled = counts.done + counts.failed;
    const share = total === 0 ? 0 : settled / total;
    const eta = open === 0
      ? ""
      : this.#filesPerSecond > STANDSTILL
      ? `  ETA ${duration(open / this.#filesPerSecond * 1000)}`
      : "  ETA …";
    const all = [
      `${(share * 100).toFixed(0)}%`,
      `${settled}/${total} files`,
      `${formatBytes(progress.bytes, { binary: true })}`,
      `${formatBytes(Math.round(this.#bytesPerSecond), { binary: true })}/s`,
      `${this.#filesPerSecond.toFixed(0)} files/s`,
    ].join("  ");
    const opens = progress.opensAt === undefined
      ? ""
      : `  starts at ${new Date(progress.opensAt).toLocaleString("sv")}`;
    const failed = counts.failed > 0 ? `  ${counts.failed} failed` : "";
    const text = `${all}${failed}${opens || eta}`;
    const room = Math.min(BAR, width - text.length - 1);
    const first = room < LEAST_BAR ? text : `${bar(share, room)} ${text}`;
    return [first, ...progress.cores.map(coreLine)].map((line) => line.slice(0, width)).join("\n");
  }

  #measure(progress: DownloaderProgress, now: number): void {
    const files = progress.done + progress.failed;
    if (this.#last !== undefined && now > this.#last.at) {
      const seconds = (now - this.#last.at) / 1000;
      const mix = (old: number, fresh: number) => {
        const mixed = old === 0 ? fresh : old * (1 - NEWEST) + fresh * NEWEST;
        return mixed < STANDSTILL ? 0 : mixed;
      };
      this.#bytesPerSecond = mix(this.#bytesPerSecond, (progress.bytes - this.#last.bytes) / seconds);
      this.#filesPerSecond = mix(this.#filesPerSecond, (files - this.#last.files) / seconds);
    }
    this.#last = { at: now, bytes: progress.bytes, files };
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

function bar(share: number, width: number): string {
  const full = Math.max(0, Math.min(width, Math.round(share * width)));
  return "█".repeat(full) + "░".repeat(width - full);
}

function duration(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1000, { ignoreZero: true }) || "0s";
}
