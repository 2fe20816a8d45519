import { configure, dispose, getJsonLinesFormatter, getLogger, getTextFormatter, type Sink } from "@logtape/logtape";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { CfgError, type Logger } from "../mod.ts";
import { LogFile } from "./log_file.ts";
import type { Terminal } from "./terminal.ts";
import { visibleText } from "./visible_text.ts";

/** A logger that writes as the settings say. */
export interface LogSetup extends AsyncDisposable {
  logger: Logger;
}

/**
 * Sets up a log in a file, or one of JSON Lines.
 *
 * @param settings Level, file and form.
 * @param terminal Where lines go without a file.
 * @returns The logger; dispose of it, so that the last lines are written.
 * @throws {CfgError} If the file cannot be written.
 */
export async function setUpLibraryLog(settings: CfgSettings, terminal: Terminal): Promise<LogSetup> {
  const { logFile, logFormat, logLevel } = settings;
  const json = getJsonLinesFormatter();
  const file = logFile === undefined ? undefined : await openLogFile(logFile);
  const formatter = logFormat === "json" ? json : getTextFormatter({ timestamp: "rfc3339", category: () => "" });
  const sink: Sink = file === undefined
    ? (record) => terminal.line(json(record).trimEnd())
    : (record) => file.write(formatter(record));
  await configure({
    reset: true,
    sinks: { main: sink },
    loggers: [
      { category: "corehaul", lowestLevel: logLevel, sinks: ["main"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["main"] },
    ],
  });
  const logger = getLogger("corehaul");
  // JSON escapes what a terminal must not get.
  const text = logFormat === "json" ? literal : (message: string) => literal(visibleText(message));
  return {
    logger: {
      debug: (message) => logger.debug(text(message)),
      info: (message) => logger.info(text(message)),
      warn: (message) => logger.warn(text(message)),
      error: (message) => logger.error(text(message)),
    },
    async [Symbol.asyncDispose]() {
      await dispose();
      file?.[Symbol.dispose]();
    },
  };
}

async function openLogFile(file: string): Promise<LogFile> {
  try {
    return await LogFile.open(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message =
      `Cannot use --log-file as it must be a file that can be written: current value is "${file}" (${why})`;
    throw new CfgError([{ field: "logFile", source: "flag", message }]);
  }
}

/** Braces in a file name are no placeholders. */
function literal(message: string): string {
  return message.replaceAll("{", "{{").replaceAll("}", "}}");
}
