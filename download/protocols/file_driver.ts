import type { DownloadDriver, DriverRequest, DriverResponse } from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";
import { FileChangedError } from "../segments.ts";
import { BodyResponse } from "./body_response.ts";
import { datedFacts } from "./dated_file.ts";

const PIECE = 256 * 1024;
const HOST = "file";

/** Copies files of this machine, for `file:` urls that the user has allowed. */
export class FileDriver implements DownloadDriver {
  readonly schemes = ["file:"];
  readonly #allowed: boolean;

  /** @param allowed The user has said that files of this machine may be read. */
  constructor(allowed: boolean) {
    this.#allowed = allowed;
  }

  async open({ url, range, condition, signal }: DriverRequest): Promise<DriverResponse> {
    if (!this.#allowed) {
      throw new DownloadError("unsupported", "Cannot fetch file: urls as they must be allowed with --allow-file");
    }
    const file = await openFile(url);
    try {
      const version = await look(file);
      const facts = datedFacts(HOST, version, { url, ...(range && { range }), ...(condition && { condition }) });
      return new BodyResponse(facts, async (sink, room) => {
        await file.seek(facts.offset, Deno.SeekMode.Start);
        const buffer = new Uint8Array(PIECE);
        for (let left = (facts.end ?? version.length) - facts.offset; left > 0;) {
          signal.throwIfAborted();
          const most = Math.min(left, PIECE, await room?.() ?? PIECE);
          const count = await file.read(buffer.subarray(0, most));
          if (count === null) break;
          left -= count;
          await sink(buffer.subarray(0, count));
        }
        const now = await look(file);
        const same = now.length === version.length && now.lastModified === version.lastModified;
        if (!same) throw new FileChangedError(HOST);
      }, () => close(file));
    } catch (error) {
      close(file);
      throw error;
    }
  }

  [Symbol.dispose](): void {}
}

async function openFile(url: string): Promise<Deno.FsFile> {
  try {
    const path = new URL(url);
    // Opening a pipe would wait for somebody to write into it.
    if (!(await Deno.stat(path)).isFile) {
      throw new DownloadError("not-found", "Cannot copy the file as it must be a regular file", { retryable: false });
    }
    return await Deno.open(path);
  } catch (cause) {
    if (cause instanceof DownloadError) throw cause;
    if (cause instanceof Deno.errors.NotFound) throw new DownloadError("not-found", "no such file", { cause });
    if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) {
      throw new DownloadError("auth", `the file must not be read: ${cause.message}`, { cause, retryable: false });
    }
    throw new DownloadError("disk", cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function look(file: Deno.FsFile): Promise<{ length: number; lastModified?: string }> {
  const { size, mtime } = await file.stat();
  return { length: size, ...(mtime === null ? {} : { lastModified: mtime.toUTCString() }) };
}

function close(file: Deno.FsFile): void {
  try {
    file.close();
  } catch {
    // It is closed.
  }
}
