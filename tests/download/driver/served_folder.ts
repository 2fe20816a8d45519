import type { DownloadDriver } from "../../../download/download_driver.ts";
import { openConnections } from "../../support/open_connections.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { type BreakableFront, type DriverServer, FORBIDDEN, STAMP } from "./contract_kit.ts";

/** What serves the folder. */
export interface FolderService extends AsyncDisposable {
  /** Its port; absent: it has no connections. */
  readonly port?: number;
  /** The start of every url, without a slash at the end; on another port, if one is named. */
  base(port?: number): string;
  /** A new driver; for the server on another port, if one is named. */
  driver(port?: number): DownloadDriver;
  /** Sees to it that a file is given to nobody, where the configuration does not. */
  forbid?(path: string): Promise<void>;
  /** Ends all connections at once, as a crash would, and goes on. */
  endSessions(): Promise<void>;
}

/** A server with files that are files of this machine. */
export class ServedFolder implements DriverServer {
  readonly root: TempDir;
  readonly #service: FolderService;

  private constructor(root: TempDir, service: FolderService) {
    this.root = root;
    this.#service = service;
  }

  /** Makes a folder and starts what serves it. */
  static async start(serve: (root: TempDir) => Promise<FolderService> | FolderService): Promise<ServedFolder> {
    const root = await TempDir.create();
    try {
      return new ServedFolder(root, await serve(root));
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
  }

  async put(path: string, bytes: Uint8Array<ArrayBuffer>, modified = STAMP): Promise<void> {
    const target = this.root.join(path);
    const fresh = await this.root.write(`${path}.new`, bytes);
    await Deno.utime(fresh, modified, modified);
    await Deno.rename(fresh, target);
    if (path === FORBIDDEN) await this.#service.forbid?.(path);
  }

  async remove(path: string): Promise<void> {
    await Deno.remove(this.root.join(path));
  }

  url(path: string, port?: number): string {
    return `${this.#service.base(port)}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  driver(port?: number): DownloadDriver {
    return this.#service.driver(port);
  }

  async connections(port = this.#service.port): Promise<number> {
    return port === undefined ? 0 : await openConnections(port);
  }

  front(): BreakableFront {
    const service = this.#service;
    return {
      port: service.port!,
      breakOff: () => service.endSessions(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
    await this.root[Symbol.asyncDispose]();
  }
}
