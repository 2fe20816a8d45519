/**
 * The options about when downloads may run.
 *
 * @module
 */
import { parseStartTime } from "../base/date_time.ts";
import { parseTimeWindow } from "../base/time_window.ts";
import { type CfgRows, DOWNLOADING } from "./cfg_field.ts";
import { type CfgKind, textOf } from "./cfg_kinds.ts";
import type { Parsed } from "./cfg_parse.ts";

const START_TIME: CfgKind<string, Date | string> = {
  parse(text) {
    const at = parseStartTime(text.trim(), Date.now());
    return at === undefined
      ? { must: "be a time such as 2026-12-24T22:00:00Z, 2026-12-24T22:00 (local), 22:00 or +2h" }
      : { value: new Date(at).toISOString() };
  },
  write(given) {
    if (typeof given === "string") return [given];
    return given instanceof Date && !Number.isNaN(given.getTime()) ? [given.toISOString()] : undefined;
  },
  must: "be a time: a valid Date, or text such as 2026-12-24T22:00:00Z, 22:00 or +2h",
  option: (setting) => setting,
};

const timeWindow = (text: string): Parsed<string> =>
  parseTimeWindow(text) === undefined
    ? { must: "be two different times of the day such as 22:00-06:00" }
    : { value: text.trim() };

/** The options, in the order of the help. */
export const CFG_SCHEDULE_FIELDS = {
  startAt: {
    flag: "start-at",
    group: "when",
    placeholder: "TIME",
    kind: START_TIME,
    defaultNote: "now",
    help: "start nothing before this time, such as 22:00, 2026-12-24T22:00 or +2h; with add, none of these tasks",
    commands: ["run", "get", "add"],
  },
  window: {
    flag: "window",
    group: "when",
    placeholder: "FROM-TO",
    kind: textOf(timeWindow),
    repeatable: true,
    defaultNote: "always",
    help: "download only within these hours of the day, such as 22:00-06:00 (local time); may be given several times",
    commands: DOWNLOADING,
  },
} as const satisfies CfgRows;
