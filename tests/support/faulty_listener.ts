import { findProgram } from "./find_program.ts";

/** A raw listener that answers a request with some bytes and then resets the connection. */
export class ResettingListener implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #serving: Promise<void>;
  /** Connections so far. */
  connections = 0;

  private constructor(answer: string) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve(new TextEncoder().encode(answer));
  }

  /**
   * Starts one.
   *
   * @param answer What to send before the reset, as it goes over the wire.
   */
  static start(answer: string): ResettingListener {
    return new ResettingListener(answer);
  }

  /** The start of every url, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #serve(answer: Uint8Array): Promise<void> {
    for await (const connection of this.#listener) {
      this.connections++;
      // One byte of the request is read; closing with the rest unread makes the kernel send a reset.
      await connection.read(new Uint8Array(1));
      if (answer.length > 0) await connection.write(answer);
      connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

/** Listens without ever accepting, with a backlog that is full already: further connections get no answer at all. */
const DEAF = `
import os, socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
fill = []
for _ in range(4):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    fill.append(client)
print(listener.getsockname()[1], flush=True)
parent, end = os.getppid(), time.time() + 300
while os.getppid() == parent and time.time() < end:
    time.sleep(0.2)
`;

/** A port that swallows connections. */
export class DeafPort implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  /** The start of every url, without a slash at the end. */
  readonly url: string;

  private constructor(child: Deno.ChildProcess, lines: ReadableStreamDefaultReader<string>, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts one. */
  static async start(): Promise<DeafPort> {
    const python = await findProgram("python3", ["--version"]);
    const child = new Deno.Command(python, { args: ["-c", DEAF], stdin: "null", stdout: "piped" }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { done, value } = await lines.read();
      if (done) throw new Error("Cannot start python3 as a listener: it ended at once");
      text += value;
    }
    return new DeafPort(child, lines, Number(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#lines.cancel();
  }
}
