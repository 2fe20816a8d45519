import type { CfgSettings } from "../config/cfg_settings.ts";
import type { Logger } from "../mod.ts";
import type { LogSetup } from "./library_log.ts";
import type { Terminal } from "./terminal.ts";
import { visibleText } from "./visible_text.ts";

const MARKS = {
  en: { debug: "debug: ", info: "", warn: "warning: ", error: "error: " },
  zh: { debug: "调试：", info: "", warn: "警告：", error: "错误：" },
};
/** Dim, yellow and red. */
const COLORS = { debug: "\u001b[2m", warn: "\u001b[33m", error: "\u001b[31m" };
const NO_COLOR = "\u001b[0m";
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
  const setup = await setUp(settings, terminal);
  if (settings.lang === "en") return setup;
  const { inChinese } = await import("./chinese.ts");
  const { logger } = setup;
  return {
    logger: {
      debug: (message) => logger.debug(inChinese(message)),
      info: (message) => logger.info(inChinese(message)),
      warn: (message) => logger.warn(inChinese(message)),
      error: (message) => logger.error(inChinese(message)),
    },
    [Symbol.asyncDispose]: () => setup[Symbol.asyncDispose](),
  };
}

async function setUp(settings: CfgSettings, terminal: Terminal): Promise<LogSetup> {
  if (settings.logFile === undefined && settings.logFormat === "text") {
    return { logger: terminalLogger(settings, terminal), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { setUpLibraryLog } = await import("./library_log.ts");
  return await setUpLibraryLog(settings, terminal);
}

function terminalLogger(
  { logLevel: lowest, lang }: Pick<CfgSettings, "logLevel" | "lang">,
  terminal: Terminal,
): Logger {
  const logs = (level: typeof LEVELS[number]) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(lowest === "warning" ? "warn" : lowest)) return () => {};
    const plain = MARKS[lang][level];
    const mark = terminal.colors && level !== "info" ? `${COLORS[level]}${plain}${NO_COLOR}` : plain;
    return (message: string) => terminal.line(mark + visibleText(message));
  };
  return { debug: logs("debug"), info: logs("info"), warn: logs("warn"), error: logs("error") };
}
