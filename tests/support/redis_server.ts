import { findProgram } from "./find_program.ts";
import { freePort } from "./nginx_server.ts";
import { TempDir } from "./temp_dir.ts";
import { until } from "./until.ts";

/** How a {@linkcode RedisServer} works. */
export interface RedisServerOptions {
  /** Keeps what it has over a restart, written before each answer. Default false. */
  aof?: boolean;
  /** Encrypted only, and only for clients with a certificate that `ca` signed; all in PEM. */
  tls?: { cert: string; key: string; ca: string };
  /** Further lines of its configuration. */
  more?: readonly string[];
  /** The address that it listens on. Default the loopback. */
  address?: string;
  /** What it is started with, such as `ip netns exec a`. Default nothing. */
  wrapper?: readonly string[];
  /** Another program of the same package, with its arguments. */
  sentinel?: boolean;
}

const TRIES = 5;

/** A real redis-server on a free port, which can be stopped and started again with what it has kept. */
export class RedisServer implements AsyncDisposable {
  readonly #home: TempDir;
  readonly #path: string;
  readonly #options: RedisServerOptions;
  #child: Deno.ChildProcess | undefined;

  /** Where it listens; the same after a restart. */
  port = 0;

  private constructor(home: TempDir, path: string, options: RedisServerOptions) {
    this.#home = home;
    this.#path = path;
    this.#options = options;
  }

  /** Starts it and waits until it answers; disposing ends it. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const path = await findProgram("redis-server", ["--version"]);
    const server = new RedisServer(await TempDir.create(), path, options);
    for (let tries = 1;; tries++) {
      server.port = freePort();
      try {
        await server.up();
        return server;
      } catch (error) {
        // Another process may have taken the port since it was found free.
        if (tries < TRIES) continue;
        await server[Symbol.asyncDispose]();
        throw error;
      }
    }
  }

  /** Its folder. */
  get folder(): string {
    return this.#home.path;
  }

  /** The process. */
  get pid(): number {
    return this.#child!.pid;
  }

  /** Its address as a list; `login` such as `user:password@`. */
  url(database = 0, login = ""): string {
    const scheme = this.#options.tls === undefined ? "redis" : "rediss";
    return `${scheme}://${login}${this.#options.address ?? "127.0.0.1"}:${this.port}/${database}`;
  }

  /** Starts it again, on its port and with what it has kept. */
  async up(): Promise<void> {
    const { aof = false, tls, more = [], address = "127.0.0.1", wrapper = [] } = this.#options;
    if (tls !== undefined) {
      for (const [name, text] of Object.entries(tls)) await this.#home.write(`${name}.pem`, text);
    }
    const lines = [
      `bind ${address}`,
      ...(tls === undefined ? [`port ${this.port}`] : [
        "port 0",
        `tls-port ${this.port}`,
        ...["cert", "key", "ca-cert"].map((name) => `tls-${name}-file ${this.#home.join(`${name.split("-")[0]}.pem`)}`),
      ]),
      `dir ${this.#home.path}`,
      `logfile ${this.#home.join("log")}`,
      "protected-mode no",
      'save ""',
      `appendonly ${aof ? "yes" : "no"}`,
      "appendfsync always",
      ...more,
    ];
    // A Sentinel writes what it learns into its own file.
    if (this.#child === undefined || this.#options.sentinel !== true) {
      await this.#home.write("redis.conf", `${lines.join("\n")}\n`);
    }
    const [program, ...args] = [
      ...wrapper,
      this.#path,
      this.#home.join("redis.conf"),
      ...(this.#options.sentinel === true ? ["--sentinel"] : []),
    ];
    const child = new Deno.Command(program!, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    this.#child = child;
    let ended = false;
    child.status.then(() => ended = true);
    await until("redis-server", async () => ended || await this.#answers());
    if (ended) throw new Error(`Cannot start redis-server: ${await this.log()}`);
  }

  /** Ends it, in good order or at once. */
  async down(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    try {
      child.kill(signal);
    } catch {
      // It has ended.
    }
    await child.status;
  }

  /** What it has written to its log. */
  log(): Promise<string> {
    return Deno.readTextFile(this.#home.join("log")).catch(() => "");
  }

  /** Asks it something by its own client, and returns what that prints. */
  async ask(...command: string[]): Promise<string> {
    const { address = "127.0.0.1", tls, wrapper = [] } = this.#options;
    const cli = await findProgram("redis-cli", ["--version"], "redis-tools");
    const [program, ...args] = [
      ...wrapper,
      cli,
      "-h",
      address,
      "-p",
      String(this.port),
      ...(tls === undefined ? [] : ["--tls", "--insecure"]),
      ...command,
    ];
    const { stdout } = await new Deno.Command(program!, { args, stdin: "null", stderr: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  }

  async #answers(): Promise<boolean> {
    const log = await this.log();
    const { tls, wrapper } = this.#options;
    // Only it can tell that it is this very process that answers.
    if (tls !== undefined || wrapper !== undefined) return log.includes("Ready to accept connections");
    const answer = await this.ask("info", "server").catch(() => "");
    return answer.includes(`process_id:${this.#child!.pid}`) && !(await this.ask("ping")).includes("LOADING");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await this.#home[Symbol.asyncDispose]();
  }
}
