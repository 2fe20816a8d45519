import headless from "@xterm/headless";
import { cacheProject } from "../../tools/test/cache_project.ts";
import { commonEnv } from "./corehaul.ts";
import { findProgram } from "./find_program.ts";
import { until } from "./until.ts";

/**
 * Runs a program on a terminal of some columns and lines; what is typed comes from standard input, and another size after a
 * NUL.
 */
const PTY = `
import fcntl, os, pty, select, struct, sys, termios
def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
columns, rows = sys.argv[1:3]
pid, fd = pty.fork()
if pid == 0:
    resize(0, columns, rows)
    os.execvp(sys.argv[3], sys.argv[3:])
sources = [fd, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        keys = os.read(0, 1024)
        if keys[:1] == b"\\0":
            resize(fd, *keys[1:].split())
        elif keys:
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

const { Terminal: Picture } = headless;

/** How long it may take to end before that is given up. */
const END_PATIENCE_MS = 240_000;

/** How large a terminal is. */
export interface TerminalSize {
  columns: number;
  rows: number;
}

const SIZE: TerminalSize = { columns: 120, rows: 30 };

/** A program on a real terminal. */
export class TerminalProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #picture: InstanceType<typeof Picture>;
  #over = false;
  /** Everything that came, control sequences and all. */
  raw = "";

  private constructor(child: Deno.ChildProcess, size: TerminalSize) {
    this.#child = child;
    this.#picture = new Picture({ cols: size.columns, rows: size.rows, allowProposedApi: true, convertEol: false });
    this.#keys = child.stdin.getWriter();
    this.#reading = this.#read();
    child.status.then(() => this.#over = true);
  }

  /** Starts one. Default: 120 columns and 30 lines. */
  static async start(
    command: string,
    args: readonly string[],
    cwd: string,
    { size = SIZE, env = {} }: { size?: TerminalSize; env?: Record<string, string> } = {},
  ): Promise<TerminalProcess> {
    await cacheProject();
    const python = await findProgram("python3", ["--version"]);
    // Who sits at a terminal is no machine that runs tests, for which Node's rules allow no colours.
    const { CI: _, ...common } = commonEnv();
    const child = new Deno.Command(python, {
      args: ["-c", PTY, String(size.columns), String(size.rows), command, ...args],
      cwd,
      clearEnv: true,
      env: { ...common, TERM: "xterm-256color", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    return new TerminalProcess(child, size);
  }

  /** The lines without control sequences; what was drawn again appears again. */
  get text(): string {
    // deno-lint-ignore no-control-regex -- control sequences are what it looks for
    return this.raw.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "");
  }

  /** The lines that somebody sees who looks at it now, without what has scrolled away, and without blank ones at the end. */
  async picture(): Promise<string[]> {
    await new Promise<void>((resolve) => this.#picture.write("", resolve));
    const { active } = this.#picture.buffer;
    const rows = Array.from({ length: this.#picture.rows }, (_, row) => active.getLine(active.baseY + row));
    const lines = rows.map((line) => line?.translateToString(true) ?? "");
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** Gives it another size, as somebody does who draws at the edge of its window: lines that are too long are broken. */
  async resize({ columns, rows }: TerminalSize): Promise<void> {
    this.#picture.resize(columns, rows);
    await this.type(`\0${columns} ${rows}`);
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
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.raw += text;
      this.#picture.write(text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its program then loses the terminal and ends too.
    if (!this.#over) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
    this.#picture.dispose();
    await this.#keys.close().catch(() => {});
  }
}
