import { AssertionError } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { REEXEC_MARK, UNSTABLE_FLAGS, V8_FLAGS } from "../../cli/start_flags.ts";
import { cacheProject } from "../../tools/test/cache_project.ts";
import { CommandHost, type Ended } from "./command_host.ts";
import { until } from "./until.ts";

export type { Ended } from "./command_host.ts";

/** Where the project is. */
export const PROJECT_ROOT: URL = new URL("../../", import.meta.url);

/** How {@linkcode Corehaul.start} starts. */
export interface CorehaulOptions {
  /** The folder to run in. */
  cwd: string;
  /** Variables beside the common ones. */
  env?: Record<string, string>;
  /** What standard input says. Default: nothing. */
  stdin?: string;
  /** A Deno configuration in place of the project's. */
  config?: string;
  /** What it is started with, such as `ip netns exec one`. Default: nothing. */
  wrapper?: readonly string[];
  /**
   * Start it as users do, without flags, so that it has to start itself once more. Default false: it has its flags from the
   * beginning, which is the same command for a third less of CPU time.
   */
  asUser?: boolean;
}

/** How long a command may take to end before that is given up. */
const END_PATIENCE_MS = 240_000;

/** The real command line (`deno run … cli.ts …`) as a child process. Disposing kills it if it still runs. */
export class Corehaul implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";
  #over = false;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#ended = this.#follow();
  }

  /** Starts it. */
  static async start(args: readonly string[], options: CorehaulOptions): Promise<Corehaul> {
    await cacheProject();
    const [program, ...first] = [...options.wrapper ?? [], Deno.execPath()];
    const child = new Deno.Command(program!, {
      args: [
        ...first,
        "run",
        ...options.asUser ? [] : [...UNSTABLE_FLAGS, V8_FLAGS],
        "-A",
        // Deno itself may say what it downloads.
        "--quiet",
        ...(options.config === undefined ? [] : ["--config", options.config]),
        fromFileUrl(new URL("cli.ts", PROJECT_ROOT)),
        ...args,
      ],
      cwd: options.cwd,
      clearEnv: true,
      env: { ...commonEnv(), ...options.asUser ? {} : { [REEXEC_MARK]: "exec" }, ...options.env },
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (options.stdin !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(options.stdin));
      await writer.close();
    }
    return new Corehaul(child);
  }

  /** The number of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it printed so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** What it said on standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** True when the process has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** The events of a run with `--json` so far. */
  events(type?: string): Record<string, unknown>[] {
    return jsonLines(this.#stdout.slice(0, this.#stdout.lastIndexOf("\n") + 1))
      .filter((event) => type === undefined || event.type === type);
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for something that it does; fails early if it ends without it. */
  async until<T>(what: string, look: () => T | Promise<T>): Promise<void> {
    const detail = () => `stdout: ${tail(this.#stdout)}\nstderr: ${tail(this.#stderr)}`;
    await until(what, async () => {
      const over = this.#over;
      const value = await look();
      if (!value && over) throw new Error(`The process ended before ${what}\n${detail()}`);
      return value;
    }, { detail });
  }

  /** Waits for its end. */
  async ended(): Promise<Ended> {
    await until("the end of the process", () => this.#over, {
      timeoutMs: END_PATIENCE_MS,
      everyMs: 10,
      detail: () => `stdout: ${tail(this.#stdout)}\nstderr: ${tail(this.#stderr)}`,
    });
    return await this.#ended;
  }

  async #follow(): Promise<Ended> {
    const [status] = await Promise.all([
      this.#child.status,
      read(this.#child.stdout, (text) => this.#stdout += text),
      read(this.#child.stderr, (text) => this.#stderr += text),
    ]);
    this.#over = true;
    return { code: status.code, stdout: this.#stdout, stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      try {
        this.#child.kill("SIGKILL");
      } catch {
        // It has ended in this moment.
      }
    }
    await this.#ended;
  }
}

const hosts: CommandHost[] = [];

/**
 * Lets the tests of a file share processes for the commands of {@linkcode corehaul} that need none of their own, which saves most
 * of their CPU time. For files that are about what commands do, and not about processes.
 *
 * @param processes How many commands run at a time; any others get processes of their own.
 */
export function shareCommandProcesses(processes = 1): void {
  Deno.test.beforeAll(async () => {
    hosts.push(...await Promise.all(Array.from({ length: processes }, () => CommandHost.start())));
  });
  Deno.test.afterAll(async () => {
    for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
  });
}

/** True if a command reads nothing that Deno looks at only when a process starts, and does not start itself again. */
function sharesProcess(
  args: readonly string[],
  { env = {}, stdin, config, wrapper, asUser }: CorehaulOptions,
): boolean {
  return stdin === undefined && config === undefined && wrapper === undefined && !asUser &&
    !args.some((arg) => arg.startsWith("--insecure")) &&
    Object.keys(env).every((name) => name.startsWith("CFG_") && name !== "CFG_INSECURE");
}

/**
 * Runs a command to its end: in one of the processes of {@linkcode shareCommandProcesses} if one is idle and the command may share
 * it, or else in a process of its own.
 */
export async function corehaul(args: readonly string[], options: CorehaulOptions): Promise<Ended> {
  const host = hosts.find(({ busy }) => !busy);
  if (host !== undefined && sharesProcess(args, options)) {
    return await host.run({ args, cwd: options.cwd, env: { ...commonEnv(), ...options.env } });
  }
  await using process = await Corehaul.start(args, options);
  return await process.ended();
}

/** Reads what `--json` printed. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** The environment of every child: this one's, without what would change a run, in English. */
export function commonEnv(): Record<string, string> {
  const foreign = /^(CFG_|LC_|LANGUAGE$|NO_PROXY$|COREHAUL_|SSH_AUTH_SOCK$|AWS_)/i;
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !foreign.test(name));
  const local = "127.0.0.1,localhost";
  // A test may have a home of its own; what was downloaded stays where it is.
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const denoDir = Deno.env.get("DENO_DIR") ?? `${cache}/deno`;
  return {
    DENO_DIR: denoDir,
    ...Object.fromEntries(kept),
    LANG: "C",
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
    NO_PROXY: local,
    // Whoever runs the tests may have options of his own.
    XDG_CONFIG_HOME: "/dev/null",
    // What a test holds back is no stall, however long a busy machine needs; an option on the command line is stronger.
    CFG_STALL_TIMEOUT: "3600",
  };
}

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}

function tail(text: string): string {
  return text.length > 2000 ? `…${text.slice(-2000)}` : text;
}

/** Asserts how a command ended; if it ended otherwise, shows what it said, without the lines about finished files. */
export function assertCode(ended: Ended, code: number): void {
  if (ended.code === code) return;
  const said = ended.stderr.split("\n").filter((line) => !line.startsWith("Heave-ho")).join("\n");
  throw new AssertionError(`The exit code is ${ended.code} instead of ${code}\nstderr: ${tail(said)}`);
}
