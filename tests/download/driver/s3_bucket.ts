import type { DownloadDriver } from "../../../download/download_driver.ts";
import { LossyProxy } from "../../support/lossy_proxy.ts";
import { openConnections } from "../../support/open_connections.ts";
import { S3_ACCOUNT, S3Server } from "../../support/s3_server.ts";
import { SwiftServer } from "../../support/swift_server.ts";
import type { BreakableFront, DriverServer } from "./contract_kit.ts";
import type { CaseName } from "./driver_contract.ts";
import { madeDriver } from "./made_driver.ts";

const S3RVER = { accessKeyId: S3_ACCOUNT.AWS_ACCESS_KEY_ID, secretAccessKey: S3_ACCOUNT.AWS_SECRET_ACCESS_KEY };

/** What objects are not, whoever serves them. */
export const OBJECT_SKIPS: Partial<Record<CaseName, string>> = {
  "tells when a file was modified": "an object has the date at which it was put",
  "says that a file must not be read, which does not pass": "the server guards no object by itself",
  "notices that a file is written to while it comes, be it whole or a part": "an object is never written to",
  "fails where a file becomes shorter while it comes": "an object is never written to",
  "finds nothing in a folder without files": "there are no folders: a prefix stands for what begins so",
  "says that there is no such folder": "there are no folders: a prefix that nothing begins with is an empty one",
  "passes links over, which may lead in circles": "objects are no links",
};

/** A bucket of a server that speaks like S3. */
export class S3Bucket implements DriverServer {
  readonly #server: S3Server | SwiftServer;

  private constructor(server: S3Server | SwiftServer) {
    this.#server = server;
  }

  /** Starts s3rver with a bucket. */
  static async start(): Promise<S3Bucket> {
    return new S3Bucket(await S3Server.start());
  }

  /** Starts Swift with a bucket. */
  static async startSwift(): Promise<S3Bucket> {
    return new S3Bucket(await SwiftServer.start());
  }

  put(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#server.put(path, bytes);
  }

  remove(path: string): Promise<void> {
    return this.#server.remove(path);
  }

  url(path: string): string {
    return `s3://photos/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  driver(port = this.#server.port): DownloadDriver {
    const credentials = this.#server instanceof SwiftServer ? this.#server.credentials : S3RVER;
    const access = { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials };
    return madeDriver("s3:", { s3: { access: () => Promise.resolve({ type: "access", access }) } });
  }

  connections(port = this.#server.port): Promise<number> {
    return openConnections(port);
  }

  front(): BreakableFront {
    const proxy = LossyProxy.start(this.#server.port);
    return {
      port: proxy.port,
      breakOff: () => {
        // It closes what it has kept silent.
        proxy.silent = false;
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
