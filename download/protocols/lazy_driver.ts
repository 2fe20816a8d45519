import type { DownloadDriver, DriverRequest, DriverResponse, ListedFile, ListRequest } from "../download_driver.ts";
import { unlessAborted } from "../unless_aborted.ts";

/** What is known of a driver before it is loaded. */
export interface LazyDriverOptions {
  /** Its urls have folders. Default false. */
  lists?: boolean;
  /** It can ask as nobody in particular. Default false. */
  anonymous?: boolean;
}

/** A driver that is loaded with the first url that it takes: most lists have one scheme. */
export class LazyDriver implements DownloadDriver {
  readonly schemes: readonly string[];
  readonly anonymous: boolean;
  readonly list?: (request: ListRequest) => AsyncGenerator<ListedFile>;
  readonly #load: () => Promise<DownloadDriver>;
  #loading: Promise<DownloadDriver> | undefined;
  #loaded: DownloadDriver | undefined;
  #disposed = false;

  /**
   * @param schemes What stands before the colon of the urls that it takes, with the colon.
   * @param load Loads it; called again after it has failed.
   * @param options What is known of it.
   */
  constructor(
    schemes: readonly string[],
    load: () => Promise<DownloadDriver>,
    { lists = false, anonymous = false }: LazyDriverOptions = {},
  ) {
    this.schemes = schemes;
    this.anonymous = anonymous;
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
