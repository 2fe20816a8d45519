import { format as formatBytes } from "@std/fmt/bytes";
import { format as formatDuration } from "@std/fmt/duration";

const BAR = 30;
/** What a bar must have to say more than its percentage does. */
const LEAST_BAR = 5;
/** How much the newest look weighs in the speed. */
const NEWEST = 0.3;
/** Fewer files a second say nothing about when the rest will come. */
const STANDSTILL = 0.01;

/** What a {@linkcode ProgressLine} shows. */
export interface ShownProgress {
  /** How many files are settled. */
  settled: number;
  /** How many there are. */
  of: number;
  /** How many are still to come. */
  open: number;
  /** How many were done here: what the speed is measured by. */
  files: number;
  /** How many bytes came here. */
  bytes: number;
  /** What else there is to say. */
  notes: readonly string[];
  /** When it begins, in milliseconds since the epoch; absent: it has. */
  opensAt?: number;
}

/** One line that tells how far some work on files has come, how fast it is, and when it will end. */
export class ProgressLine {
  #last: { at: number; bytes: number; files: number } | undefined;
  #bytesPerSecond = 0;
  #filesPerSecond = 0;

  /**
   * Makes the line to show.
   *
   * @param progress What was done.
   * @param now In milliseconds.
   * @param width What it may take. Default: any number of columns.
   */
  render(progress: ShownProgress, now: number, width: number = Infinity): string {
    this.#measure(progress, now);
    const { settled, of, bytes, notes } = progress;
    const share = of === 0 ? 0 : settled / of;
    const text = [
      `${(share * 100).toFixed(0)}%`,
      `${settled}/${of} files`,
      `${formatBytes(bytes, { binary: true })}`,
      `${formatBytes(Math.round(this.#bytesPerSecond), { binary: true })}/s`,
      `${this.#filesPerSecond.toFixed(0)} files/s`,
      ...notes,
      ...this.#end(progress),
    ].join("  ");
    const room = Math.min(BAR, width - text.length - 1);
    return (room < LEAST_BAR ? text : `${bar(share, room)} ${text}`).slice(0, width);
  }

  #end({ open, opensAt }: ShownProgress): string[] {
    if (opensAt !== undefined) return [`starts at ${new Date(opensAt).toLocaleString("sv")}`];
    if (open === 0) return [];
    return [this.#filesPerSecond > STANDSTILL ? `ETA ${duration(open / this.#filesPerSecond * 1000)}` : "ETA …"];
  }

  #measure({ bytes, files }: ShownProgress, now: number): void {
    if (this.#last !== undefined && now > this.#last.at) {
      const seconds = (now - this.#last.at) / 1000;
      const mix = (old: number, fresh: number) => {
        const mixed = old === 0 ? fresh : old * (1 - NEWEST) + fresh * NEWEST;
        return mixed < STANDSTILL ? 0 : mixed;
      };
      this.#bytesPerSecond = mix(this.#bytesPerSecond, (bytes - this.#last.bytes) / seconds);
      this.#filesPerSecond = mix(this.#filesPerSecond, (files - this.#last.files) / seconds);
    }
    this.#last = { at: now, bytes, files };
  }
}

/** A bar of so many characters. */
export function bar(share: number, width: number): string {
  const full = Math.max(0, Math.min(width, Math.round(share * width)));
  return "█".repeat(full) + "░".repeat(width - full);
}

function duration(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1000, { ignoreZero: true }) || "0s";
}
