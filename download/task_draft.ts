import { parseDateTime } from "../base/date_time.ts";
import type { KeptField, NoField, TaskEntry } from "../queue/task_request.ts";
import type { TaskDraft } from "../queue/task_shared_list.ts";
import { formatChecksum, parseChecksum } from "./checksum.ts";
import { type NameTemplate, parseNameTemplate } from "./name_template.ts";
import { isInShard, type Shard } from "./shard.ts";
import { fallbackOut, outFromUrl, outProblem } from "./task_names.ts";

/** An entry says these in a form of its own, or says by them what a draft has in others; the rest passes as it is. */
type Treated = "out" | "checksum" | "notBefore" | "user" | "password";
type _NoFieldIsLost = NoField<Exclude<keyof TaskEntry, KeptField | Treated | "url" | "id" | "priority">>;

/** What a `FolderLister` may look into. */
const REMOTE_FOLDER = /^(?!https?:)[^?#]*[/*](?:[?#]|$)/i;

/** A draft, or the field that is wrong and why. */
export type DraftResult = { type: "draft"; draft: TaskDraft } | { type: "problem"; field: string; message: string };

/** What became of an entry; `elsewhere`: it is of another shard. */
export type EntryResult = DraftResult | { type: "elsewhere" };

/** What holds for all entries of a list, as plain data. */
export interface DraftRules {
  /** Checksums by file name, for entries without one of their own: looked up by `out`, then by the name of the url. */
  checksums?: ReadonlyMap<string, string>;
  /** Where files go whose entries do not say it; see {@linkcode parseNameTemplate}. Default: as the server calls them. */
  nameTemplate?: string;
  /** Files whose entries do not say it are not fetched before this time, in milliseconds since the epoch. Default: at once. */
  notBefore?: number;
  /** Only entries of one of so many parts are taken, by their urls; see {@linkcode isInShard}. Default: all. */
  shard?: Shard;
  /** Stands for the task file that the entries are from; see {@linkcode taskSource}. Default: none. */
  source?: string;
}

/** Where a draft goes if its `out`, which nobody asked for, belongs to another url: worked out when that is so. */
export function fallbackOfDraft({ out, url }: TaskDraft): string {
  return fallbackOut(out, url);
}

/**
 * Prepares to make drafts of many entries.
 *
 * @param rules What holds for all of them.
 * @returns What makes a draft of an entry; see {@linkcode taskDraft}.
 * @throws {RangeError} If the template is none.
 */
export function draftMaker(rules: DraftRules = {}): (entry: TaskEntry) => EntryResult {
  const { nameTemplate } = rules;
  const template = nameTemplate === undefined ? undefined : parseNameTemplate(nameTemplate);
  if (typeof template === "string") {
    throw new RangeError(`Cannot use --name-template as it ${template}: current value is "${nameTemplate}"`);
  }
  const { shard } = rules;
  if (shard === undefined) return (entry) => taskDraft(entry, rules, template);
  return (entry) => isInShard(entry.url, shard) ? taskDraft(entry, rules, template) : { type: "elsewhere" };
}

/**
 * Makes a draft of a checked entry: gives it a name if the user did not, refuses a name that leads elsewhere, and writes
 * its checksum in the one form `algorithm:digest`.
 *
 * @param entry The entry.
 * @param rules What holds for all entries. Default: nothing.
 * @param template Makes the path of a file whose entry has none. Default: the name that the url suggests.
 * @returns The draft, or what is wrong with it.
 */
export function taskDraft(
  entry: TaskEntry,
  { checksums, notBefore: later, source }: DraftRules = {},
  template?: NameTemplate,
): DraftResult {
  const { out: given, checksum: own, notBefore: time, user, password, ...rest } = entry;
  if (user !== undefined || password !== undefined) {
    const url = withAccount(rest.url, user, password);
    if (url.type === "problem") return url;
    rest.url = url.url;
  }
  // A folder of a server is called as the entry says; whatever else is in a folder has the name of its url there.
  const wanted = given !== undefined && REMOTE_FOLDER.test(rest.url) ? given.replace(/(?<=.)\/$/, "") : given;
  const inFolder = wanted?.endsWith("/") === true;
  const suggested = wanted === undefined || inFolder || checksums !== undefined ? outFromUrl(rest.url) : "";
  const out = inFolder ? wanted + suggested : wanted ?? template?.(rest.url, suggested) ?? suggested;
  const problem = wanted === undefined ? undefined : outProblem(out);
  if (problem !== undefined) {
    return { type: "problem", field: "out", message: `${problem}: current value is ${JSON.stringify(given)}` };
  }
  const written = own ?? checksums?.get(wanted === undefined ? suggested : out) ?? checksums?.get(suggested);
  const parsed = written === undefined ? undefined : parseChecksum(written);
  if (parsed?.type === "problem") return { type: "problem", field: "checksum", message: parsed.message };
  const notBefore = time === undefined ? later : parseDateTime(time);
  const draft = {
    ...rest,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(parsed === undefined ? {} : { checksum: formatChecksum(parsed.checksum) }),
    ...(source === undefined ? {} : { source }),
    out,
    ...(wanted === undefined || inFolder ? { fallbackOut: fallbackOfDraft } : {}),
    ...(wanted === undefined && template === undefined ? {} : { named: true }),
  };
  return { type: "draft", draft };
}

/** Puts the account of an entry into its url, where everything that is shown leaves it out. */
function withAccount(
  href: string,
  user: string | undefined,
  password: string | undefined,
): { type: "url"; url: string } | { type: "problem"; field: string; message: string } {
  if (user === undefined) return { type: "problem", field: "password", message: "must come with user" };
  const url = new URL(href);
  if (url.username !== "") {
    return { type: "problem", field: "user", message: "must not be there twice: the url has one" };
  }
  if (url.host === "") return { type: "problem", field: "user", message: "must be for a url with a host" };
  // Unlike the setters of URL, this leaves nothing as it is that means something to a url.
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password ?? "");
  return { type: "url", url: url.href };
}
