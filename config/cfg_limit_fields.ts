/**
 * The options about what downloads may cost, and what becomes of files.
 *
 * @module
 */
import { type CfgRows, DOWNLOADING } from "./cfg_field.ts";
import { type CfgKind, duration, numberOf, oneOf, SIZE, SWITCH } from "./cfg_kinds.ts";
import { type Parsed, parseInteger } from "./cfg_parse.ts";

const MAX_RATE = 1_000_000;
const RATE_MUST = `be a number from 0 to ${MAX_RATE}, with up to three decimals`;
const rate = (value: string): Parsed<number> => {
  const number = /^\d{1,7}(\.\d{1,3})?$/.test(value) ? Number(value) : NaN;
  return number <= MAX_RATE ? { value: number } : { must: RATE_MUST };
};

const MAX_SEGMENTS = 16;
const SEGMENTS_MUST = `be auto or a whole number from 1 to ${MAX_SEGMENTS}`;
const SEGMENTS: CfgKind<number | "auto"> = {
  parse(text) {
    if (text.trim() === "auto") return { value: "auto" };
    const parsed = parseInteger(text, 1, MAX_SEGMENTS);
    return "value" in parsed ? parsed : { must: SEGMENTS_MUST };
  },
  write: (given) => given === "auto" || typeof given === "number" ? [String(given)] : undefined,
  must: SEGMENTS_MUST,
  option: (setting) => setting,
};

const MAX_PER_HOST = 1000;
const PER_HOST_MUST = `be auto or a whole number from 0 to ${MAX_PER_HOST}`;
const PER_HOST: CfgKind<number | "auto"> = {
  parse(text) {
    if (text.trim() === "auto") return { value: "auto" };
    const parsed = parseInteger(text, 0, MAX_PER_HOST);
    return "value" in parsed ? parsed : { must: PER_HOST_MUST };
  },
  write: (given) => given === "auto" || typeof given === "number" ? [String(given)] : undefined,
  must: PER_HOST_MUST,
  option: (setting) => setting,
};

/** The options, in the order of the help. */
export const CFG_LIMIT_FIELDS = {
  perHost: {
    flag: "per-host",
    group: "speed",
    common: true,
    placeholder: "N",
    kind: PER_HOST,
    default: "auto",
    help: "connections to one host, of all workers; auto: as its answers allow; 0: any number",
    commands: DOWNLOADING,
  },
  perHostRate: {
    flag: "per-host-rate",
    group: "speed",
    placeholder: "R",
    kind: numberOf(rate, RATE_MUST),
    default: "0",
    help: "requests to one host a second, of all workers together, redirects included, such as 0.5; 0 is any number",
    commands: DOWNLOADING,
  },
  segments: {
    flag: "segments",
    group: "speed",
    common: true,
    placeholder: "N",
    kind: SEGMENTS,
    default: "1",
    help: "connections for one file at a time, up to 16; auto: 4 for files above 64 MiB",
    commands: DOWNLOADING,
  },
  limitRate: {
    flag: "limit-rate",
    group: "speed",
    common: true,
    placeholder: "SIZE",
    kind: SIZE,
    default: "0",
    help: "bytes a second of all workers together, such as 500K or 2M; 0 is no limit",
    commands: DOWNLOADING,
  },
  minSpeed: {
    flag: "min-speed",
    group: "speed",
    placeholder: "SIZE",
    kind: SIZE,
    default: "0",
    help: "bytes a second that a download must bring, on the average of a stall timeout; 0 is no limit",
    commands: DOWNLOADING,
  },
  maxSize: {
    flag: "max-size",
    group: "what",
    placeholder: "SIZE",
    kind: SIZE,
    defaultNote: "none",
    help: "refuse larger files, such as 500M or 2G",
    commands: DOWNLOADING,
  },
  overwrite: {
    flag: "overwrite",
    group: "where",
    common: true,
    placeholder: "WHEN",
    kind: oneOf("never", "changed", "always"),
    default: "never",
    help: "replace files that are there: never, changed (if the server has another one) or always",
    commands: DOWNLOADING,
  },
  refresh: {
    flag: "refresh",
    group: "where",
    kind: SWITCH,
    default: "false",
    help: "ask again for what is done already, and replace it if the server has another version",
    commands: DOWNLOADING,
  },
  remoteTime: {
    flag: "remote-time",
    group: "where",
    kind: SWITCH,
    default: "true",
    negatable: true,
    help: "leave files with the time of their download, not that of their Last-Modified",
    commands: DOWNLOADING,
  },
  minFree: {
    flag: "min-free",
    group: "where",
    placeholder: "SIZE",
    kind: SIZE,
    default: "0",
    help: "start nothing while the download folder has less free space, such as 1G; 0 is no floor",
    commands: DOWNLOADING,
  },
  diskWaitMs: {
    flag: "disk-wait",
    group: "when",
    placeholder: "D",
    kind: duration(),
    default: "10m",
    help:
      "end get and run --once with 1 when there was no space, or no permission to write, for so long; 0: never; a run that watches waits",
    commands: DOWNLOADING,
  },
  fsync: {
    flag: "fsync",
    group: "where",
    kind: SWITCH,
    default: "false",
    help: "bring each file and its folder to the disk before it counts as done",
    commands: DOWNLOADING,
  },
} as const satisfies CfgRows;
