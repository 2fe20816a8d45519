import { AwsClient } from "aws4fetch";
import { findProgram } from "./find_program.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

/** The account that the server knows. */
export const S3_ACCOUNT = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" } as const;

/** An S3 server that others wrote (s3rver, on Node) on a free loopback port, with one bucket, `photos`. */
export class S3Server implements AsyncDisposable {
  readonly #server: ServerProcess;
  /** Keeps no connection: those that are open are those of who is tested. */
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  readonly #signer = new AwsClient({
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
    service: "s3",
    region: "us-east-1",
  });

  private constructor(server: ServerProcess) {
    this.#server = server;
  }

  /** Starts it; disposing ends it. */
  static async start(): Promise<S3Server> {
    const node = await findProgram("node", ["--version"], "nodejs");
    const module = await installed();
    const home = await TempDir.create();
    const server = await ServerProcess.start(home, {
      name: "s3rver",
      ports: 1,
      command: async ([port]) => {
        const options = ["--address", "127.0.0.1", "--port", String(port), "--configure-bucket", "photos", "--silent"];
        await Deno.mkdir(home.join("data"), { recursive: true });
        // It makes its tokens with a cipher that OpenSSL counts as outdated.
        return {
          path: node,
          args: ["--openssl-legacy-provider", module, "--directory", home.join("data"), ...options],
        };
      },
      answers: async ([port]) => (await fetch(`http://127.0.0.1:${port}/photos`)).body?.cancel() !== undefined,
    });
    return new S3Server(server);
  }

  /** Its port. */
  get port(): number {
    return this.#server.ports[0]!;
  }

  /** Where it is, as `--s3-endpoint` takes it. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Puts an object into the bucket. */
  async put(key: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#ask(key, { method: "PUT", body });
  }

  /** Removes an object. */
  async remove(key: string): Promise<void> {
    await this.#ask(key, { method: "DELETE" });
  }

  async #ask(key: string, init: RequestInit): Promise<void> {
    const path = key.split("/").map(encodeURIComponent).join("/");
    const signed = await this.#signer.sign(`${this.endpoint}/photos/${path}`, init);
    const { ok, status, body } = await fetch(signed, { client: this.#client });
    await body?.cancel();
    if (!ok) throw new Error(`Cannot ${init.method} ${key}: status ${status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

let installing: Promise<string> | undefined;

/** The program, in a folder of its own that goes with this process; from npm, as it comes there. */
function installed(): Promise<string> {
  return installing ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "corehaul_s3rver_" });
    addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    // Deno keeps what it has downloaded: from then on this costs a tenth of what npm needs.
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ nodeModulesDir: "auto" }));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["install", "--quiet", "npm:s3rver@3.7.1"],
      cwd: folder,
      stdin: "null",
    }).output();
    if (!success) throw new Error(`Cannot install s3rver: ${new TextDecoder().decode(stderr)}`);
    return `${folder}/node_modules/s3rver/bin/s3rver.js`;
  })();
}
