import { endChildren } from "./end_children.ts";
import { findProgram } from "./find_program.ts";
import { TempDir } from "./temp_dir.ts";
import { until } from "./until.ts";

/** A line of the access log. */
export interface NginxRequest {
  /** The status of the answer. */
  status: number;
  /** The range that was asked for, such as `bytes=0-99`; absent: all of it. */
  range?: string;
  /** The path as the client sent it. */
  path: string;
  /** When it came, in milliseconds since the epoch. */
  at: number;
  /** Bytes of the body that were sent. */
  bytes: number;
}

/** How an {@linkcode NginxServer} serves, and what beside plain files. */
export interface NginxOptions {
  /** Bytes a second for each connection, in nginx's words (`10m`), until {@linkcode NginxServer.letGo}. Default: no limit. */
  limitRate?: string;
  /** So much of each answer comes at once, in nginx's words; the rest comes drop by drop until {@linkcode NginxServer.letGo}. */
  holdAfter?: string;
  /** Further lines of its server. */
  server?: readonly string[];
  /** Serves https too, on a port of its own; all in PEM. */
  tls?: {
    cert: string;
    key: string;
    /** Whoever has no certificate of this one gets a 400. */
    clientCa?: string;
  };
}

const START_TRIES = 5;
/** While this file is there, answers begin without a limit. */
const LET_GO = "let_go";

/** A real nginx on a free loopback port that serves a folder; a child of this process with files of its own. */
export class NginxServer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #home: TempDir;
  readonly #ready: string;
  #ended = false;

  /** The start of every url, without a slash at the end. */
  readonly url: string;
  /** The port of https, if it serves that. */
  readonly tlsPort: number;

  private constructor(child: Deno.ChildProcess, home: TempDir, port: number, tlsPort: number, ready: string) {
    this.#child = child;
    this.#home = home;
    this.#ready = ready;
    this.url = `http://127.0.0.1:${port}`;
    this.tlsPort = tlsPort;
    child.status.then(() => this.#ended = true);
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param root The folder to serve.
   * @param options How to serve it.
   * @throws {Error} If nginx is not installed or does not come up.
   */
  static async start(root: string, options: NginxOptions = {}): Promise<NginxServer> {
    const program = await findProgram("nginx", ["-v"]);
    const home = await TempDir.create();
    try {
      for (let tries = 1;; tries++) {
        const server = await NginxServer.#try(program, root, home, options);
        if (server !== undefined) return server;
        // Another process may have taken the port since it was found free.
        if (tries < START_TRIES) continue;
        throw new Error(`Cannot start nginx: ${await Deno.readTextFile(home.join("error.log")).catch(() => "")}`);
      }
    } catch (error) {
      await home[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #try(
    program: string,
    root: string,
    home: TempDir,
    options: NginxOptions,
  ): Promise<NginxServer | undefined> {
    const port = freePort();
    const tlsPort = freePort();
    const more = [
      ...paceLines(home, options),
      ...options.server ?? [],
      ...await tlsLines(home, tlsPort, options.tls),
    ];
    const ready = `/${crypto.randomUUID()}`;
    await home.write("nginx.conf", configuration(root, home, port, ready, more));
    const child = new Deno.Command(program, {
      args: ["-p", home.path, "-c", home.join("nginx.conf"), "-e", home.join("error.log")],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new NginxServer(child, home, port, tlsPort, ready);
    await until("nginx", async () => server.#ended || await server.#answers());
    return server.#ended ? undefined : server;
  }

  /** Holds no answer back any more, by a rate or after some bytes, whose request comes from now on. */
  async letGo(): Promise<void> {
    await this.#home.write(LET_GO, "");
  }

  /** Every request that it has answered, oldest first. */
  async requests(): Promise<NginxRequest[]> {
    // One process writes the log in order: when the mark is there, so is everything before it.
    const mark = `${this.#ready}?${crypto.randomUUID()}`;
    await (await fetch(`${this.url}${mark}`)).body?.cancel();
    const log = await until("the access log", async () => {
      const text = await Deno.readTextFile(this.#home.join("access.log"));
      return text.includes(mark) && text;
    });
    return log.split("\n").filter((line) => line !== "" && !line.includes(this.#ready)).map((line) => {
      const [status, range, ended, seconds, bytes, ...path] = line.split(" ");
      return {
        status: Number(status),
        path: path.join(" "),
        at: Math.round((Number(ended) - Number(seconds)) * 1000),
        bytes: Number(bytes),
        ...(range === "-" || range === undefined ? {} : { range }),
      };
    });
  }

  /** The port of http. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Ends all connections at once, as a crash would; the server goes on. */
  async endSessions(): Promise<void> {
    await endChildren(this.#child.pid);
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}${this.#ready}`);
      return await response.text() === this.#ready;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await this.#child.status;
    await this.#home[Symbol.asyncDispose]();
  }
}

function paceLines(home: TempDir, { limitRate, holdAfter }: NginxOptions): string[] {
  if (limitRate === undefined && holdAfter === undefined) return [];
  return [
    ...holdAfter === undefined ? [] : [`limit_rate_after ${holdAfter};`],
    `set $pace ${limitRate ?? "10k"};`,
    `if (-f ${home.join(LET_GO)}) { set $pace 0; }`,
    "limit_rate $pace;",
  ];
}

async function tlsLines(home: TempDir, port: number, tls: NginxOptions["tls"]): Promise<string[]> {
  if (tls === undefined) return [];
  await home.write("cert.pem", tls.cert);
  await home.write("key.pem", tls.key);
  const lines = [
    `listen 127.0.0.1:${port} ssl;`,
    `ssl_certificate ${home.join("cert.pem")};`,
    `ssl_certificate_key ${home.join("key.pem")};`,
  ];
  if (tls.clientCa === undefined) return lines;
  await home.write("client.pem", tls.clientCa);
  return [...lines, `ssl_client_certificate ${home.join("client.pem")};`, "ssl_verify_client on;"];
}

function configuration(root: string, home: TempDir, port: number, ready: string, more: readonly string[]): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `  ${kind}_temp_path ${home.join(kind)};`);
  return [
    // As root, the worker would change to a user who cannot read the folders.
    ...(Deno.uid() === 0 ? ["user root;"] : []),
    "daemon off;",
    "worker_processes 1;",
    `pid ${home.join("nginx.pid")};`,
    `error_log ${home.join("error.log")} warn;`,
    "events { worker_connections 4096; }",
    "http {",
    ...temporary,
    "  log_format short '$status $http_range $msec $request_time $body_bytes_sent $request_uri';",
    `  access_log ${home.join("access.log")} short;`,
    "  default_type application/octet-stream;",
    "  sendfile on;",
    "  server {",
    `    listen 127.0.0.1:${port};`,
    `    root ${root};`,
    ...more.map((line) => `    ${line}`),
    `    location = ${ready} { return 200 ${ready}; }`,
    "  }",
    "}",
    "",
  ].join("\n");
}

/** The first port that the kernel gives away by itself, to connections and to listeners that ask for any. */
const KERNEL_PORTS = 32_768;
const FIRST_PORT = 10_000;

/**
 * A port of the loopback that nobody listens on now. The kernel gives it to nobody by itself: it stays free for whoever starts
 * a server there, or starts one again.
 */
export function freePort(): number {
  while (true) {
    const port = FIRST_PORT + Math.floor(Math.random() * (KERNEL_PORTS - FIRST_PORT));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
