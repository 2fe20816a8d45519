import type { Logger, VerifyProgress } from "../mod.ts";
import { ProgressLine } from "./progress_line.ts";
import type { Terminal } from "./terminal.ts";

const REDRAW_MS = 200;
/** How often a line says it where nothing is drawn. */
const LINE_MS = 10_000;

/** Shows how far the files of a manifest were looked at: as a line that is drawn again, or now and then as a line of the log. */
export class VerifyDisplay {
  readonly #terminal: Pick<Terminal, "live" | "room" | "draw">;
  readonly #logger: Pick<Logger, "info">;
  readonly #now: () => number;
  readonly #line = new ProgressLine();
  readonly #everyMs: number;
  #shownAt: number;

  /**
   * @param terminal Draws the line, if it does.
   * @param logger Told where it does not.
   * @param now The time in milliseconds. Default: `performance.now`.
   */
  constructor(
    terminal: Pick<Terminal, "live" | "room" | "draw">,
    logger: Pick<Logger, "info">,
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal;
    this.#logger = logger;
    this.#now = now;
    this.#everyMs = terminal.live ? REDRAW_MS : LINE_MS;
    this.#shownAt = now();
  }

  /** Shows it, if that is due. */
  note(progress: VerifyProgress, wrong: number): void {
    const now = this.#now();
    if (now - this.#shownAt >= this.#everyMs) this.#show(progress, wrong, now);
  }

  /** Shows the last of it, where something is drawn. */
  end(progress: VerifyProgress, wrong: number): void {
    if (this.#terminal.live) this.#show(progress, wrong, this.#now());
  }

  #show({ files, of, bytes }: VerifyProgress, wrong: number, now: number): void {
    this.#shownAt = now;
    if (!this.#terminal.live) {
      this.#logger.info(`${files} of ${of} files verified, ${wrong} wrong`);
      return;
    }
    const shown = { settled: files, of, open: of - files, files, bytes, notes: wrong > 0 ? [`${wrong} wrong`] : [] };
    this.#terminal.draw(this.#line.render(shown, now, this.#terminal.room.columns));
  }
}
