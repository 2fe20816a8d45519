/**
 * Decides about a file that is there before the first byte: whether it is done as it is, may be replaced, and by which
 * condition the server is asked for another one.
 *
 * @module
 */
import { redactUrl } from "../base/redact_url.ts";
import { digestFile } from "./body_digest.ts";
import { parseChecksum } from "./checksum.ts";
import { DownloadError } from "./download_error.ts";
import { type TaskDoneFacts, taskHost } from "../queue/task_model.ts";
import type { DownloadContext, DownloadTask } from "./download_context.ts";
import type { DriverRequest, DriverResponse } from "./download_driver.ts";
import { type FileForm, isFormFor } from "./file_form.ts";
import { fileMark, type Replaceable } from "./file_mark.ts";
import { parseHttpDate } from "./http_date.ts";
import { diskError } from "./disk_error.ts";
import { FileExistsError } from "./file_exists_error.ts";
import type { StoredFile } from "./manifest.ts";
import { isStrongEtag } from "./part_state.ts";
import type { Watched } from "./watchdog.ts";

/** What becomes of a file that is there. */
export type OldFile =
  /** It is the file, and nobody needs to be asked. */
  | { type: "done"; facts: TaskDoneFacts }
  /** The server is asked. */
  | {
    type: "ask";
    /** What a new one may take the place of; if nothing, only the answer that nothing has changed is of use. */
    replace: Replaceable;
    /** What is known of it, if the answer may be that nothing has changed. */
    facts?: TaskDoneFacts;
    /** Which version it is, if that was noted when it was stored. */
    condition?: DriverRequest["condition"];
    /** True if a Content-Encoding was taken off it: then no length of an answer is that of the file. */
    decoded?: boolean;
    /** When it was changed last, in milliseconds since the epoch, if nothing was noted: only that and its size tell its version. */
    modifiedAt?: number;
  };

/** The file that is there is still what the server has. */
export class UnchangedError extends Error {
  override name = "UnchangedError";
  /** What is known of it. */
  readonly facts: TaskDoneFacts;

  /**
   * @param message What the server said.
   * @param facts What is known of it.
   */
  constructor(message: string, facts: TaskDoneFacts) {
    super(message);
    this.facts = facts;
  }
}

/**
 * Looks at it.
 *
 * @param path Where it is.
 * @param task The task that has this path.
 * @param source The url that would be asked.
 * @param context Says whether files may be replaced, and whether what is done is asked for again.
 * @param watched The attempt: reading the file is no stall, and an abort ends it.
 * @throws {FileExistsError} If it must stay and is not known to be the file.
 * @throws {DownloadError} If it must stay and has not the size or the checksum that the task names.
 */
export async function lookAtOldFile(
  path: string,
  task: DownloadTask,
  source: string,
  { overwrite, refresh, manifest, contentEncoding }: Pick<
    DownloadContext,
    "overwrite" | "refresh" | "manifest" | "contentEncoding"
  >,
  watched: Pick<Watched, "signal" | "rest">,
): Promise<OldFile> {
  const info = await look(path);
  if (!info.isFile) throw new FileExistsError(path);
  if (overwrite === "always" && task.replayed !== true) return { type: "ask", replace: true };
  const found = await manifest.find(redactUrl(task.url), task.out, info.size, info.ino ?? 0);
  const { form, ours } = found === undefined ? { form: undefined, ours: undefined } : split(found);
  // A process that died had finished it, in this very run as the user sees it.
  if (task.replayed === true && ours !== undefined) return { type: "done", facts: ours };
  if (overwrite === "always") return { type: "ask", replace: true };
  if (overwrite === "never" && !refresh) {
    if (ours === undefined) throw new FileExistsError(path);
    await mustBeAsWished(path, task, info.size, watched);
    return { type: "done", facts: ours };
  }
  // The list says that a file of this size was stored, but not in which folder: that is enough to ask, not to replace.
  const recorded = refresh && task.facts?.bytes === info.size ? task.facts : undefined;
  const known = ours ?? recorded;
  if (overwrite === "never" && known === undefined) throw new FileExistsError(path);
  // Whoever puts another file there meanwhile did not ask for it to be replaced.
  const replace = overwrite !== "never" || (ours !== undefined && fileMark(info));
  // Whether the file has the checksum is not known, unless the task was done with it: it is fetched in any case.
  const vouched = task.checksum === undefined || recorded !== undefined;
  const isOtherForm = form !== undefined && !isFormFor(form, contentEncoding);
  if (!vouched || isOtherForm || (task.size ?? info.size) !== info.size) return { type: "ask", replace };
  if (known === undefined) {
    const facts = { bytes: info.size, finalUrl: redactUrl(source) };
    // No condition: "not modified" would say nothing of the size, and an earlier program may have left only a part of it.
    return { type: "ask", replace, facts, ...(info.mtime === null ? {} : { modifiedAt: info.mtime.getTime() }) };
  }
  const { etag, lastModified, bytes: length } = known;
  if ((etag ?? lastModified) === undefined || !mayHaveBrought(source, task, known)) return { type: "ask", replace };
  return {
    type: "ask",
    replace,
    facts: known,
    ...(form?.decodedFrom === undefined ? {} : { decoded: true }),
    condition: {
      length,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    },
  };
}

function split({ form, ...ours }: StoredFile): { form: FileForm | undefined; ours: TaskDoneFacts } {
  return { form, ours };
}

/**
 * True if an answer with a body brings what is there already: a strong ETag stands for the same bytes, and some servers know no
 * conditions. Of a file that nothing was noted of, the size must be the same, and its date not older than the server's.
 */
export function isUnchanged(old: OldFile & { type: "ask" }, response: DriverResponse): boolean {
  const { facts, modifiedAt, decoded = false } = old;
  const { etag, lastModified, length } = response;
  if (facts === undefined || response.decoded === true && !decoded) return false;
  if (modifiedAt !== undefined) {
    const since = lastModified === undefined ? undefined : parseHttpDate(lastModified);
    return length === facts.bytes && since !== undefined && since <= modifiedAt;
  }
  if (etag === undefined || etag !== facts.etag) return false;
  return isStrongEtag(etag) && (decoded || (length ?? facts.bytes) === facts.bytes);
}

/** The validators of one server say nothing at another: a mirror is asked by them only if it brought the file. */
function mayHaveBrought(source: string, { url, mirrors = [] }: DownloadTask, { finalUrl }: TaskDoneFacts): boolean {
  const host = taskHost(finalUrl);
  if (taskHost(source) === host) return true;
  return source === url && !mirrors.some((mirror) => taskHost(mirror) === host);
}

/** The file was stored for this url once; whether it still is what this task wants, only its bytes can tell. */
async function mustBeAsWished(
  path: string,
  { size, checksum }: DownloadTask,
  bytes: number,
  watched: Pick<Watched, "signal" | "rest">,
): Promise<void> {
  let problem = size === undefined || size === bytes ? undefined : `size must be ${size}: current value is ${bytes}`;
  if (problem === undefined && checksum !== undefined) {
    const parsed = parseChecksum(checksum);
    if (parsed.type === "problem") {
      throw new DownloadError("integrity", `Cannot check the file as its ${parsed.message}`);
    }
    const wanted = parsed.checksum;
    try {
      const options = { signal: watched.signal, heard: () => watched.rest() };
      problem = (await digestFile(path, [wanted.algorithm], options)).verify(wanted);
    } catch (error) {
      throw watched.signal.aborted ? watched.signal.reason : diskError(error, path);
    }
  }
  if (problem === undefined) return;
  const what = "the file that is there stays, but is not what was asked for";
  throw new DownloadError("disk", `${path}: ${what}: its ${problem}`, { retryable: false });
}

async function look(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    throw diskError(error, path);
  }
}
