import { type Clock, systemClock } from "../base/clock.ts";
import { isWithin, nextWithin, type TimeWindow } from "../base/time_window.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import type { StartHold } from "./start_hold.ts";

/** Often enough for clocks that are set and machines that sleep. */
const EVERY_MS = 250;

/** When downloads may run, and who has to know. */
export interface SchedulePorts {
  /** Nothing starts before, in milliseconds since the epoch. */
  startAt: number;
  /** The hours of the day; none: all. */
  windows: readonly TimeWindow[];
  /** How long running downloads may go on after a window has closed, in milliseconds. */
  graceMs: number;
  /** Keeps the workers from starting anything. */
  hold: StartHold;
  /** Ends what still runs; it is asked again as long as a window is closed. */
  interrupt: () => void;
  /** Told when it closes and when it opens. */
  news: (news: DownloaderNews) => void;
  /** The clock. Default: the machine's. */
  clock?: Clock;
}

/** Opens and closes a run by the clock. */
export class ScheduleWatch implements Disposable {
  readonly #ports: SchedulePorts;
  readonly #clock: Clock;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #opensAt: number | undefined;
  #graceUntil = 0;

  constructor(ports: SchedulePorts) {
    this.#ports = ports;
    this.#clock = ports.clock ?? systemClock;
    if (ports.windows.length === 0 && ports.startAt <= this.#clock.now()) return;
    this.look();
    this.#timer = setInterval(() => this.look(), EVERY_MS);
  }

  /** When it opens, in milliseconds since the epoch; absent while it is open. */
  get opensAt(): number | undefined {
    return this.#opensAt;
  }

  /** Looks at the clock. */
  look(): void {
    const { startAt, windows, graceMs, hold, interrupt, news } = this.#ports;
    const now = this.#clock.now();
    const open = now >= startAt && isWithin(windows, now);
    if (open && this.#opensAt !== undefined) {
      this.#opensAt = undefined;
      hold.set("schedule", false);
      news({ type: "window_opened" });
    } else if (!open && this.#opensAt === undefined) {
      this.#opensAt = nextWithin(windows, Math.max(now, startAt));
      this.#graceUntil = now + graceMs;
      hold.set("schedule", true);
      news({ type: "window_closed", opensAt: this.#opensAt });
    }
    if (!open && now >= this.#graceUntil) interrupt();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
