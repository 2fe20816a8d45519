/**
 * The options about which tasks of a list are meant.
 *
 * @module
 */
import { type CfgField, CONTROLLING, textThat } from "./cfg_field.ts";
import { parseSwitch } from "./cfg_parse.ts";

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
    help: "only tasks with this status, error (http-503, http-5xx, network…), host or out (photos/*); may be repeated",
    commands: CONTROLLING,
  },
];
