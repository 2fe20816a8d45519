import { fromFileUrl } from "@std/path";
import { REEXEC_MARK, UNSTABLE_FLAGS, V8_FLAGS } from "../../cli/start_flags.ts";
import { cacheProject } from "../../tools/test/cache_project.ts";
import type { CommandRequest } from "./command_host_main.ts";

/** How a command ended. */
export interface Ended {
  /** The exit code; 128 and the number of the signal if one ended it. */
  code: number;
  /** Standard output. */
  stdout: string;
  /** Standard error. */
  stderr: string;
}

/**
 * One process that runs one command after the other. A command costs a tenth of what it costs as a process of its own, of
 * which most is the start of Deno and the loading of modules.
 */
export class CommandHost implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #stdout: MarkedOutput;
  readonly #stderr: MarkedOutput;
  #busy = false;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#requests = child.stdin.getWriter();
    this.#stdout = new MarkedOutput(child.stdout);
    this.#stderr = new MarkedOutput(child.stderr);
  }

  /** Starts the process. */
  static async start(): Promise<CommandHost> {
    await cacheProject();
    const program = fromFileUrl(new URL("command_host_main.ts", import.meta.url));
    return new CommandHost(
      new Deno.Command(Deno.execPath(), {
        args: ["run", ...UNSTABLE_FLAGS, V8_FLAGS, "-A", "--quiet", program],
        env: { [REEXEC_MARK]: "exec", NO_COLOR: "1" },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  }

  /** True while a command runs. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Runs a command.
   *
   * @param request Its arguments, its folder and all of its variables.
   * @throws {Error} If the process ended instead; it tells what was said.
   */
  async run(request: Omit<CommandRequest, "mark">): Promise<Ended> {
    const mark = `\0${crypto.randomUUID()} `;
    this.#busy = true;
    try {
      await this.#requests.write(new TextEncoder().encode(JSON.stringify({ ...request, mark }) + "\n"));
      const [stdout, stderr] = await Promise.all([this.#stdout.until(mark), this.#stderr.until(mark)]);
      return { code: stdout.code, stdout: stdout.text, stderr: stderr.text };
    } finally {
      this.#busy = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close();
    await this.#child.status;
    await Promise.all([this.#stdout.cancel(), this.#stderr.cancel()]);
  }
}

/** An output of the process, in which marks stand where commands end. */
class MarkedOutput {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.getReader();
  }

  /** What was said before the mark, and the exit code behind it. */
  async until(mark: string): Promise<{ text: string; code: number }> {
    const decoder = new TextDecoder();
    let text = "";
    while (true) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`The process of commands ended before the command: ${text.slice(-2000)}`);
      text += decoder.decode(value, { stream: true });
      const at = text.indexOf(mark);
      if (at >= 0 && text.endsWith("\n")) {
        return { text: text.slice(0, at), code: Number(text.slice(at + mark.length)) };
      }
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
