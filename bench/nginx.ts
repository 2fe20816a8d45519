import { testCertificate } from "../tests/support/test_certificate.ts";
import { findProgram } from "./program.ts";
import { UsageError } from "./usage_error.ts";

/** Where and what to serve. */
export interface NginxOptions {
  /** Folder that is served as `/`. */
  readonly root: string;
  /** Empty folder for the server's own files: configuration, pid, log, temporary files. */
  readonly home: string;
  /** Worker processes; `"auto"`: one a core. */
  readonly workers: number | "auto";
  /** In which ways it serves, beside the plain one. */
  readonly served?: ReadonlySet<HttpServed>;
}

/**
 * How nginx behaves: `plain`, with 50 ms of `latency` before each answer, `throttled` to 4 MiB/s for each connection, or with
 * `tls` and HTTP/2.
 */
export type HttpServed = "plain" | "latency" | "throttled" | "tls";

/** Where it serves in each way: the start of every URL, without a slash at its end. */
export type HttpUrls = Readonly<Record<HttpServed, string>>;

const WAYS: readonly HttpServed[] = ["plain", "latency", "throttled", "tls"];
const ECHO_MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so";
const LATENCY_SECONDS = 0.05;
const THROTTLE = "4m";
/** The certificate is for this name alone. */
const TLS_HOST = "localhost";

type Ports = Readonly<Record<HttpServed, number>>;

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
  /** Where it serves. */
  readonly urls: HttpUrls;
  /** The certificate for `tls`, in PEM. */
  readonly ca: string;
  readonly version: string;
  /** The configuration it runs with. */
  readonly config: string;

  private constructor(
    child: Deno.ChildProcess,
    ports: Ports,
    ca: string,
    version: string,
    config: string,
  ) {
    this.#child = child;
    this.#port = ports.plain;
    this.ca = ca;
    const urls = WAYS.map((way) => [way, `http://127.0.0.1:${ports[way]}`]);
    this.urls = { ...Object.fromEntries(urls), tls: `https://${TLS_HOST}:${ports.tls}` };
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
    if (options.served?.has("latency") && !await exists(ECHO_MODULE)) {
      throw new UsageError(
        `Cannot serve with latency as ${ECHO_MODULE} must be there: Debian's package is libnginx-mod-http-echo`,
      );
    }
    const ca = `${options.home}/cert.pem`;
    const { cert, key } = await testCertificate([TLS_HOST]);
    await Deno.writeTextFile(ca, cert);
    await Deno.writeTextFile(`${options.home}/key.pem`, key);
    await Deno.writeTextFile(`${options.root}/ready`, token);
    for (let attempt = 1;; attempt++) {
      signal?.throwIfAborted();
      const ports = Object.fromEntries(WAYS.map((way) => [way, freePort()])) as Ports;
      const config = nginxConfig(options, ports);
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
      const server = new Nginx(child, ports, ca, program.version, config);
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

  /** The CPU time that its workers have used so far, in seconds, from Linux's nanosecond account of each. */
  cpuSeconds(): number {
    const { pid } = this.#child;
    const workers = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
    const times = workers.map((worker) => Number(Deno.readTextFileSync(`/proc/${worker}/schedstat`).split(" ")[0]));
    return times.reduce((sum, time) => sum + time, 0) / 1e9;
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
function nginxConfig(options: NginxOptions, ports: Ports): string {
  const { root, home, workers, served = new Set<HttpServed>() } = options;
  const server = (way: HttpServed, listen: string, ...lines: string[]) =>
    way !== "plain" && !served.has(way) ? [] : [
      "  server {",
      `    listen 127.0.0.1:${ports[way]} ${listen}reuseport backlog=4096;`,
      `    root ${root};`,
      ...lines.map((line) => `    ${line}`),
      "  }",
    ];
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `  ${kind}_temp_path ${home}/${kind};`);
  return [
    // As root, the workers would change to a user who cannot read the folders.
    ...(Deno.uid() === 0 ? ["user root;"] : []),
    ...(served.has("latency") ? [`load_module ${ECHO_MODULE};`] : []),
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
    ...server("plain", ""),
    ...server(
      ...["latency", ""] as const,
      `location / { echo_sleep ${LATENCY_SECONDS}; echo_exec @file; }`,
      "location @file { }",
    ),
    ...server("throttled", "", `limit_rate ${THROTTLE};`),
    ...server("tls", "ssl http2 ", `ssl_certificate ${home}/cert.pem;`, `ssl_certificate_key ${home}/key.pem;`),
    "}",
    "",
  ].join("\n");
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
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
