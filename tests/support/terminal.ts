import { cacheProject } from "../../tools/test/cache_project.ts";
import { commonEnv } from "./corehaul.ts";
import { findProgram } from "./find_program.ts";
import { until } from "./until.ts";

/** Runs a program on a terminal of 30 lines and 120 columns; what is typed comes from standard input. */
const PTY = `
import fcntl, os, pty, select, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
sources = [fd, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        keys = os.read(0, 1024)
        if keys:
            os.write(fd, keys)
        else:
            sources.remove(0)
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        os.write(1, data)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
`;

/** How long it may take to end before that is given up. */
const END_PATIENCE_MS = 240_000;

/** A program on a real terminal. */
export class TerminalProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #over = false;
  /** Everything that came, control sequences and all. */
  raw = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#keys = child.stdin.getWriter();
    this.#reading = this.#read();
    child.status.then(() => this.#over = true);
  }

  /** Starts one. */
  static async start(command: string, args: readonly string[], cwd: string): Promise<TerminalProcess> {
    await cacheProject();
    const python = await findProgram("python3", ["--version"]);
    const child = new Deno.Command(python, {
      args: ["-c", PTY, command, ...args],
      cwd,
      clearEnv: true,
      env: { ...commonEnv(), TERM: "xterm-256color" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    return new TerminalProcess(child);
  }

  /** The lines without control sequences; what was drawn again appears again. */
  get text(): string {
    // deno-lint-ignore no-control-regex -- control sequences are what it looks for
    return this.raw.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "");
  }

  /** Types something. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Waits until something is shown. */
  async shows(pattern: RegExp): Promise<void> {
    const detail = () => this.text.slice(-2000);
    await until(String(pattern), () => {
      if (pattern.test(this.text)) return true;
      if (this.#over) throw new Error(`The program ended before it showed ${pattern}\n${detail()}`);
      return false;
    }, { detail });
  }

  /** Waits for the end and gives the exit code. */
  async ended(): Promise<number> {
    await until("the end of the program", () => this.#over, {
      timeoutMs: END_PATIENCE_MS,
      detail: () => this.text.slice(-2000),
    });
    await this.#reading;
    return (await this.#child.status).code;
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.raw += text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its program then loses the terminal and ends too.
    if (!this.#over) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
    await this.#keys.close().catch(() => {});
  }
}
