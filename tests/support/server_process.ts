import { freePort } from "./nginx_server.ts";
import type { TempDir } from "./temp_dir.ts";
import { until } from "./until.ts";

/** What {@linkcode ServerProcess.start} starts. */
export interface ServerProgram {
  /** Its name, for errors. */
  name: string;
  /** How many ports it listens on. */
  ports: number;
  /** Writes its configuration for these ports and gives the command. */
  command(ports: readonly number[]): Promise<{ path: string; args: string[] }>;
  /** Says whether it is this very process that answers. */
  answers(ports: readonly number[]): Promise<boolean>;
}

const START_TRIES = 5;

/** A server as a child process, on free ports of the loopback, with a folder of its own that goes with it. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #home: TempDir;
  #ended = false;

  /** Where it listens. */
  readonly ports: readonly number[];

  private constructor(child: Deno.ChildProcess, home: TempDir, ports: readonly number[]) {
    this.#child = child;
    this.#home = home;
    this.ports = ports;
    child.status.then(() => this.#ended = true);
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param home Its folder, which is removed if this fails, else when the server is disposed.
   * @param program What to start.
   * @throws {Error} If it does not come up.
   */
  static async start(home: TempDir, program: ServerProgram): Promise<ServerProcess> {
    try {
      for (let tries = 1;; tries++) {
        const server = await ServerProcess.#try(home, program);
        if (server !== undefined) return server;
        // Another process may have taken a port since it was found free.
        if (tries < START_TRIES) continue;
        throw new Error(`Cannot start ${program.name}: ${await said(home)}`);
      }
    } catch (error) {
      await home[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #try(home: TempDir, program: ServerProgram): Promise<ServerProcess | undefined> {
    const ports = Array.from({ length: program.ports }, freePort);
    const { path, args } = await program.command(ports);
    // What it says goes to a file: nobody has to read on for it to go on.
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$0" "$@" >"$SAID" 2>&1', path, ...args],
      env: { SAID: home.join("said.log"), HOME: home.path, XDG_DATA_HOME: home.path, XDG_CONFIG_HOME: home.path },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new ServerProcess(child, home, ports);
    try {
      const answers = () => program.answers(ports).catch(() => false);
      await until(program.name, async () => server.#ended || await answers());
    } catch (error) {
      await server.#stop();
      throw new Error(`Cannot start ${program.name}: ${await said(home)}`, { cause: error });
    }
    return server.#ended ? undefined : server;
  }

  /** The number of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  async #stop(): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#home[Symbol.asyncDispose]();
  }
}

function said(home: TempDir): Promise<string> {
  return Deno.readTextFile(home.join("said.log")).catch(() => "");
}
