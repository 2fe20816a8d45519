import type { CfgSettings } from "../config/cfg_settings.ts";
import type { Downloader, Logger, RunSummary } from "../mod.ts";
import type { EventPrinter } from "./print_events.ts";
import { ignoresHangup } from "./hangup.ts";
import { isReexecChild } from "./reexec.ts";
import { flushStandard } from "./standard_streams.ts";
import { Screen, summaryText } from "./screen.ts";
import { tell } from "./print.ts";
import type { Terminal } from "./terminal.ts";

const REDRAW_MS = 200;
/** How long the end of a process waits for those who read what it says. */
const LAST_WORDS_MS = 500;
/** A key pressed in a terminal reaches both processes of a re-executed command, and the parent forwards it too. */
const SAME_SIGNAL_MS = 150;
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** How a run ended. */
export interface RunEnd {
  summary: RunSummary;
  /** The exit code of the signal that stopped it, if one did. */
  signalCode?: number;
}

/**
 * Runs a downloader with screen, events and signals: the first SIGINT, SIGTERM or SIGHUP drains, the second ends at once.
 *
 * @param downloader What to run.
 * @param settings How to show it.
 * @param terminal Where to show it.
 * @param logger Where to say that a signal was taken.
 * @param once End when all is settled.
 * @param printing Prints the events, if something does.
 * @returns How it ended.
 */
export async function runDownloader(
  downloader: Downloader,
  settings: CfgSettings,
  terminal: Terminal,
  logger: Logger,
  once: boolean,
  printing: EventPrinter | undefined,
): Promise<RunEnd> {
  let signalCode: number | undefined;
  let signalAt = -Infinity;
  const stop = new AbortController();
  const heard = Object.entries(SIGNALS).filter(([name]) => name !== "SIGHUP" || !ignoresHangup());
  const listeners = heard.map(([name, code]) => {
    const listener = () => {
      if (isReexecChild() && performance.now() - signalAt < SAME_SIGNAL_MS) return;
      signalAt = performance.now();
      if (signalCode !== undefined) {
        terminal.done();
        void flushStandard(LAST_WORDS_MS).then(() => Deno.exit(code));
        return;
      }
      signalCode = code;
      const told = `stopping: what runs gets ${settings.graceMs / 1000} s; once more ends at once`;
      logger.info(told);
      // Whoever waits at the terminal does not see the file.
      if (settings.logFile !== undefined && !settings.quiet && Deno.stderr.isTerminal()) terminal.line(told);
      stop.abort();
    };
    Deno.addSignalListener(name as Deno.Signal, listener);
    return () => Deno.removeSignalListener(name as Deno.Signal, listener);
  });
  const drawing = terminal.live ? drawScreen(downloader, terminal) : undefined;
  try {
    const summary = await downloader.run({ once, signal: stop.signal });
    await drawing?.stop();
    await printing?.stop();
    if (settings.json) tell(JSON.stringify({ type: "summary", ...summary }), logger);
    else if (settings.progress !== "none") tell(summaryText(summary), logger);
    return { summary, ...(signalCode === undefined ? {} : { signalCode }) };
  } finally {
    await drawing?.stop();
    await printing?.stop();
    for (const remove of listeners) remove();
  }
}

function drawScreen(downloader: Downloader, terminal: Terminal): { stop: () => Promise<void> } {
  const screen = new Screen();
  const draw = async () => {
    terminal.draw(screen.render(downloader.progress(), await downloader.counts(), performance.now(), terminal.width));
  };
  let drawing = Promise.resolve();
  let over = false;
  const timer = setInterval(() => drawing = drawing.then(() => over ? undefined : draw()).catch(() => {}), REDRAW_MS);
  return {
    stop: async () => {
      if (over) return;
      clearInterval(timer);
      await drawing;
      over = true;
      // The last picture is not left out for an earlier one that is still on its way.
      await flushStandard(LAST_WORDS_MS);
      // A list that fails here has failed before, and that is what the user is told.
      await draw().catch(() => {});
      terminal.done();
    },
  };
}
