import type { CfgSettings } from "../config/cfg_settings.ts";
import type { Downloader, Logger, RunSummary } from "../mod.ts";
import type { EventPrinter } from "./print_events.ts";
import { ignoresHangup } from "./hangup.ts";
import { isReexecChild } from "./reexec.ts";
import { flushStandard } from "./standard_streams.ts";
import { inLang } from "./in_lang.ts";
import { summaryText } from "./summary_text.ts";
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
      if (settings.logFile !== undefined && !settings.quiet && Deno.stderr.isTerminal()) {
        void inLang(told, settings.lang).then((text) => terminal.line(text));
      }
      stop.abort();
    };
    Deno.addSignalListener(name as Deno.Signal, listener);
    return () => Deno.removeSignalListener(name as Deno.Signal, listener);
  });
  const drawing = terminal.live
    ? await drawScreen(downloader, terminal, settings.lang)
    : settings.progress === "none"
    ? undefined
    : tellProgress(downloader, settings, logger);
  try {
    const summary = await downloader.run({ once, signal: stop.signal });
    await drawing?.stop();
    await printing?.stop();
    if (settings.json) tell(JSON.stringify({ type: "summary", ...summary }), logger);
    else if (settings.progress !== "none") tell(summaryText(summary, settings.lang), logger);
    return { summary, ...(signalCode === undefined ? {} : { signalCode }) };
  } finally {
    await drawing?.stop();
    await printing?.stop();
    for (const remove of listeners) remove();
  }
}

/** What shows how far a run is. */
interface Showing {
  /** Shows it a last time, if that says something, and no more. */
  stop: () => Promise<void>;
}

/** Draws the screen, and at once when the terminal has another size. What draws takes longest to load: only then. */
async function drawScreen(downloader: Downloader, terminal: Terminal, lang: CfgSettings["lang"]): Promise<Showing> {
  const { Screen } = await import("./screen.ts");
  const screen = new Screen({ lang, colors: terminal.colors });
  const draw = async () => {
    const list = await downloader.listProgress();
    // The size of now, not that of when the list was asked.
    terminal.draw(screen.render(list, downloader.progress(), terminal.room));
  };
  let drawing = Promise.resolve();
  let over = false;
  let behind = false;
  const drawSoon = () => {
    if (behind) return;
    behind = true;
    drawing = drawing.then(() => {
      behind = false;
      return over ? undefined : draw();
    }).catch(() => {});
  };
  const timer = setInterval(drawSoon, REDRAW_MS);
  const resizes = Deno.build.os !== "windows";
  if (resizes) Deno.addSignalListener("SIGWINCH", drawSoon);
  return {
    stop: async () => {
      if (over) return;
      clearInterval(timer);
      if (resizes) Deno.removeSignalListener("SIGWINCH", drawSoon);
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

/** Logs a line now and then, where nothing is drawn. */
function tellProgress(
  downloader: Downloader,
  { progressIntervalMs, lang }: Pick<CfgSettings, "progressIntervalMs" | "lang">,
  logger: Logger,
): Showing {
  let telling = Promise.resolve();
  let over = false;
  const told = async () => {
    const list = await downloader.listProgress();
    const { progressLine } = await import("./progress_words.ts");
    if (!over) logger.info(progressLine(list, lang, downloader.progress().opensAt));
  };
  // A list that fails here fails elsewhere too, and there it is told.
  const timer = setInterval(() => telling = telling.then(told).catch(() => {}), progressIntervalMs);
  return {
    stop: async () => {
      over = true;
      clearInterval(timer);
      await telling;
    },
  };
}
