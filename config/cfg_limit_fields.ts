/**
 * The options about what downloads may cost, and what becomes of files.
 *
 * @module
 */
import { type CfgField, DOWNLOADING, integer, oneOf } from "./cfg_field.ts";
import { type Parsed, parseInteger, parseSize, parseSwitch } from "./cfg_parse.ts";

const MAX_RATE = 1_000_000;
const rate = (value: string): Parsed<number> => {
  const number = /^\d{1,7}(\.\d{1,3})?$/.test(value) ? Number(value) : NaN;
  return number <= MAX_RATE ? { value: number } : { must: `be a number from 0 to ${MAX_RATE}` };
};

const MAX_SEGMENTS = 16;
const segments = (value: string): Parsed<number | "auto"> => {
  if (value.trim() === "auto") return { value: "auto" };
  const parsed = parseInteger(value, 1, MAX_SEGMENTS);
  return "value" in parsed ? parsed : { must: `be auto or a whole number from 1 to ${MAX_SEGMENTS}` };
};

/** The options, in the order of the help. */
export const CFG_LIMIT_FIELDS: readonly CfgField[] = [
  {
    name: "perHost",
    flag: "per-host",
    placeholder: "N",
    parse: integer(0, 1000),
    default: "0",
    help: "connections to one host at a time, of all workers together; 0 is any number",
    commands: DOWNLOADING,
  },
  {
    name: "perHostRate",
    flag: "per-host-rate",
    placeholder: "R",
    parse: rate,
    default: "0",
    help: "requests to one host a second, of all workers together, such as 0.5; 0 is any number",
    commands: DOWNLOADING,
  },
  {
    name: "segments",
    flag: "segments",
    placeholder: "N",
    parse: segments,
    default: "1",
    help: "connections for one file at a time, up to 16; auto: 4 for files above 64 MiB",
    commands: DOWNLOADING,
  },
  {
    name: "limitRate",
    flag: "limit-rate",
    placeholder: "SIZE",
    parse: parseSize,
    default: "0",
    help: "bytes a second of all workers together, such as 500K or 2M; 0 is no limit",
    commands: DOWNLOADING,
  },
  {
    name: "minSpeed",
    flag: "min-speed",
    placeholder: "SIZE",
    parse: parseSize,
    default: "0",
    help: "bytes a second that a download must bring, on the average of a stall timeout; 0 is no limit",
    commands: DOWNLOADING,
  },
  {
    name: "maxSize",
    flag: "max-size",
    placeholder: "SIZE",
    parse: parseSize,
    defaultNote: "none",
    help: "refuse larger files, such as 500M or 2G",
    commands: DOWNLOADING,
  },
  {
    name: "overwrite",
    flag: "overwrite",
    placeholder: "WHEN",
    parse: oneOf("never", "changed", "always"),
    default: "never",
    help: "replace files that are there: never, changed (if the server has another one) or always",
    commands: DOWNLOADING,
  },
  {
    name: "refresh",
    flag: "refresh",
    parse: parseSwitch,
    default: "false",
    help: "ask again for what is done already, and replace it if the server has another version",
    commands: DOWNLOADING,
  },
  {
    name: "remoteTime",
    flag: "remote-time",
    parse: parseSwitch,
    default: "true",
    negatable: true,
    help: "leave files with the time of their download, not that of their Last-Modified",
    commands: DOWNLOADING,
  },
  {
    name: "minFree",
    flag: "min-free",
    placeholder: "SIZE",
    parse: parseSize,
    default: "0",
    help: "start nothing while the download folder has less free space, such as 1G; 0 is no floor",
    commands: DOWNLOADING,
  },
  {
    name: "fsync",
    flag: "fsync",
    parse: parseSwitch,
    default: "false",
    help: "bring each file and its folder to the disk before it counts as done",
    commands: DOWNLOADING,
  },
];
