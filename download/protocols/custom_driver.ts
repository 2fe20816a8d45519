import type { DownloadDriver, DriverRequest, DriverResponse, ListedFile, ListRequest } from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";
import { BodyResponse } from "./body_response.ts";
import { CustomBody } from "./custom_body.ts";
import type { ProtocolDriver, ProtocolFile, ProtocolRequest } from "./protocol_driver.ts";
import { unlessAborted } from "../unless_aborted.ts";

const KINDS = ["not-found", "auth", "network", "timeout", "protocol", "security", "unsupported"] as const;

/** Puts the core's questions to a driver of the user. */
export class CustomDriver implements DownloadDriver {
  readonly schemes: readonly string[];
  readonly #driver: ProtocolDriver;

  /**
   * @param scheme What stands before the colon of its urls, with the colon.
   * @param driver The driver of the user.
   */
  constructor(scheme: string, driver: ProtocolDriver) {
    this.schemes = [scheme];
    this.#driver = driver;
  }

  async open({ url, headers, range, visit, signal }: DriverRequest): Promise<DriverResponse> {
    const entering = visit?.(URL.parse(url)?.host ?? "");
    if (entering !== undefined) await entering;
    // A part with an end is only for connections beside the first one, which this answers with all of it.
    const from = range === undefined || range.to !== undefined ? undefined : range;
    const file = await this.#during(signal, async () => {
      const opening = this.#open({
        url,
        // One without a value is not to go out.
        headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== "")),
        offset: from?.from ?? 0,
        ...(from === undefined ? {} : { ifVersion: from.ifRange }),
        signal,
      });
      return await unlessAborted(opening, signal).catch((error) => {
        // Whatever comes too late is for nobody.
        opening.then(({ body }) => new CustomBody(body).end()).catch(() => {});
        throw error;
      });
    });
    const { offset = 0, length, etag, lastModified, filename } = file;
    if (offset !== 0 && offset !== from?.from) {
      throw new DownloadError(
        "protocol",
        `the driver of ${this.schemes[0]} urls began at ${offset}, which nobody asked for`,
      );
    }
    const facts = {
      finalUrl: url,
      offset,
      rangeable: false,
      ...(length === undefined ? {} : { length }),
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
      ...(filename === undefined
        ? {}
        : { disposition: `attachment; filename*=UTF-8''${encodeURIComponent(filename)}` }),
    };
    const body = new CustomBody(file.body);
    // What happens where the file is stored is no failure of the driver.
    const next = () => this.#during(signal, () => body.next(signal));
    return new BodyResponse(facts, async (sink, room) => {
      try {
        for (let piece = await next(); piece !== undefined; piece = await next()) {
          if (piece.length > 0) await sink(piece);
          await room?.();
        }
      } finally {
        body.end();
      }
    }, () => body.end());
  }

  async *list({ url, signal }: ListRequest): AsyncGenerator<ListedFile> {
    const entries = this.#driver.list?.({ url, signal });
    if (entries === undefined) {
      throw new DownloadError(
        "unsupported",
        `Cannot list "${url}" as the driver of ${this.schemes[0]} urls lists nothing`,
      );
    }
    try {
      for await (const { url: address, path } of entries) yield { url: String(address), path: String(path) };
    } catch (error) {
      throw signal.aborted ? error : meaning(error);
    }
  }

  [Symbol.dispose](): void {
    this.#driver.close?.();
  }

  /** Some drivers answer, or fail, at once. */
  async #open(request: ProtocolRequest): Promise<ProtocolFile> {
    return await this.#driver.open(request);
  }

  async #during<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw signal.aborted ? error : meaning(error);
    }
  }
}

/** What an error of a driver of the user stands for. */
function meaning(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const { kind, retryable } = error as { kind?: unknown; retryable?: unknown };
  const known = KINDS.find((each) => each === kind) ?? "network";
  return new DownloadError(known, reasonOf(error), {
    cause: error,
    ...(typeof retryable === "boolean" ? { retryable } : {}),
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
