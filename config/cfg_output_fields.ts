/**
 * The options about what is said, where, and in which form.
 *
 * @module
 */
import { ALL, type CfgRows, DOWNLOADING } from "./cfg_field.ts";
import { duration, oneOf, SWITCH, textThat } from "./cfg_kinds.ts";

/** The options, in the order of the help. */
export const CFG_OUTPUT_FIELDS = {
  quiet: {
    flag: "quiet",
    group: "output",
    common: true,
    short: "q",
    kind: SWITCH,
    default: "false",
    implies: { "log-level": "error", progress: "none", verbose: "false" },
    help: "nothing but errors, and what a command is asked for: --log-level error, --progress none, no summary",
    commands: ALL,
    cliOnly: "logger",
  },
  verbose: {
    flag: "verbose",
    group: "output",
    common: true,
    short: "v",
    kind: SWITCH,
    default: "false",
    implies: { "log-level": "debug", quiet: "false" },
    help: "log everything: --log-level debug",
    commands: ALL,
    cliOnly: "logger",
  },
  progress: {
    flag: "progress",
    group: "output",
    placeholder: "MODE",
    kind: oneOf("auto", "bar", "plain", "none"),
    default: "auto",
    help: "auto, bar, plain or none; auto is bar on a terminal that can draw (not TERM=dumb), else plain",
    commands: [...DOWNLOADING, "manifest"],
    cliOnly: "progress()",
  },
  progressIntervalMs: {
    flag: "progress-interval",
    group: "output",
    placeholder: "D",
    kind: duration(100),
    default: "30",
    help: "how often to tell how far it is: by a line where nothing is drawn, and by an event",
    commands: DOWNLOADING,
  },
  json: {
    flag: "json",
    group: "output",
    common: true,
    kind: SWITCH,
    default: "false",
    help: "events and answers as JSON on standard output, one a line",
    commands: ALL,
    cliOnly: "events()",
  },
  logLevel: {
    flag: "log-level",
    group: "output",
    placeholder: "LEVEL",
    kind: oneOf("debug", "info", "warning", "error"),
    default: "info",
    help: "debug, info, warning or error",
    commands: ALL,
    cliOnly: "logger",
  },
  logFile: {
    flag: "log-file",
    group: "output",
    fromFolder: "below",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "standard error",
    help: "log to this file, each line at once; a regular file is rotated at 10 MiB, 5 kept",
    commands: ALL,
    cliOnly: "logger",
  },
  logFormat: {
    flag: "log-format",
    group: "output",
    placeholder: "FORM",
    kind: oneOf("text", "json"),
    default: "text",
    help: "text or json",
    commands: ALL,
    cliOnly: "logger",
  },
  lang: {
    flag: "lang",
    group: "output",
    placeholder: "LANG",
    kind: oneOf("en", "zh"),
    defaultFrom: localeLang,
    defaultNote: "from the locale",
    help: "en or zh: the language of screen, summary, lines and errors",
    commands: ALL,
  },
} as const satisfies CfgRows;

/** Chinese if the locale is, English otherwise. */
function localeLang(env: Readonly<Record<string, string | undefined>>): string {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}
