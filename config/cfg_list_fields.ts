/**
 * The options about which tasks of a list are meant.
 *
 * @module
 */
import { type CfgRows, CONTROLLING, DOWNLOADING } from "./cfg_field.ts";
import { duration, integer, SWITCH, textThat } from "./cfg_kinds.ts";

/** The options, in the order of the help. */
export const CFG_LIST_FIELDS = {
  all: {
    flag: "all",
    group: "what",
    kind: SWITCH,
    default: "false",
    help: "every task of the list; with retry, every one that failed",
    commands: CONTROLLING,
    cliOnly: "control()",
  },
  where: {
    flag: "where",
    group: "what",
    placeholder: "KEY=VALUE",
    kind: textThat("be KEY=VALUE"),
    repeatable: true,
    defaultNote: "all",
    help:
      "only tasks with this status, error (http-503, http-5xx, network…), host, out (photos/*) or url; may be repeated",
    commands: ["list", ...CONTROLLING],
    cliOnly: "control() or list() with a filter",
  },
  missing: {
    flag: "missing",
    group: "what",
    kind: SWITCH,
    default: "false",
    help: "only tasks that are done and whose file is not in the download folder any more",
    commands: ["list", "retry"],
    cliOnly: "findMissing()",
  },
  keepMs: {
    flag: "keep",
    group: "what",
    placeholder: "D",
    kind: duration(),
    defaultNote: "for ever",
    help: "forget what was done or canceled longer ago than this, such as 30d or 12h; gc must be told",
    commands: ["run", "gc"],
  },
  failed: {
    flag: "failed",
    group: "what",
    kind: SWITCH,
    default: "false",
    help: "forget tasks that failed, too",
    commands: ["gc"],
    cliOnly: "control() with a filter",
  },
  dryRun: {
    flag: "dry-run",
    group: "what",
    kind: SWITCH,
    default: "false",
    help: "only say how many tasks it would be",
    commands: ["gc"],
    cliOnly: "list() with a filter",
  },
  fix: {
    flag: "fix",
    group: "list",
    kind: SWITCH,
    default: "false",
    help: "close lists, claim logs and manifests that others can read to them (chmod 600)",
    commands: ["doctor"],
    cliOnly: "doctor({ fix: true })",
  },
  dropPart: {
    flag: "drop-part",
    group: "what",
    kind: SWITCH,
    default: "false",
    help: "remove the unfinished files (.part) of these tasks from the download folder, too",
    commands: ["cancel", "remove"],
    cliOnly: "control({ dropParts: true }) and PartsOfMoved",
  },
  yes: {
    flag: "yes",
    group: "what",
    kind: SWITCH,
    default: "false",
    help: "remove what clean would only list",
    commands: ["clean"],
    cliOnly: "cleanParts({ remove: true })",
  },
  limit: {
    flag: "limit",
    group: "what",
    placeholder: "N",
    kind: integer(1),
    defaultNote: "all",
    help: "show no more tasks than this",
    commands: ["list"],
    cliOnly: "list({ limit })",
  },
  saveFailed: {
    flag: "save-failed",
    group: "where",
    fromFolder: "below",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "none",
    help: "at the end write the tasks of the list that failed to this file, a task file again",
    commands: DOWNLOADING,
    cliOnly: "saveFailed()",
  },
} as const satisfies CfgRows;
