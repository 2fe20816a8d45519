import { dirname, fromFileUrl } from "@std/path";
import { StoppedError } from "../download/download_error.ts";
import type { ProtocolDriver } from "../download/protocols/protocol_driver.ts";
import { DriverThread } from "./driver_thread.ts";

/** What {@linkcode DriverThreads} are started with. */
export interface DriverThreadsOptions {
  /** Give a driver the network and the folder of its module to read, and nothing else. Otherwise it may do what this thread may. */
  restricted: boolean;
  /** Told when a driver has ended its thread, or has filled its memory. Default: nobody is; the next url starts another one. */
  died?: (reason: string) => void;
}

/** The drivers of the user that one thread asks, each in a thread of its own. */
export class DriverThreads {
  readonly #options: DriverThreadsOptions;
  readonly #end = new AbortController();
  readonly #threads = new Set<DriverThread>();

  /** @param options What they are started with. */
  constructor(options: DriverThreadsOptions) {
    this.#options = options;
  }

  /**
   * Starts a driver.
   *
   * @param scheme Such as `ipfs:`.
   * @param module The url of its module.
   * @throws {DownloadError} If it cannot be loaded.
   */
  async start(scheme: string, module: string): Promise<ProtocolDriver> {
    let thread = await this.#start(scheme, module);
    const current = async () => thread.dead ? thread = await this.#start(scheme, module) : thread;
    return {
      open: async (request) => await (await current()).open(request),
      ...(!thread.lists ? {} : {
        async *list(request) {
          yield* (await current()).list(request);
        },
      }),
    };
  }

  /** True if the event loop of every driver has turned since the last look. */
  turned(): boolean {
    let turned = true;
    for (const thread of this.#threads) if (!thread.turned()) turned = false;
    return turned;
  }

  /** Lets all of them close, and ends their threads. */
  async end(): Promise<void> {
    this.#end.abort(new StoppedError("Stopped"));
    await Promise.all([...this.#threads].map((thread) => thread.end()));
    this.#threads.clear();
  }

  async #start(scheme: string, module: string): Promise<DriverThread> {
    this.#end.signal.throwIfAborted();
    const thread: DriverThread = new DriverThread({
      scheme,
      module,
      ...(this.#options.restricted ? { permissions: permissionsOf(module) } : {}),
      died: (reason, loaded) => {
        this.#threads.delete(thread);
        if (loaded) this.#options.died?.(reason);
      },
    });
    this.#threads.add(thread);
    await thread.loaded;
    return thread;
  }
}

/** What a driver may do that is not trusted. Deno checks what a module imports against what it may read. */
function permissionsOf(module: string): Deno.PermissionOptionsObject {
  return {
    net: "inherit",
    read: module.startsWith("file:") ? [dirname(fromFileUrl(module))] : false,
    write: false,
    env: false,
    run: false,
    sys: false,
    ffi: false,
    import: "inherit",
  } as Deno.PermissionOptionsObject;
}
