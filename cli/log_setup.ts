import type { CfgSettings } from "../config/cfg_settings.ts";
import type { Logger } from "../mod.ts";
import type { LogSetup } from "./library_log.ts";
import type { Terminal } from "./terminal.ts";
import { visibleText } from "./visible_text.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/**
 * Sets the log up: to the terminal, or to a rotating file, as text or as JSON Lines. A line of text on the terminal is only
 * its message; everything else is the business of a library, which is loaded only then.
 *
 * @param settings Level, file and form.
 * @param terminal Where lines go without a file.
 * @returns The logger; dispose of it, so that the last lines are written.
 */
export async function setUpLog(settings: CfgSettings, terminal: Terminal): Promise<LogSetup> {
  if (settings.logFile === undefined && settings.logFormat === "text") {
    return { logger: terminalLogger(settings.logLevel, terminal), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { setUpLibraryLog } = await import("./library_log.ts");
  return await setUpLibraryLog(settings, terminal);
}

function terminalLogger(lowest: CfgSettings["logLevel"], terminal: Terminal): Logger {
  const logs = (level: typeof LEVELS[number]) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(lowest === "warning" ? "warn" : lowest)) return () => {};
    const mark = level === "info" ? "" : `${level === "warn" ? "warning" : level}: `;
    return (message: string) => terminal.line(mark + visibleText(message));
  };
  return { debug: logs("debug"), info: logs("info"), warn: logs("warn"), error: logs("error") };
}
