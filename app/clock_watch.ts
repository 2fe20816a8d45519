import { type Clock, systemClock } from "../base/clock.ts";

const LOOK_MS = 1000;
/** A clock may be corrected by less, and nobody waits long for that. */
const STEP_MS = 5000;

/** Whom the watch tells, and what it compares. */
export interface ClockWatchPorts {
  /** The clock was set back by so many milliseconds. */
  back: (ms: number) => void;
  /** The clock that can be set. Default: the machine's. */
  clock?: Clock;
  /** The time in milliseconds, of a clock that is never set. Default: `performance.now()`. */
  steady?: () => number;
}

/** Notices that the machine's clock was set back, by a clock that nobody can set. */
export class ClockWatch implements Disposable {
  readonly #ports: ClockWatchPorts;
  readonly #timer: ReturnType<typeof setInterval>;
  /** How far the machine's clock was ahead of the other one at the last look. */
  #ahead: number;

  /** @param ports Whom to tell. */
  constructor(ports: ClockWatchPorts) {
    this.#ports = ports;
    this.#ahead = this.#look();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** Looks at both clocks. */
  look(): void {
    const ahead = this.#look();
    const back = this.#ahead - ahead;
    if (back > STEP_MS) this.#ports.back(Math.round(back));
    // Many small corrections are none that anybody waits for.
    this.#ahead = ahead;
  }

  #look(): number {
    const { clock = systemClock, steady = () => performance.now() } = this.#ports;
    return clock.now() - steady();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
