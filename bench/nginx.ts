import { findProgram } from "./program.ts";

/** Where and what to serve. */
export interface NginxOptions {
  /** Folder that is served as `/`. */
  readonly root: string;
  /** Empty folder for the server's own files: configuration, pid, log, temporary files. */
  readonly home: string;
  /** Worker processes; `"auto"`: one a core. */
  readonly workers: number | "auto";
}

const START_TRIES = 5;
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;

/**
 * nginx on a free loopback port, in the foreground, as a child of this
 * process: nothing of the system's own nginx is read, used or touched.
 */
export class Nginx implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #port: number;
  #ended = false;
  /** Start of every URL, without a slash at its end. */
  readonly url: string;
  readonly version: string;
  /** The configuration it runs with. */
  readonly config: string;

  private constructor(
    child: Deno.ChildProcess,
    port: number,
    version: string,
    config: string,
  ) {
    this.#child = child;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.version = version;
    this.config = config;
    child.status.then(() => this.#ended = true);
  }

  /**
   * Starts it and waits until it answers.
   *
   * @throws {UsageError} If nginx is not installed.
   * @throws {Error} If it does not come up.
   */
  static async start(options: NginxOptions, signal?: AbortSignal): Promise<Nginx> {
    const program = await findProgram("nginx", ["-v"], "nginx");
    const token = crypto.randomUUID();
    await Deno.writeTextFile(`${options.root}/ready`, token);
    for (let attempt = 1;; attempt++) {
      signal?.throwIfAborted();
      const port = freePort();
      const config = nginxConfig(options, port);
      await Deno.writeTextFile(`${options.home}/nginx.conf`, config);
      const child = new Deno.Command(program.path, {
        args: [
          ...["-p", options.home],
          ...["-c", `${options.home}/nginx.conf`],
          ...["-e", `${options.home}/error.log`],
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      const server = new Nginx(child, port, program.version, config);
      if (await server.#answers(token, signal)) return server;
      await server[Symbol.asyncDispose]();
      signal?.throwIfAborted();
      // Another process may have taken the port since it was found free.
      if (attempt === START_TRIES) {
        const log = await Deno.readTextFile(`${options.home}/error.log`).catch(() => "");
        throw new Error(`Cannot start nginx: ${log.trim() || "it did not answer"}`);
      }
    }
  }

  async #answers(token: string, signal?: AbortSignal): Promise<boolean> {
    const end = Date.now() + START_TIMEOUT_MS;
    while (!this.#ended && !signal?.aborted && Date.now() < end) {
      try {
        return (await get(this.#port, "/ready")).endsWith(token);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    return false;
  }

  /** Stops it, workers included, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await this.#child.status;
    clearTimeout(timer);
  }
}

/**
 * Each worker has a socket of its own (`reuseport`): otherwise a run's
 * connections may all end up at one of them. Responses leave the page cache by
 * sendfile, headers and body together. `workers` decides who wins: a single
 * one is a bottleneck that hides what the faster clients can do.
 */
function nginxConfig(options: NginxOptions, port: number): string {
  const { root, home, workers } = options;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `  ${kind}_temp_path ${home}/${kind};`);
  return [
    // As root, the workers would change to a user who cannot read the folders.
    ...(Deno.uid() === 0 ? ["user root;"] : []),
    "daemon off;",
    `worker_processes ${workers};`,
    `pid ${home}/nginx.pid;`,
    `error_log ${home}/error.log warn;`,
    "events {",
    "  worker_connections 4096;",
    "}",
    "http {",
    ...temporary,
    "  access_log off;",
    "  default_type application/octet-stream;",
    "  sendfile on;",
    "  tcp_nopush on;",
    "  tcp_nodelay on;",
    "  keepalive_timeout 75s;",
    "  keepalive_requests 1000000000;",
    "  server {",
    `    listen 127.0.0.1:${port} reuseport backlog=4096;`,
    `    root ${root};`,
    "  }",
    "}",
    "",
  ].join("\n");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A request of its own: `fetch` would obey a proxy named in the environment. */
async function get(port: number, path: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.0\r\n\r\n`));
  return await new Response(connection.readable).text();
}
