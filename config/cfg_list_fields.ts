/**
 * The options about which tasks of a list are meant.
 *
 * @module
 */
import { type CfgField, CONTROLLING, DOWNLOADING, integer, textThat } from "./cfg_field.ts";
import { parseDuration, parseSwitch } from "./cfg_parse.ts";

/** The options, in the order of the help. */
export const CFG_LIST_FIELDS: readonly CfgField[] = [
  {
    name: "all",
    flag: "all",
    parse: parseSwitch,
    default: "false",
    help: "every task of the list; with retry, every one that failed",
    commands: CONTROLLING,
  },
  {
    name: "where",
    flag: "where",
    placeholder: "KEY=VALUE",
    parse: textThat("be KEY=VALUE"),
    repeatable: true,
    defaultNote: "all",
    help:
      "only tasks with this status, error (http-503, http-5xx, network…), host, out (photos/*) or url; may be repeated",
    commands: ["list", ...CONTROLLING],
  },
  {
    name: "missing",
    flag: "missing",
    parse: parseSwitch,
    default: "false",
    help: "only tasks that are done and whose file is not in the download folder any more",
    commands: ["list", "retry"],
  },
  {
    name: "keepMs",
    flag: "keep",
    placeholder: "D",
    parse: parseDuration,
    defaultNote: "for ever",
    help: "forget what was done or canceled longer ago than this, such as 30d or 12h; gc must be told",
    commands: ["run", "gc"],
  },
  {
    name: "failed",
    flag: "failed",
    parse: parseSwitch,
    default: "false",
    help: "forget tasks that failed, too",
    commands: ["gc"],
  },
  {
    name: "dryRun",
    flag: "dry-run",
    parse: parseSwitch,
    default: "false",
    help: "only say how many tasks it would be",
    commands: ["gc"],
  },
  {
    name: "limit",
    flag: "limit",
    placeholder: "N",
    parse: integer(1),
    defaultNote: "all",
    help: "show no more tasks than this",
    commands: ["list"],
  },
  {
    name: "saveFailed",
    flag: "save-failed",
    placeholder: "FILE",
    parse: textThat("name a file"),
    defaultNote: "none",
    help: "at the end write the tasks of the list that failed to this file, a task file again",
    commands: DOWNLOADING,
  },
];
