import { AwsClient } from "aws4fetch";
import type { S3Access } from "../../download/protocols/s3_access.ts";
import { findProgram } from "./find_program.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

const BUCKET = "photos";
const SECRET = "testing";

/** All four servers of Swift in one process: four of them would take four times as long to start. */
const SCRIPT = String.raw`
import os, sys
import eventlet
from eventlet import wsgi
eventlet.monkey_patch()
folder, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
from swift.common import utils
utils.set_swift_dir(folder)
from swift.common.ring import RingBuilder
from swift.common.wsgi import SwiftHttpProtocol, loadapp
names = ["object", "container", "account"]
for name, port in zip(names, ports):
    builder = RingBuilder(1, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "disk", "weight": 1})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, name + ".ring.gz"))
log = open(os.path.join(folder, "requests.log"), "a")
for name, port in zip(names + ["proxy"], ports):
    app = loadapp(os.path.join(folder, name + ".conf"), global_conf={"log_name": name})
    eventlet.spawn(wsgi.server, eventlet.listen(("127.0.0.1", port)), app, log, protocol=SwiftHttpProtocol)
while True:
    eventlet.sleep(3600)
`;

const FILTERS: Readonly<Record<string, readonly string[]>> = {
  catch_errors: [],
  gatekeeper: [],
  healthcheck: [],
  // Whoever logs in wants a cache to be there; one that cannot be reached will do.
  memcache: ["memcache_servers = 127.0.0.1:1"],
  listing_formats: [],
  s3api: [],
  tempauth: [`user_test_tester = ${SECRET} .admin`],
  bulk: [],
  slo: [],
  symlink: [],
  versioned_writes: ["allow_object_versioning = true"],
};

/** An S3 server that others wrote and that checks signatures and regions: OpenStack Swift, with one bucket, `photos`. */
export class SwiftServer implements AsyncDisposable {
  readonly #server: ServerProcess;
  /** Keeps no connection: those that are open are those of who is tested. */
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  /** Its account. */
  readonly credentials: NonNullable<S3Access["credentials"]> = {
    accessKeyId: "test:tester",
    secretAccessKey: SECRET,
  };
  /** Its region. */
  readonly region: string;

  private constructor(server: ServerProcess, region: string) {
    this.#server = server;
    this.region = region;
  }

  /** Starts it; disposing ends it. */
  static async start(region = "us-east-1"): Promise<SwiftServer> {
    const python = await findProgram(
      "/usr/bin/python3",
      ["-c", "import swift.common.middleware.s3api"],
      "python3-swift",
    );
    const home = await TempDir.create();
    await Deno.mkdir(home.join("disks/disk"), { recursive: true });
    await home.write("run_swift.py", SCRIPT);
    const server = await ServerProcess.start(home, {
      name: "swift",
      ports: 4,
      command: async (ports) => {
        await home.write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = tests\n");
        for (const name of ["object", "container", "account"]) {
          const settings = [`devices = ${home.join("disks")}`, "mount_check = false", "disable_fallocate = true"];
          await home.write(`${name}.conf`, config(home, settings, `${name}-server`, name));
        }
        const filters = Object.entries(FILTERS).map(([name, lines]) => {
          const more = name === "s3api" ? [`location = ${region}`, "s3_acl = false"] : lines;
          return ["", `[filter:${name}]`, `use = egg:swift#${name}`, ...more].join("\n");
        });
        const pipeline = [...Object.keys(FILTERS), "proxy-server"].join(" ");
        const text = config(home, [], pipeline, "proxy", ["account_autocreate = true"]);
        await home.write("proxy.conf", `${text}\n${filters.join("\n")}\n`);
        return { path: python, args: [home.join("run_swift.py"), home.path, ...ports.map(String)] };
      },
      answers: async (ports) => {
        const response = await fetch(`http://127.0.0.1:${ports.at(-1)}/healthcheck`);
        await response.body?.cancel();
        return response.ok;
      },
    });
    const swift = new SwiftServer(server, region);
    await swift.#ask("PUT", "");
    return swift;
  }

  /** Its port. */
  get port(): number {
    return this.#server.ports.at(-1)!;
  }

  /** Where it is, as `--s3-endpoint` takes it. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Puts an object into the bucket. */
  async put(key: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#ask("PUT", key, body);
  }

  /** Removes an object. */
  async remove(key: string): Promise<void> {
    await this.#ask("DELETE", key);
  }

  async #ask(method: string, key: string, body?: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const path = key.split("/").map(encodeURIComponent).join("/");
    const signer = new AwsClient({ ...this.credentials, service: "s3", region: this.region });
    const init = { method, ...(body === undefined ? {} : { body }) };
    const url = `${this.endpoint}/${BUCKET}${path === "" ? "" : `/${path}`}`;
    const response = await fetch(await signer.sign(url, init), { client: this.#client });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot ${method} ${key}: status ${response.status}: ${text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

function config(
  home: TempDir,
  settings: readonly string[],
  pipeline: string,
  name: string,
  more: readonly string[] = [],
): string {
  const app = pipeline.split(" ").at(-1);
  return [
    "[DEFAULT]",
    `swift_dir = ${home.path}`,
    ...settings,
    "[pipeline:main]",
    `pipeline = ${pipeline}`,
    `[app:${app}]`,
    `use = egg:swift#${name}`,
    ...more,
    "",
  ].join("\n");
}
