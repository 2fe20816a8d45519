import { hideAddresses } from "../../base/show_address.ts";
import type { DownloadDriver, DriverRequest, DriverResponse, ListedFile, ListRequest } from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";
import { BodyResponse } from "./body_response.ts";
import type { ProtocolDriver, ProtocolFile, ProtocolRequest } from "./protocol_driver.ts";
import { unlessAborted } from "../unless_aborted.ts";

const KINDS = ["not-found", "auth", "network", "timeout", "protocol", "security", "unsupported"] as const;

/**
 * Loads the driver in a module of the user.
 *
 * @param scheme Such as `ipfs:`.
 * @param module Its url.
 * @throws {DownloadError} If the module cannot be loaded, or has no driver.
 */
export async function loadCustomDriver(scheme: string, module: string): Promise<DownloadDriver> {
  return new CustomDriver(scheme, await load(scheme, module));
}

async function load(scheme: string, module: string): Promise<ProtocolDriver> {
  try {
    const { default: exported } = await import(module);
    const driver = typeof exported === "function" ? await exported() : exported;
    if (typeof driver?.open === "function") return driver;
  } catch (cause) {
    throw new DownloadError(
      "unsupported",
      `Cannot load the driver of ${scheme} urls: ${hideAddresses(reasonOf(cause))}`,
      { cause },
    );
  }
  throw new DownloadError(
    "unsupported",
    `Cannot load the driver of ${scheme} urls as its default export has no open()`,
  );
}

/** Puts the core's questions to a driver of the user. */
class CustomDriver implements DownloadDriver {
  readonly schemes: readonly string[];
  readonly #driver: ProtocolDriver;

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

/** The body of a file of the user, which is read once or given up; giving up waits for nobody. */
class CustomBody {
  readonly #body: ProtocolFile["body"];
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #ended = false;

  constructor(body: ProtocolFile["body"]) {
    this.#body = body;
  }

  /** The next piece; undefined behind the last one. */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const reader = this.#reader ??= this.#open();
    const { value } = await unlessAborted(reader.read(), signal);
    if (value === undefined || value instanceof Uint8Array) return value;
    throw new TypeError("the body has pieces that are no Uint8Array");
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      (this.#reader ?? this.#open()).cancel().catch(() => {});
    } catch {
      // What is no body needs no end.
    }
  }

  #open(): ReadableStreamDefaultReader<Uint8Array> {
    const body = this.#body;
    return (body instanceof ReadableStream ? body : ReadableStream.from(body)).getReader();
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
