import type { DownloadDriver, DriverRequest, DriverResponse, ListedFile, ListRequest } from "../download_driver.ts";
import { unlessAborted } from "../unless_aborted.ts";

/** A driver that is loaded with the first url that it takes: most lists have one scheme. */
export class LazyDriver implements DownloadDriver {
  readonly schemes: readonly string[];
  readonly list?: (request: ListRequest) => AsyncGenerator<ListedFile>;
  readonly #load: () => Promise<DownloadDriver>;
  #loading: Promise<DownloadDriver> | undefined;
  #loaded: DownloadDriver | undefined;
  #disposed = false;

  /**
   * @param schemes What stands before the colon of the urls that it takes, with the colon.
   * @param load Loads it; called again after it has failed.
   * @param lists Its urls have folders. Default false.
   */
  constructor(schemes: readonly string[], load: () => Promise<DownloadDriver>, lists = false) {
    this.schemes = schemes;
    this.#load = load;
    if (lists) this.list = (request) => this.#list(request);
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    const driver = this.#loaded ?? await unlessAborted(this.#get(), request.signal);
    request.signal.throwIfAborted();
    return await driver.open(request);
  }

  async *#list(request: ListRequest): AsyncGenerator<ListedFile> {
    const driver = this.#loaded ?? await unlessAborted(this.#get(), request.signal);
    yield* driver.list!(request);
  }

  async #get(): Promise<DownloadDriver> {
    this.#loading ??= this.#load();
    try {
      this.#loaded = await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
    if (this.#disposed) this.#loaded[Symbol.dispose]();
    return this.#loaded;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#loaded?.[Symbol.dispose]();
  }
}
